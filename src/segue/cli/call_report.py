"""What `segue call` prints and writes of the calls it made."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from segue.cli.waterfall import render_table, render_turn
from segue.client.caller import CallReport, TranscriptEntry
from segue.model.errors import ConfigError
from segue.model.ids import ItemId, TurnId
from segue.model.time import NS_PER_MS
from segue.telemetry.marks import MarkName
from segue.telemetry.record import HopRow, HopStats, TurnRecord


def turn_record(event: Mapping[str, Any]) -> TurnRecord:
    """A `segue.turn.hops` event as the record the waterfall draws."""
    whole = event["voice_to_voice_ms"]
    return TurnRecord(
        turn_id=TurnId(event["turn_id"]),
        item_id=ItemId(event["item_id"]),
        hops=tuple(
            HopRow(hop["name"], _ns(hop["start_ms"]), _ns(hop["duration_ms"]), _ns_or_none(hop["bound_ms"]))
            for hop in event["hops"]
        ),
        starts_at=MarkName.MIC if whole is not None else "",
        ends_at=MarkName.EAR if whole is not None else "",
        voice_to_voice_ns=_ns_or_none(whole),
    )


def hop_stats(reports: Iterable[CallReport]) -> HopStats:
    """The hops of all turns of all calls."""
    stats = HopStats()
    for report in reports:
        for turn in report.turns:
            stats.add(turn_record(turn))
    return stats


def print_transcript(console: Console, report: CallReport) -> None:
    """Who said what; of the agent, what was heard."""
    for entry in report.transcript:
        console.print(_line(entry), highlight=False)


def print_call(console: Console, report: CallReport) -> None:
    """One call: transcript, waterfalls, percentiles, errors."""
    print_transcript(console, report)
    console.print()
    print_measures(console, report)


def print_measures(console: Console, report: CallReport) -> None:
    """What was measured of one call, for whom its transcript is known already."""
    for turn in report.turns:
        console.print(render_turn(turn_record(turn)))
        console.print()
    console.print(render_table(hop_stats([report]).summary()))
    if report.reconnects:
        times = "once" if report.reconnects == 1 else f"{report.reconnects} times"
        console.print(f"reconnected {times}, in at most {report.longest_reconnect_ms:.0f} ms", highlight=False)
    print_errors(console, [report])


def print_load(console: Console, reports: list[CallReport]) -> None:
    """Many calls: how many went well, percentiles over all turns, errors by kind."""
    complete = sum(report.is_complete for report in reports)
    said = sum(report.lines_said for report in reports)
    answered = sum(report.lines_answered for report in reports)
    console.print(f"{complete} of {len(reports)} calls complete; {answered} of {said} lines answered", highlight=False)
    console.print(render_table(hop_stats(reports).summary()))
    print_errors(console, reports)


def print_errors(console: Console, reports: list[CallReport]) -> None:
    """Each distinct error once, with how often."""
    counts: dict[str, int] = {}
    for report in reports:
        for error in report.errors:
            counts[error] = counts.get(error, 0) + 1
    for error, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        times = f" ({count} times)" if count > 1 else ""
        console.print(f"[red]error:[/red] {escape(error)}{times}", highlight=False)


def write_json(path: Path, reports: list[CallReport]) -> None:
    """All of it, for programs.

    Raises:
        ConfigError: The file cannot be written.
    """
    body = {
        "calls": [_call_body(report) for report in reports],
        "hops": hop_stats(reports).summary(),
    }
    try:
        path.write_text(json.dumps(body, indent=1) + "\n")
    except OSError as error:
        raise ConfigError(str(path), f"cannot be written: {error.strerror}") from error


def _call_body(report: CallReport) -> dict[str, Any]:
    return {
        "session_id": report.session_id,
        "complete": report.is_complete,
        "lines_said": report.lines_said,
        "lines_answered": report.lines_answered,
        "reconnects": report.reconnects,
        "duration_ms": (report.ended_ns - report.began_ns) / NS_PER_MS,
        "errors": report.errors,
        "transcript": [
            {"role": entry.role, "text": entry.text, "heard": entry.heard, "cut": entry.is_cut}
            for entry in report.transcript
        ],
        "turns": report.turns,
    }


def _line(entry: TranscriptEntry) -> str:
    who = "[cyan]you  [/cyan]" if entry.role == "user" else "[green]agent[/green]"
    text = escape(entry.text)
    if entry.is_cut and entry.heard is not None:
        text = (
            f"{escape(entry.heard)} [dim]— cut, not heard: {escape(entry.text.removeprefix(entry.heard).strip())}[/dim]"
        )
    return f"{who}  {text}"


def _ns(value_ms: float) -> int:
    return round(value_ms * NS_PER_MS)


def _ns_or_none(value_ms: float | None) -> int | None:
    return None if value_ms is None else _ns(value_ms)
