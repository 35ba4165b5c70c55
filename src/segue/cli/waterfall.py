"""Draws the time of a turn in the terminal: a waterfall of its hops, and a table of percentiles.

Rendering only: it is given records and gives back what rich prints. It fits 60 columns and more, says everything in
characters (colour only repeats it), and keeps to ASCII where the terminal has no more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from segue.model.time import NS_PER_MS
from segue.telemetry.hops import HopName
from segue.telemetry.marks import MarkName
from segue.telemetry.record import RESPONSE_LATENCY, VOICE_TO_VOICE, HopRow, HopSummary, TurnRecord


def render_turn(record: TurnRecord) -> RenderableType:
    """The waterfall of one turn: a line per hop with name, bar on a common axis, milliseconds, error bound."""
    return _Waterfall(record=record)


def render_table(stats: Mapping[str, HopSummary]) -> RenderableType:
    """A table of hops with p50, p95, p99 in milliseconds and the number of turns; `stats` as in `HopStats.summary`."""
    return _Table(stats=stats)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Glyphs:
    known: str
    unknown: str
    tick: str
    bound: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waterfall:
    record: TurnRecord

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = _ASCII if options.ascii_only else _UNICODE
        width = min(options.max_width, WIDTH_MAX)
        for line in self._lines(glyphs, width):
            yield from _one_line(console, line, width)

    def _lines(self, glyphs: _Glyphs, width: int) -> Iterator[Text]:
        record = self.record
        yield Text.assemble((f"turn {record.turn_id}", "bold"), _headline(record, glyphs))
        if not record.hops:
            yield Text("no hops: no mark of this turn was recorded")
            return
        bar_width = max(width - _NAME_WIDTH - _MS_WIDTH - _BOUND_WIDTH - 2, _BAR_WIDTH_MIN)
        span_ns = max(record.span_ns, 1)
        for hop in record.hops:
            bar = _bar(hop, span_ns, bar_width, glyphs)
            yield Text.assemble(
                (_fit(hop.name, _NAME_WIDTH), "yellow" if hop.name == HopName.UNATTRIBUTED else ""),
                " ",
                (bar, "yellow" if hop.name == HopName.UNATTRIBUTED else "cyan"),
                " ",
                f"{_ms(hop.duration_ns):>{_MS_WIDTH}}",
                (f"{_bound(hop.bound_ns, glyphs):>{_BOUND_WIDTH}}", "dim"),
            )
        rule = glyphs.rule * bar_width
        total = f"{_ms(record.span_ns):>{_MS_WIDTH}}"
        yield Text.assemble((_fit("total ms", _NAME_WIDTH), "bold"), " ", (rule, "dim"), " ", (total, "bold"))
        yield from _notes(record)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    stats: Mapping[str, HopSummary]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = _ASCII if options.ascii_only else _UNICODE
        width = min(options.max_width, WIDTH_MAX)
        for line in self._lines(glyphs):
            yield from _one_line(console, line, width)

    def _lines(self, glyphs: _Glyphs) -> Iterator[Text]:
        if not self.stats:
            yield Text("no turns yet")
            return
        heads = "".join(f"{head:>{_COLUMN_WIDTH}}" for head in ("p50", "p95", "p99"))
        yield Text(f"{'hop (ms)':<{_NAME_WIDTH + 1}}{heads}{'turns':>{_COUNT_WIDTH}}", style="bold")
        ruled = False
        for name, summary in self.stats.items():
            is_whole = name in (VOICE_TO_VOICE, RESPONSE_LATENCY)
            if is_whole and not ruled:
                ruled = True
                yield Text(glyphs.rule * (_NAME_WIDTH + 1 + 3 * _COLUMN_WIDTH + _COUNT_WIDTH), style="dim")
            figures = "".join(f"{summary[key]:>{_COLUMN_WIDTH}.1f}" for key in ("p50", "p95", "p99"))
            yield Text(
                f"{_fit(name.replace('_', '-') if is_whole else name, _NAME_WIDTH + 1)}{figures}"
                f"{summary['n']:>{_COUNT_WIDTH}}",
                style="bold" if is_whole else "yellow" if name == HopName.UNATTRIBUTED else "",
            )


def _one_line(console: Console, line: Text, width: int) -> Iterator[Segment]:
    """The line, folded at words where it is longer than the terminal is wide."""
    for part in line.wrap(console, width):
        part.rstrip()
        yield from part.render(console)
        yield Segment("\n", Style.null())


def _headline(record: TurnRecord, glyphs: _Glyphs) -> str:
    if record.voice_to_voice_ns is not None:
        return f"  voice-to-voice {_ms(record.voice_to_voice_ns)} ms {glyphs.bound}0"
    if record.response_latency_ns is not None:
        return f"  response latency {_ms(record.response_latency_ns)} ms (at the core)"
    return ""


def _notes(record: TurnRecord) -> Iterator[Text]:
    if record.voice_to_voice_ns is None:
        yield Text("voice-to-voice unknown: " + _why_unknown(record), style="dim")
    if record.left_out:
        yield Text(
            "not placed: " + ", ".join(record.left_out) + " (clock unrelated, or at odds with the others)",
            style="yellow",
        )
    if record.clock_steps:
        yield Text(f"a clock was stepped {record.clock_steps} time(s) during this turn", style="yellow")


def _why_unknown(record: TurnRecord) -> str:
    missing = [
        name.value for name in (MarkName.MIC, MarkName.EAR) if name.value not in (record.starts_at, record.ends_at)
    ]
    return f"no {' and no '.join(missing)} mark from the client" if missing else "mic and ear are of different clocks"


def _bar(hop: HopRow, span_ns: int, width: int, glyphs: _Glyphs) -> str:
    """Cells from the hop's start to its end, both rounded the same way so that neighbours meet; at least a tick."""
    start = min(round(hop.start_ns * width / span_ns), width - 1)
    end = min(round((hop.start_ns + hop.duration_ns) * width / span_ns), width)
    fill = glyphs.unknown if hop.name == HopName.UNATTRIBUTED else glyphs.known
    body = fill * (end - start) if end > start else glyphs.tick
    return (" " * start + body).ljust(width)


def _ms(duration_ns: int) -> str:
    return f"{duration_ns / NS_PER_MS:.1f}"


def _bound(bound_ns: int | None, glyphs: _Glyphs) -> str:
    if bound_ns is None:
        return ""
    bound_ms = bound_ns / NS_PER_MS
    return glyphs.bound + (f"{bound_ms:.2f}" if bound_ms < 10 else f"{bound_ms:.0f}")


def _fit(name: str, width: int) -> str:
    return f"{name[:width]:<{width}}"


WIDTH_MAX: Final = 120
"""Wider bars say nothing more."""

_NAME_WIDTH: Final = 16
_MS_WIDTH: Final = 9
_BOUND_WIDTH: Final = 8
_BAR_WIDTH_MIN: Final = 10
_COLUMN_WIDTH: Final = 10
_COUNT_WIDTH: Final = 8

_UNICODE: Final = _Glyphs(known="█", unknown="░", tick="▏", bound="±", rule="─")
_ASCII: Final = _Glyphs(known="#", unknown=".", tick="|", bound="+-", rule="-")
