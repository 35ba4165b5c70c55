"""`segue demo`: who is killed when, and that nobody is killed twice."""

import os
import signal
from typing import Any, Self

import pytest

from segue.cli import demo
from segue.cli.demo import KILL_CORE_IN_ANSWER, KILL_EDGE_IN_LINE, SCRIPT, Assassin, run_demo
from segue.client.caller import CallReport, TranscriptEntry
from segue.model.errors import ConfigError
from tests.unit.cli.conftest import Screen


class Running:
    """Stands for a Segue that is up."""

    url = "http://localhost:1"
    api_key = "sk-1"

    def __init__(self) -> None:
        self.pids: dict[str, int | None] = {"core": 11, "edge": 22}
        self.waited: list[str] = []

    def pid(self, role: str) -> int | None:
        return self.pids[role]

    async def ready(self) -> bool:
        self.waited.append("ready")
        return True

    async def ended(self) -> None:
        self.waited.append("ended")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.waited.append("stopped")


@pytest.fixture
def running() -> Running:
    return Running()


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    seen: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *given: seen.append(given))
    return seen


def assassin_of(running: Any, screen: Screen) -> Assassin:
    return Assassin(running, screen.console)


def delta(item_id: str) -> dict[str, Any]:
    return {"type": "response.output_audio.delta", "item_id": item_id}


def test_the_core_dies_when_the_chosen_answer_begins(
    running: Running, screen: Screen, killed: list[tuple[int, int]]
) -> None:
    assassin = assassin_of(running, screen)
    for answer in range(1, KILL_CORE_IN_ANSWER):
        assassin.watch(delta(f"item_{answer}"), answer)
        assassin.watch(delta(f"item_{answer}"), answer)
    assert killed == []
    assassin.watch(delta("item_last"), KILL_CORE_IN_ANSWER)
    assassin.watch(delta("item_last"), KILL_CORE_IN_ANSWER)
    assert killed == [(11, signal.SIGKILL)]
    assert screen.lines == ["kill -9 core (pid 11) in the middle of an answer"]


def test_the_edge_dies_when_the_chosen_line_is_noticed(
    running: Running, screen: Screen, killed: list[tuple[int, int]]
) -> None:
    assassin = assassin_of(running, screen)
    noticed = {"type": "input_audio_buffer.speech_started"}
    assassin.watch(noticed, KILL_EDGE_IN_LINE - 1)
    assert killed == []
    assassin.watch(noticed, KILL_EDGE_IN_LINE)
    assassin.watch(noticed, KILL_EDGE_IN_LINE)
    assert killed == [(22, signal.SIGKILL)]


def test_who_is_down_already_is_not_killed(running: Running, screen: Screen, killed: list[tuple[int, int]]) -> None:
    running.pids["core"] = None
    assassin_of(running, screen).kill("core", "now")
    assert (killed, screen.text) == ([], "")


def test_the_script_has_the_lines_and_answers_that_are_cut_into() -> None:
    assert len(SCRIPT) >= max(KILL_CORE_IN_ANSWER, KILL_EDGE_IN_LINE)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, running: Running) -> dict[str, Any]:
    """A demo without processes, models and speech."""
    seen: dict[str, Any] = {"missing": [], "answered": len(SCRIPT), "installed": 0}

    async def lines(script: Any) -> list[str]:
        return list(script)

    async def call(caller: Any, script: list[str]) -> CallReport:
        caller.report.transcript.append(TranscriptEntry("user", "i1", "Hello [x]."))
        for _ in range(2):
            caller.on_event({"type": "segue.ack"})
        caller.report.lines_said, caller.report.lines_answered = len(script), seen["answered"]
        report: CallReport = caller.report
        return report

    def install(names: list[str], _: object) -> None:
        seen["installed"] += 1

    monkeypatch.setattr(demo, "missing_models", lambda _: seen["missing"])
    monkeypatch.setattr(demo, "install", install)
    monkeypatch.setattr(demo, "prepare_lines", lines)
    monkeypatch.setattr(demo, "start_up", lambda *_: running)
    monkeypatch.setattr("segue.client.caller.Caller.call", call)
    return seen


async def test_it_talks_reports_and_stays(stage: dict[str, Any], running: Running, screen: Screen) -> None:
    assert await run_demo({}, screen.console, kills=True, stays=True) == 0
    assert running.waited == ["ready", "ended", "stopped"]
    assert screen.lines.count("you    Hello [x].") == 1, "while it is said, and not again in the report"
    assert any("http://localhost:1" in line for line in screen.lines)
    assert stage["installed"] == 0


async def test_it_need_not_stay_and_says_when_a_line_was_not_answered(
    stage: dict[str, Any], running: Running, screen: Screen
) -> None:
    stage["answered"] = 0
    assert await run_demo({}, screen.console, kills=False, stays=False) == 1
    assert running.waited == ["ready", "stopped"]


async def test_missing_models_are_fetched_first(stage: dict[str, Any], screen: Screen) -> None:
    stage["missing"] = ["one"]
    await run_demo({}, screen.console, kills=False, stays=False)
    assert stage["installed"] == 1
    assert "fetching" in screen.text


async def test_the_log_of_the_roles_is_shown_only_when_there_is_no_demonstration(
    monkeypatch: pytest.MonkeyPatch, stage: dict[str, Any], running: Running, screen: Screen
) -> None:
    def start(*given: Any) -> Running:
        given[4].write(b"core: the disk is full\n")
        given[4].flush()
        return running

    async def fail() -> bool:
        raise ConfigError("core", "cannot run")

    monkeypatch.setattr(demo, "start_up", start)
    assert await run_demo({}, screen.console, kills=False, stays=False) == 0
    assert "the disk is full" not in screen.text

    running.ready = fail
    with pytest.raises(ConfigError):
        await run_demo({}, screen.console, kills=False, stays=False)
    assert "core: the disk is full" in screen.lines
