"""Each example runs under `segue up` and holds a short conversation; so does the starter that `segue init` writes."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from segue.adapters.clock.system import SystemClock
from segue.client import Caller, ConnectionConfig
from tests.support.official import Talk, official_talk
from tests.support.processes import ROOT, RunningSegue, run_cli
from tests.support.speaking import Speaking, compare, words_of

pytestmark = [pytest.mark.models, pytest.mark.timeout(150)]

TEXT = {"output_modalities": ["text"]}


async def ask(talk: Talk, text: str) -> str:
    """Type a line; the agent's next words, whatever tools it used on the way."""
    after = len(talk.events)
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    await talk.send({"type": "conversation.item.create", "item": item})
    await talk.connection.response.create()
    spoken = await talk.wait_for(
        "response.done",
        after=after,
        where=lambda event: any(item["type"] == "message" for item in event["response"]["output"]),
    )
    (message,) = [item for item in spoken["response"]["output"] if item["type"] == "message"]
    return str(message["content"][0].get("text") or message["content"][0].get("transcript"))


async def test_the_assistant_greets_and_answers_aloud(tmp_path: Path, speaking: Speaking) -> None:
    with RunningSegue(tmp_path, agent=ROOT / "examples/assistant.py") as segue:
        caller = Caller(ConnectionConfig(edges=(segue.url,), token=segue.api_key), SystemClock())
        report = await caller.call([await speaking.line("What is your name?")], waits_for_greeting=True)
    assert report.is_complete, report.errors
    greeting, answer = [entry for entry in report.transcript if entry.role == "agent"]
    assert greeting.text.startswith("Hello, this is Ada.")
    assert greeting.heard == greeting.text
    assert "ada" in words_of(answer.text)
    assert report.heard is not None
    heard = await speaking.words(report.heard)
    assert len(compare(words_of(greeting.text), heard[: len(words_of(greeting.text))]).lost) <= 2, heard


async def test_the_restaurant_books_once(tmp_path: Path) -> None:
    book = tmp_path / "bookings.db"
    agent = ROOT / "examples/booking.py"
    with RunningSegue(tmp_path, agent=agent, env={"BOOKINGS": str(book)}) as segue:
        async with official_talk(segue.url, segue.api_key, session=TEXT, has_microphone=False) as talk:
            said = await ask(talk, "I'd like to book a table for four on Friday at eight in the evening, please.")
            for line in (
                "My name is Ada.",
                "Yes, please.",
                "At eight in the evening.",
                "For four people.",
                "On Friday.",
            ):
                if book.exists() and rows_of(book):
                    break
                said = await ask(talk, line)
            assert rows_of(book), f"nothing booked; the agent said last: {said}"
    ((_key, _day, _time, people, name),) = rows_of(book)
    assert (people, name.lower()) == (4, "ada")
    assert "booked" in said.lower()


async def test_the_quiz_keeps_the_score_in_the_conversation(tmp_path: Path) -> None:
    with RunningSegue(tmp_path, agent=ROOT / "examples/quiz.py") as segue:
        async with official_talk(segue.url, segue.api_key, session=TEXT, has_microphone=False) as talk:
            await talk.wait_for("response.done")
            assert "France" in await ask(talk, "Yes, I am ready.")
            assert "spider" in await ask(talk, "It is Paris.")
            wrong = await ask(talk, "Six legs.")
            assert "planet" in wrong
            assert re.search(r"eight|8", wrong)
            await ask(talk, "Mercury.")
            await ask(talk, "Green.")
            end = await ask(talk, "The Pacific.")
    assert re.search(r"four|4", end.lower()), end


async def test_the_starter_runs_as_written(tmp_path: Path) -> None:
    file = tmp_path / "agent.py"
    assert run_cli("init", str(file), cwd=tmp_path).returncode == 0
    with RunningSegue(tmp_path, agent=file) as segue:
        async with official_talk(segue.url, segue.api_key, session=TEXT, has_microphone=False) as talk:
            assert await ask(talk, "Hello, who are you?")
    again = run_cli("init", str(file), cwd=tmp_path)
    assert again.returncode == 78, "what is there is not overwritten"


def rows_of(book: Path) -> list[tuple[str, str, str, int, str]]:
    with closing(sqlite3.connect(book)) as connection:
        return connection.execute("SELECT key, day, time, people, name FROM bookings").fetchall()
