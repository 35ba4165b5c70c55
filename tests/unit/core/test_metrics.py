"""The core's numbers."""

from prometheus_client import generate_latest

from segue.core.metrics import CoreMetrics
from segue.model.ids import ItemId, TurnId
from segue.telemetry.record import HopRow, TurnRecord


def test_a_turns_hops_are_counted_in_seconds():
    metrics = CoreMetrics()
    metrics.record(
        TurnRecord(
            turn_id=TurnId("t"),
            item_id=ItemId("i"),
            hops=(HopRow("uplink", 0, 5_000_000, None),),
            voice_to_voice_ns=300_000_000,
        )
    )
    metrics.record(TurnRecord(turn_id=TurnId("t2"), item_id=ItemId("i2"), hops=()))
    text = generate_latest(metrics.registry).decode()
    assert 'segue_hop_seconds_sum{hop="uplink"} 0.005' in text
    assert "segue_voice_to_voice_seconds_count 1.0" in text
