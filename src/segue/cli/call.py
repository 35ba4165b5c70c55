"""`segue call`: a scripted caller from the terminal; with `--calls`, a load generator."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from segue.adapters.clock.system import SystemClock
from segue.adapters.models.local import open_local_speech
from segue.adapters.models.locate import ModelCache, default_cache
from segue.adapters.models.threads import ModelThreads
from segue.cli.call_report import print_call, print_errors, print_load, write_json
from segue.cli.config import load_settings
from segue.cli.roles import UNMADE, Flags, edge_config, edge_url, looked_at
from segue.cli.speech import read_wav, spoken_line, write_wav
from segue.client.caller import Caller, CallerConfig, CallReport, Line
from segue.client.connection import ConnectionConfig
from segue.client.load import LoadPlan, run_load
from segue.model.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOrder:
    """What the command line asked for. `lines` are texts, or names of WAV files where they end in `.wav`."""

    lines: Sequence[str]
    urls: Sequence[str]
    token: str
    out: Path | None = None
    json_path: Path | None = None
    calls: int = 1
    rate_per_s: float = 1.0
    barge_in_ms: int | None = None
    waits_for_greeting: bool = False
    answer_timeout_ms: int = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeHere:
    """The edge that this folder's configuration describes, running or not."""

    url: str
    api_key: str | None


def edge_here(path: Path | None, flags: Flags) -> EdgeHere:
    """Whom to call, and with what, when the command line does not say.

    Raises:
        ConfigError: The configuration cannot be used.
    """
    settings = load_settings(path, flags)
    edge = edge_config(settings, looked_at(settings))
    key = edge.api_keys[0] if edge.api_keys else UNMADE
    return EdgeHere(url=edge_url(edge), api_key=None if key == UNMADE else key)


async def run_call(order: CallOrder, console: Console) -> int:
    """Make the call or calls, print and write what came of it; returns the exit status, 0 if all were answered."""
    connection = ConnectionConfig(edges=tuple(order.urls), token=order.token)
    lines = await prepare_lines(order.lines, barge_in_ms=order.barge_in_ms)
    if order.calls > 1:
        reports = await _many(order, connection, lines, console)
        print_load(console, reports)
    else:
        reports = [await _one(order, connection, lines, console)]
        if reports[0].transcript or reports[0].turns:
            print_call(console, reports[0])
        else:
            print_errors(console, reports)
    if order.json_path is not None:
        write_json(order.json_path, reports)
    if order.out is not None and reports[0].heard is not None:
        write_wav(order.out, reports[0].heard)
        console.print(f"what was heard is in {order.out}", highlight=False)
    return 0 if all(report.is_complete for report in reports) else 1


async def prepare_lines(lines: Sequence[str], *, barge_in_ms: int | None = None) -> list[Line]:
    """Read or synthesize each line. The last one talks over the answer before it if `barge_in_ms` is given.

    Raises:
        ConfigError: Nothing to say, an unreadable file, or no local voice installed.
    """
    if not lines:
        raise ConfigError("segue call", "there is nothing to say", hint='for example: segue call "Hello, who are you?"')
    threads = ModelThreads()
    try:
        made: list[Line] = []
        for number, text in enumerate(lines):
            after = barge_in_ms if number == len(lines) - 1 else None
            if text.endswith(".wav"):
                made.append(Line(text=text, pcm=read_wav(Path(text)), after_ms_of_answer=after))
            else:
                speech = open_local_speech(ModelCache(default_cache(os.environ, Path.home())), threads)
                made.append(await spoken_line(speech, text, after_ms_of_answer=after))
        return made
    finally:
        threads.close()


async def _one(order: CallOrder, connection: ConnectionConfig, lines: list[Line], console: Console) -> CallReport:
    caller = Caller(connection, SystemClock(), CallerConfig(answer_timeout_ms=order.answer_timeout_ms))
    with _progress(console) as progress:
        task = progress.add_task("talking", total=len(lines))
        caller.on_event = lambda _: progress.update(task, completed=caller.report.lines_answered)
        return await caller.call(lines, waits_for_greeting=order.waits_for_greeting)


async def _many(
    order: CallOrder, connection: ConnectionConfig, lines: list[Line], console: Console
) -> list[CallReport]:
    plan = LoadPlan(calls=order.calls, rate_per_s=order.rate_per_s, lines=tuple(lines))
    with _progress(console) as progress:
        task = progress.add_task("calls", total=order.calls)
        return await run_load(plan, connection, SystemClock(), on_call_over=lambda _: progress.advance(task))


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console, transient=True)
