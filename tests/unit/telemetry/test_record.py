"""Turn records through bytes, and session statistics."""

import msgspec
import pytest

from segue.model.errors import JournalTooNew, PeerProtocolError
from segue.model.ids import ItemId, TurnId
from segue.telemetry.hops import tile
from segue.telemetry.marks import MarkName
from segue.telemetry.record import (
    NAMES_MAX,
    VERSION,
    HopRow,
    HopStats,
    TurnRecord,
    decode_hop_stats,
    decode_turn_record,
    encode_turn_record,
    record_turn,
)
from tests.support.turns import CORE, fixes, marks

NOT_UTF8 = msgspec.msgpack.encode({"turn_id": "t"})[:-1] + b"\xff"
DEEP = b"\x81\xa1z" + b"\x91" * 5_000 + b"\x90"


def turn_record(changes: dict[MarkName, float | None] | None = None) -> TurnRecord:
    given = marks(changes)
    turn = tile(given, fixes(), CORE)
    return record_turn(TurnId("turn_1"), ItemId("item_1"), turn, marks=given, fixes=fixes(), transport="websocket")


def test_a_record_survives_its_bytes() -> None:
    record = turn_record()
    read = decode_turn_record(encode_turn_record(record))
    assert read == record
    assert read.span_ns == read.voice_to_voice_ns
    assert (read.starts_at, read.ends_at, len(read.marks), len(read.fixes)) == ("mic", "ear", 14, 2)


def test_a_record_of_no_marks_survives_too() -> None:
    record = record_turn(TurnId("turn_1"), ItemId("item_1"), tile([], [], CORE), clock_steps=1)
    assert decode_turn_record(encode_turn_record(record)) == record


def test_fields_and_hops_of_a_later_release_are_read_past() -> None:
    later = {
        "turn_id": "turn_1",
        "item_id": "item_1",
        "hops": [["teleport", 0, 5, None, "more"]],
        "new_field": [1, 2],
    }
    record = decode_turn_record(msgspec.msgpack.encode(later))
    assert record.hops == (HopRow("teleport", 0, 5, None),)


def test_a_record_that_is_too_new_says_so() -> None:
    with pytest.raises(JournalTooNew) as refused:
        decode_turn_record(msgspec.msgpack.encode({"version": VERSION + 1, "hops": "of another kind"}))
    assert (refused.value.found, refused.value.supported) == (VERSION + 1, VERSION)


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x90", msgspec.msgpack.encode({"turn_id": 5}), NOT_UTF8, DEEP])
def test_bytes_that_are_none_are_refused(data: bytes) -> None:
    with pytest.raises(PeerProtocolError, match="not a turn record"):
        decode_turn_record(data)


def test_stats_are_percentiles_per_hop_in_path_order_and_whole_turns_last() -> None:
    stats = HopStats()
    stats.add(turn_record())
    stats.add(turn_record({MarkName.LLM_FIRST: None}))
    summary = stats.summary()
    assert next(iter(summary)) == "capture"
    assert list(summary)[-3:] == ["unattributed", "response_latency", "voice_to_voice"]
    assert summary["capture"] == {"p50": 12.0, "p95": 12.0, "p99": 12.0, "n": 2}
    assert summary["llm_first_token"]["n"] == 1
    assert (summary["unattributed"]["p50"], summary["unattributed"]["p99"]) == (0.0, 100.0)
    assert summary["unattributed"]["n"] == 2


def test_a_turn_without_hops_or_ends_counts_only_what_it_has() -> None:
    stats = HopStats()
    stats.add(record_turn(TurnId("turn_1"), ItemId("item_1"), tile([], [], CORE)))
    assert stats.summary() == {}
    stats.add(turn_record({MarkName.EAR: None, MarkName.CORE_IN: None}))
    assert "voice_to_voice" not in stats.summary()
    assert "response_latency" not in stats.summary()


def test_parts_of_one_hop_are_one_value() -> None:
    stats = HopStats()
    stats.add(turn_record({MarkName.LLM_FIRST: None, MarkName.EDGE_OUT: None}))
    found = stats.histogram("unattributed")
    assert found is not None
    assert (found.count, found.sum_ns) == (1, 104_100_000)
    assert stats.histogram("uplink") is not None
    assert stats.histogram("nothing") is None


def test_merged_stats_are_those_of_all_turns() -> None:
    one, other, both = HopStats(), HopStats(), HopStats()
    for stats, record in ((one, turn_record()), (other, turn_record({MarkName.ENDPOINT: 300}))):
        stats.add(record)
        both.add(record)
    one.merge(other)
    assert one.summary() == both.summary()
    assert decode_hop_stats(one.encode()).summary() == both.summary()


def test_invented_names_do_not_grow_it() -> None:
    stats = HopStats()
    hops = tuple(HopRow(f"hop{n}", 0, 1, None) for n in range(NAMES_MAX * 2))
    stats.add(TurnRecord(turn_id=TurnId("turn_1"), item_id=ItemId("item_1"), hops=hops))
    assert len(stats.summary()) == NAMES_MAX
    fresh = HopStats()
    fresh.add(turn_record())
    fresh.merge(stats)
    assert len(fresh.summary()) == NAMES_MAX


def test_bytes_that_are_no_stats_are_refused() -> None:
    with pytest.raises(PeerProtocolError, match="not hop statistics"):
        decode_hop_stats(b"\xc1")
    with pytest.raises(PeerProtocolError, match="not hop statistics"):
        decode_hop_stats(b"\x81\xa1\xff\xc4\x00")
    with pytest.raises(PeerProtocolError, match="not a histogram"):
        decode_hop_stats(msgspec.msgpack.encode({"capture": b"?"}))
    with pytest.raises(PeerProtocolError, match="at most 64"):
        decode_hop_stats(msgspec.msgpack.encode({f"hop{n}": b"" for n in range(NAMES_MAX + 1)}))
