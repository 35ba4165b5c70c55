"""What `segue call` says of a call."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from segue.cli.call_report import hop_stats, print_call, print_load, turn_record, write_json
from segue.client.caller import CallReport, TranscriptEntry
from segue.model.errors import ConfigError

TURN: dict[str, Any] = {
    "type": "segue.turn.hops",
    "turn_id": "turn_1",
    "item_id": "item_2",
    "voice_to_voice_ms": 400.0,
    "bound_ms": 0.0,
    "hops": [
        {"name": "endpointing", "start_ms": 0.0, "duration_ms": 320.0, "bound_ms": None},
        {"name": "downlink", "start_ms": 320.0, "duration_ms": 80.0, "bound_ms": 0.5},
    ],
    "stats": {},
}


def report(**changes: Any) -> CallReport:
    made = CallReport(
        session_id="sess_x",
        transcript=[
            TranscriptEntry("user", "i1", "Hello [there]"),
            TranscriptEntry("agent", "i2", "Good day to you.", heard="Good day", is_cut=True),
        ],
        turns=[TURN],
        lines_said=1,
        lines_answered=1,
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def printed(show: Any, *args: Any, **kwargs: Any) -> str:
    console = Console(file=StringIO(), width=100, no_color=True)
    show(console, *args, **kwargs)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_hops_event_becomes_the_record_that_is_drawn() -> None:
    record = turn_record(TURN)
    assert record.voice_to_voice_ns == 400_000_000
    assert [(hop.name, hop.duration_ns) for hop in record.hops] == [
        ("endpointing", 320_000_000),
        ("downlink", 80_000_000),
    ]
    assert hop_stats([report(), report()]).summary()["endpointing"]["n"] == 2


def test_a_call_is_told_with_what_was_cut() -> None:
    text = printed(print_call, report(reconnects=1, longest_reconnect_ms=310.4))
    assert "you    Hello [there]" in text
    assert "agent  Good day — cut, not heard: to you." in text
    assert "voice-to-voice 400.0 ms" in text
    assert "reconnected once, in at most 310 ms" in text


def test_a_load_counts_calls_and_gathers_errors() -> None:
    failed = report(errors=["boom [x]"], lines_answered=0)
    text = printed(print_load, [report(), failed, failed])
    assert "1 of 3 calls complete; 1 of 3 lines answered" in text
    assert "error: boom [x] (2 times)" in text


def test_everything_is_written_as_json(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    write_json(path, [report()])
    body = json.loads(path.read_text())
    assert body["calls"][0]["transcript"][1] == {
        "role": "agent",
        "text": "Good day to you.",
        "heard": "Good day",
        "cut": True,
    }
    assert body["hops"]["voice_to_voice"]["n"] == 1
    with pytest.raises(ConfigError, match="cannot be written"):
        write_json(tmp_path / "no" / "out.json", [])
