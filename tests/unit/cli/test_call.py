"""`segue call`: lines are read or spoken, reports become print-outs, files and an exit status."""

import json
import os
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.cli import call as module
from segue.cli.call import CallOrder, edge_here, prepare_lines, run_call
from segue.cli.installation import open_installation
from segue.client.caller import CallReport, Line, TranscriptEntry
from segue.client.connection import ConnectionConfig
from segue.client.load import LoadPlan
from segue.model.errors import ConfigError
from tests.unit.cli.conftest import Screen


def write_line(name: str) -> str:
    with wave.open(name, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(24_000)
        file.writeframes(bytes(960))
    return name


def content(name: str) -> str:
    return Path(name).read_text()


def report(**changes: Any) -> CallReport:
    made = CallReport(lines_said=1, lines_answered=1, transcript=[TranscriptEntry("agent", "i", "Hello.")])
    for name, value in changes.items():
        setattr(made, name, value)
    return made


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What callers and loads were asked, and what they will report."""
    seen: dict[str, Any] = {"report": report(), "on_call_over": 0}

    async def talk(caller: Any, lines: list[Line], **named: Any) -> CallReport:
        seen.update(caller=caller, lines=lines, **named)
        made: CallReport = seen["report"]
        return made

    async def load(plan: LoadPlan, connection: ConnectionConfig, *_: Any, on_call_over: Any) -> list[CallReport]:
        seen.update(plan=plan, connection=connection)
        for _ in range(plan.calls):
            on_call_over(seen["report"])
        return [seen["report"]] * plan.calls

    monkeypatch.setattr("segue.client.caller.Caller.call", talk)
    monkeypatch.setattr(module, "run_load", load)
    return seen


def order(**changes: Any) -> CallOrder:
    return CallOrder(**{"lines": [write_line("a.wav")], "urls": ["http://a"], "token": "sk-1", **changes})


async def test_a_call_is_printed_and_written(calls: dict[str, Any], screen: Screen) -> None:
    calls["report"] = report(heard=np.ones(24, np.int16), session_id="sess_x")
    given = order(json_path=Path("o.json"), out=Path("o.wav"), waits_for_greeting=True)
    assert await run_call(given, screen.console) == 0
    assert "agent  Hello." in screen.lines
    assert "what was heard is in o.wav" in screen.lines
    assert json.loads(content("o.json"))["calls"][0]["session_id"] == "sess_x"
    with wave.open("o.wav") as file:
        assert file.getnframes() == 24
    assert calls["waits_for_greeting"]
    assert calls["caller"].connection_config == ConnectionConfig(edges=("http://a",), token="sk-1")


async def test_a_call_that_never_began_says_only_why(calls: dict[str, Any], screen: Screen) -> None:
    calls["report"] = CallReport(errors=["no edge could be reached"], heard=None)
    assert await run_call(order(out=Path("o.wav")), screen.console) == 1
    assert [line for line in screen.lines if line] == ["error: no edge could be reached"]
    assert "o.wav" not in os.listdir()


async def test_an_unanswered_line_is_status_one(calls: dict[str, Any], screen: Screen) -> None:
    calls["report"] = report(lines_answered=0)
    assert await run_call(order(), screen.console) == 1


async def test_several_calls_are_a_load(calls: dict[str, Any], screen: Screen) -> None:
    assert await run_call(order(calls=3, rate_per_s=7.0), screen.console) == 0
    assert (calls["plan"].calls, calls["plan"].rate_per_s, len(calls["plan"].lines)) == (3, 7.0, 1)
    assert "3 of 3 calls complete; 3 of 3 lines answered" in screen.lines


async def test_a_wrong_address_is_said_before_anything_is_spoken(screen: Screen) -> None:
    with pytest.raises(ConfigError, match="'a:1' is not an http"):
        await run_call(order(urls=["a:1"], lines=["text that would need the voice"]), screen.console)


async def test_nothing_to_say_is_an_error() -> None:
    with pytest.raises(ConfigError, match="there is nothing to say; for example"):
        await prepare_lines([])


async def test_only_the_last_line_talks_over() -> None:
    names = [write_line("a.wav"), write_line("b.wav")]
    assert [line.after_ms_of_answer for line in await prepare_lines(names, barge_in_ms=300)] == [None, 300]
    assert [line.after_ms_of_answer for line in await prepare_lines(names)] == [None, None]
    assert [line.pcm for line in await prepare_lines(names)] == [bytes(960)] * 2


async def test_text_needs_the_local_voice() -> None:
    with pytest.raises(ConfigError, match="segue models install"):
        await prepare_lines(["Hello."])


async def test_text_is_spoken_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def speak(speech: object, text: str, *, after_ms_of_answer: int | None) -> Line:
        assert speech == "the local speech"
        return Line(text=text, pcm=b"\1\0", after_ms_of_answer=after_ms_of_answer)

    monkeypatch.setattr(module, "open_local_speech", lambda *_: "the local speech")
    monkeypatch.setattr(module, "spoken_line", speak)
    assert await prepare_lines(["Hello."], barge_in_ms=5) == [Line(text="Hello.", pcm=b"\1\0", after_ms_of_answer=5)]


def test_the_edge_here_is_the_configured_one_and_its_key_the_installation_s() -> None:
    assert edge_here(None, {}).api_key is None
    made = open_installation(Path(".segue"))
    here = edge_here(None, {"edge": {"port": 81}})
    assert (here.url, here.api_key) == ("http://localhost:81", made.api_key)
