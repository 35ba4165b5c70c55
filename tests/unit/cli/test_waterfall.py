"""What the waterfall prints, character by character where it matters."""

import io

import pytest
from rich.console import Console, RenderableType

from segue.cli.waterfall import render_table, render_turn
from segue.model.ids import ItemId, TurnId
from segue.telemetry.hops import tile
from segue.telemetry.marks import MarkName
from segue.telemetry.record import HopStats, TurnRecord, record_turn
from tests.support.turns import CORE, fixes, marks


def turn_record(changes: dict[MarkName, float | None] | None = None, *, clock_steps: int = 0) -> TurnRecord:
    turn = tile(marks(changes), fixes(), CORE)
    return record_turn(TurnId("turn_1"), ItemId("item_1"), turn, clock_steps=clock_steps)


def printed(what: RenderableType, width: int = 60, encoding: str = "utf-8") -> list[str]:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    Console(file=out, width=width, color_system=None, legacy_windows=False).print(what)
    out.flush()
    return raw.getvalue().decode(encoding).splitlines()


def line_of(lines: list[str], name: str) -> str:
    return next(line for line in lines if line.startswith(name))


def test_a_turn_says_each_hop_its_milliseconds_its_bound_and_the_total() -> None:
    lines = printed(render_turn(turn_record()))
    assert lines[0] == "turn turn_1  voice-to-voice 589.0 ms ±0"
    assert line_of(lines, "uplink").split()[-2:] == ["4.0", "±2.00"]
    assert line_of(lines, "endpointing").split()[-1] == "399.4"
    assert line_of(lines, "total ms").split()[-1] == "589.0"
    assert len(lines) == 15


@pytest.mark.parametrize("width", [60, 61, 80, 120, 300])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    record = turn_record({MarkName.MIC: 900, MarkName.LLM_FIRST: None}, clock_steps=1)
    lines = printed(render_turn(record), width)
    assert max(map(len, lines)) <= width
    assert all("…" not in line for line in lines)


def test_bars_stand_on_one_axis_and_meet() -> None:
    lines = printed(render_turn(turn_record({MarkName.STT_FINAL: 490, MarkName.EAR: 700})), 100)
    endpointing, stt, playout = (line_of(lines, name) for name in ("endpointing", "stt_final", "playout"))
    assert endpointing.rindex("█") + 1 == stt.index("█")
    assert len(playout[: playout.rindex("█") + 1]) == 100 - 9 - 8 - 1


def test_a_hop_too_short_for_a_cell_still_has_a_tick() -> None:
    assert "▏" in line_of(printed(render_turn(turn_record())), "edge_up")


def test_unattributed_time_looks_different_without_colour() -> None:
    line = line_of(printed(render_turn(turn_record({MarkName.LLM_FIRST: None}))), "unattributed")
    assert "░" in line
    assert "█" not in line


def test_an_ascii_terminal_gets_ascii() -> None:
    stats = HopStats()
    stats.add(turn_record())
    lines = printed(render_turn(turn_record({MarkName.LLM_FIRST: None})), encoding="ascii")
    assert "#" in line_of(lines, "endpointing")
    assert "+-2.00" in line_of(lines, "uplink")
    assert "." in line_of(lines, "unattributed").split()[1]
    assert any(set(line) == {"-"} for line in printed(render_table(stats.summary()), encoding="ascii"))


def test_a_client_without_an_ear_mark_has_response_latency_under_its_own_name() -> None:
    lines = printed(render_turn(turn_record({MarkName.EAR: None})))
    assert lines[0] == "turn turn_1  response latency 529.8 ms (at the core)"
    assert lines[-1] == "voice-to-voice unknown: no ear mark from the client"


def test_marks_left_out_and_clock_steps_are_said() -> None:
    text = " ".join(printed(render_turn(turn_record({MarkName.CLIENT_SENT: -5}, clock_steps=1))))
    assert "not placed: client_sent (clock unrelated, or at odds with the others)" in text
    assert "a clock was stepped 1 time(s)" in text


def test_a_turn_without_marks_says_so() -> None:
    empty = record_turn(TurnId("turn_1"), ItemId("item_1"), tile([], [], CORE))
    assert printed(render_turn(empty)) == ["turn turn_1", "no hops: no mark of this turn was recorded"]


def test_the_table_has_a_line_per_hop_and_whole_turns_below_a_rule() -> None:
    stats = HopStats()
    for _ in range(3):
        stats.add(turn_record())
    lines = printed(render_table(stats.summary()))
    assert lines[0].split() == ["hop", "(ms)", "p50", "p95", "p99", "turns"]
    assert line_of(lines, "capture").split() == ["capture", "12.0", "12.0", "12.0", "3"]
    assert set(lines[-3]) == {"─"}
    assert lines[-1].split() == ["voice-to-voice", "589.0", "589.0", "589.0", "3"]
    assert max(map(len, lines)) <= 60


def test_an_empty_table_says_so() -> None:
    assert printed(render_table({})) == ["no turns yet"]


def test_names_in_square_brackets_are_text() -> None:
    hostile = TurnRecord(turn_id=TurnId("[red]x[/nope]"), item_id=ItemId("item_1"), hops=())
    assert printed(render_turn(hostile))[0] == "turn [red]x[/nope]"
