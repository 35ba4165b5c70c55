"""`segue demo`: Segue talks to itself, is killed while it does, and shows where every millisecond went.

The conversation is real: the caller's lines are spoken by the local voice at 1x, recognised, answered and heard. In the
middle of one answer the core is killed with SIGKILL, in the middle of one question the edge; the supervisor starts them
again, and the last question asks for something said before all that.
"""

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.markup import escape

from segue.adapters.clock.system import SystemClock
from segue.cli.call import prepare_lines
from segue.cli.call_report import print_measures
from segue.cli.config import load_settings
from segue.cli.models import install, missing_models, open_cache
from segue.cli.roles import installation_of
from segue.cli.up import Running, start_up
from segue.client.caller import Caller, CallReport, Line
from segue.client.connection import ConnectionConfig

SCRIPT = (
    "Hello, who are you?",
    "My name is Ada, and I live in Lisbon.",
    "What can you do for me?",
    "What is my name?",
)
KILL_CORE_IN_ANSWER = 3
"""Counted from 1: the core dies when this answer begins to be heard."""
KILL_EDGE_IN_LINE = 4
"""The edge dies while this line is being said."""

LOG_TAIL_CHARS = 4_000
"""How much of the roles' log is shown when there is no demonstration."""


@dataclass(slots=True)
class Assassin:
    """Kills each role once, at the right moment, and says so."""

    running: Running
    console: Console
    answers_begun: int = 0
    killed: list[str] = field(default_factory=list)
    _items: set[str] = field(default_factory=set)

    def watch(self, event: Mapping[str, Any], lines_said: int) -> None:
        """Kill the core when the chosen answer begins, the edge when the chosen line is noticed."""
        if event["type"] == "input_audio_buffer.speech_started" and lines_said == KILL_EDGE_IN_LINE:
            self.kill("edge", "in the middle of a question")
        if event["type"] == "response.output_audio.delta" and event["item_id"] not in self._items:
            self._items.add(event["item_id"])
            self.answers_begun += 1
            if self.answers_begun == KILL_CORE_IN_ANSWER:
                self.kill("core", "in the middle of an answer")

    def kill(self, role: str, when: str) -> None:
        """SIGKILL, as an operator or an out-of-memory killer would."""
        pid = self.running.pid(role)
        if pid is None or role in self.killed:
            return
        self.killed.append(role)
        self.console.print(f"[red]kill -9[/red] {role} (pid {pid}) {when}", highlight=False)
        os.kill(pid, signal.SIGKILL)


async def run_demo(flags: Mapping[str, Mapping[str, Any]], console: Console, *, kills: bool, stays: bool) -> int:
    """Hold the demonstration; returns 0 if every line was answered."""
    if missing_models(open_cache()):
        console.print("fetching the local speech models (about 80 MB, once)", highlight=False)
        install([], console)
    lines = await prepare_lines(SCRIPT)
    log_path = installation_of(load_settings(None, flags)).folder / "demo.log"
    with log_path.open("wb") as log, _log_shown_on_failure(log_path, console):
        return await _demonstrate(lines, flags, console, log, kills=kills, stays=stays)


async def _demonstrate(
    lines: list[Line],
    flags: Mapping[str, Mapping[str, Any]],
    console: Console,
    log: IO[bytes],
    *,
    kills: bool,
    stays: bool,
) -> int:
    async with start_up(None, None, flags, console, log) as running:
        if not await running.ready():
            return 1
        report = await _converse(running, lines, console, kills=kills)
        console.print()
        print_measures(console, report)
        console.print(f"\n[dim]again from the journal: segue trace {report.session_id}[/dim]", highlight=False)
        if stays:
            console.print(f"\nNow you: [bold]{running.url}[/bold]   (Ctrl-C stops)", highlight=False)
            await running.ended()
    return 0 if report.is_complete else 1


@contextmanager
def _log_shown_on_failure(path: Path, console: Console) -> Iterator[None]:
    """The roles' log is kept out of the conversation, until it has to say why there is none."""
    try:
        yield
    except Exception:
        console.print(path.read_text(errors="replace")[-LOG_TAIL_CHARS:], highlight=False, markup=False, end="")
        raise


async def _converse(running: Running, lines: list[Line], console: Console, *, kills: bool) -> CallReport:
    assassin = Assassin(running, console)
    caller = Caller(ConnectionConfig(edges=(running.url,), token=running.api_key), SystemClock())
    printed: set[tuple[str, str]] = set()

    def on_event(event: Mapping[str, Any]) -> None:
        if kills:
            assassin.watch(event, caller.report.lines_said)
        for entry in caller.report.transcript:
            if (entry.role, entry.item_id) not in printed:
                printed.add((entry.role, entry.item_id))
                who = "[cyan]you  [/cyan]" if entry.role == "user" else "[green]agent[/green]"
                console.print(f"{who}  {escape(entry.text)}", highlight=False)

    caller.on_event = on_event
    return await caller.call(lines)
