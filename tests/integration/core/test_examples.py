"""The examples hold their conversations offline, with the local responder, through a whole core."""

import re
import sqlite3
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from segue.adapters.llm.local.responder import LocalResponder
from segue.adapters.store.memory import MemoryStore
from segue.adapters.stt.fake import ScriptedStt
from segue.agent import Agent, load_agent
from tests.support.harness import CLOCK, Caller, core

EXAMPLES = Path(__file__).parents[3] / "examples"


class Talk:
    """Says lines one after the other; each is answered before the next."""

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.caller = Caller()
        self.store = MemoryStore(CLOCK)

    async def say(self, lines: Sequence[str], *, node: str = "core-a") -> list[str]:
        """On a core of its own, as if the one before had been killed."""
        caller = self.caller
        ears: Any = ScriptedStt(lines)
        async with core(self.store, self.agent, node=node, llm={"local": LocalResponder()}, stt={"local": ears}) as one:
            caller.join(one)
            if self.agent.greeting and not caller.of("response.done"):
                await caller.wait_for("response.done")
                await self._hear(0)
            answers = [await self._ask() for _ in lines]
            await one.kill()
        return answers

    async def _ask(self) -> str:
        caller, done = self.caller, len(self.caller.of("response.done"))
        before = caller.said()
        caller.silence(200)
        caller.tone(900)
        caller.silence(1000)
        await caller.wait(lambda: self._is_spoken(done))
        await self._hear(done)
        return caller.said()[len(before) :]

    def _is_spoken(self, done: int) -> bool:
        """A response with words has ended: tool calls of the agent's own end in another one."""
        ended = self.caller.of("response.done")[done:]
        return any(each["response"]["output"] for each in ended)

    async def _hear(self, done: int) -> None:
        caller = self.caller
        for response in caller.of("response.done")[done:]:
            for item in response["response"]["output"]:
                ms = len(caller.heard_audio(item["id"])) / 48
                caller.played(item["id"], ms, done=True)
                await caller.wait(
                    lambda item=item, ms=ms: any(
                        heard["item_id"] == item["id"] and heard["heard_ms"] >= ms - 1
                        for heard in caller.of("segue.item.heard")
                    )
                )


async def test_the_assistant_answers():
    talk = Talk(load_agent(EXAMPLES / "assistant.py"))
    name, total = await talk.say(["What is your name?", "What is two plus three?"])
    assert "Ada" in name
    assert "5" in total
    assert talk.caller.said().startswith("Hello, this is Ada.")


async def test_the_quiz_keeps_its_score_over_a_killed_core():
    talk = Talk(load_agent(EXAMPLES / "quiz.py"))
    first = await talk.say(["Yes, I am ready.", "It is Paris.", "I think it has six legs."])
    assert "capital of France" in first[0]
    assert "spider" in first[1]
    assert "eight" in first[2]
    rest = await talk.say(["Mercury.", "That makes green.", "The Pacific."], node="core-b")
    assert "mix blue and yellow" in rest[0]
    assert "4 out of 5" in rest[2]


async def test_a_table_is_booked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BOOKINGS", str(tmp_path / "bookings.db"))
    talk = Talk(load_agent(EXAMPLES / "booking.py"))
    await talk.say(["I'd like to book a table for four people tomorrow at eight in the evening."])
    told = await talk.say(["My name is Anna."], node="core-b")
    tomorrow = date.today() + timedelta(days=1)  # noqa: DTZ011
    rows = sqlite3.connect(tmp_path / "bookings.db").execute("SELECT day, time, people, name FROM bookings").fetchall()
    assert rows == [(str(tomorrow), "20:00:00", 4, "Anna")]
    assert re.search("booked", told[0])


def test_the_booking_tool_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BOOKINGS", str(tmp_path / "bookings.db"))
    agent = load_agent(EXAMPLES / "booking.py")
    schema = agent.tools[0].parameters
    assert set(schema["required"]) == {"day", "time", "people", "name"}
    assert agent.tools[0].effect == "once"
    assert agent.tools[0].lookup("unknown") is None
