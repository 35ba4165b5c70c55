"""The relation of two clocks, exchange by exchange."""

import pytest

from segue.model.errors import PeerProtocolError
from segue.model.time import NS_PER_MS, NS_PER_S, ClockDomain
from segue.telemetry.clock import (
    GRAINS_NS,
    STAMP_NS_MAX,
    ClockPolicy,
    ClockRelation,
    ClockSample,
    SampleOutcome,
    fix_of_exchange,
)

CLIENT, CORE = ClockDomain("client"), ClockDomain("core:a")
OFFSET = 7_000 * NS_PER_MS
FINE = 123_457
"""A length that is a multiple of no grain, so that the clock shows itself as fine."""


def exchange(at: int, up: int, down: int, *, offset: int = OFFSET, stay: int = 40_000) -> ClockSample:
    arrived = at + up
    return ClockSample(t0_ns=at, t1_ns=arrived + offset, t2_ns=arrived + offset + stay, t3_ns=arrived + stay + down)


def relation() -> ClockRelation:
    return ClockRelation(CLIENT, CORE)


def test_no_exchange_means_no_answer() -> None:
    assert relation().convert(1) is None
    assert relation().convert_back(1) is None
    assert relation().fix(1) is None


def test_symmetric_path_gives_the_offset_and_half_the_round_trip() -> None:
    clocks = relation()
    assert clocks.add(exchange(NS_PER_S + FINE, 1_003_001, 1_003_001)) is SampleOutcome.TAKEN
    there = clocks.convert(NS_PER_S)
    assert there is not None
    assert abs(there.at_ns - (NS_PER_S + OFFSET)) <= 1
    assert 1_003_001 + GRAINS_NS[-1] <= there.bound_ns <= 1_003_001 + GRAINS_NS[-1] + 1_000


def test_wholly_one_sided_path_is_within_the_bound() -> None:
    clocks = relation()
    clocks.add(exchange(NS_PER_S + FINE, 9_123_457, 0))
    there = clocks.convert(NS_PER_S)
    assert there is not None
    assert abs(there.at_ns - (NS_PER_S + OFFSET)) <= there.bound_ns


def test_the_shortest_round_trip_answers() -> None:
    clocks = relation()
    for n, path in enumerate((5_123_457, 400_321, 9_876_543)):
        clocks.add(exchange(NS_PER_S * (n + 1) + n * FINE, path, path))
    there = clocks.convert(3 * NS_PER_S)
    assert there is not None
    assert there.bound_ns < 400_321 + 1_000 + 250_000


def test_an_aged_exchange_gives_way_to_a_fresh_one() -> None:
    clocks = relation()
    clocks.add(exchange(FINE, 400_321, 400_321))
    clocks.add(exchange(100 * NS_PER_S + FINE + 7, 2_123_457, 2_123_457))
    fix = clocks.fix(100 * NS_PER_S)
    assert fix is not None
    assert fix.near_at_ns > 100 * NS_PER_S, "100 ppm over 100 s is 10 ms, more than the wider round trip costs"


def test_only_the_last_of_the_window_count() -> None:
    clocks = ClockRelation(CLIENT, CORE, ClockPolicy(window_samples=2, drift_ppm=0))
    clocks.add(exchange(FINE, 100_321, 100_321))
    for n in (1, 2):
        clocks.add(exchange(n * NS_PER_S + n * FINE, 3_123_457, 3_123_457))
    there = clocks.convert(FINE)
    assert there is not None
    assert there.bound_ns > 3_000_000


def test_there_and_back_is_the_same_instant() -> None:
    clocks = relation()
    clocks.add(exchange(NS_PER_S + FINE, 1_003_001, 2_003_001))
    there = clocks.convert(5 * NS_PER_S)
    assert there is not None
    back = clocks.convert_back(there.at_ns)
    assert back is not None
    assert back.at_ns == 5 * NS_PER_S


def test_a_step_restarts_the_relation_and_the_past_is_refused() -> None:
    clocks = relation()
    clocks.add(exchange(NS_PER_S + FINE, 500_321, 500_321))
    stepped = exchange(2 * NS_PER_S + FINE, 500_321, 500_321, offset=OFFSET + 40 * NS_PER_MS)
    assert clocks.add(stepped) is SampleOutcome.RESTARTED
    assert clocks.steps == 1
    assert clocks.convert(NS_PER_S + FINE) is None
    assert clocks.fix(NS_PER_S + FINE) is None
    assert clocks.convert_back(stepped.t1_ns - 1) is None
    there = clocks.convert(3 * NS_PER_S)
    assert there is not None
    assert abs(there.at_ns - (3 * NS_PER_S + OFFSET + 40 * NS_PER_MS)) <= there.bound_ns


def test_a_replayed_exchange_from_before_a_step_is_ignored() -> None:
    clocks = relation()
    old = exchange(NS_PER_S + FINE, 500_321, 500_321)
    clocks.add(old)
    clocks.add(exchange(2 * NS_PER_S + FINE, 500_321, 500_321, offset=OFFSET + NS_PER_S))
    assert clocks.add(old) is SampleOutcome.STALE
    assert clocks.steps == 1
    assert clocks.convert(3 * NS_PER_S) is not None


def test_a_clock_that_went_back_is_a_step() -> None:
    clocks = relation()
    clocks.add(exchange(100 * NS_PER_S + FINE, 500_321, 500_321))
    reloaded = exchange(NS_PER_S + FINE, 500_321, 500_321, offset=OFFSET + 110 * NS_PER_S)
    assert clocks.add(reloaded) is SampleOutcome.RESTARTED


def test_jitter_and_drift_within_the_allowance_are_no_step() -> None:
    clocks = relation()
    for n in range(60):
        drifted = OFFSET + n * 90_000
        outcome = clocks.add(exchange(n * NS_PER_S + n * FINE, 300_321 + n * 70_001, 200_123, offset=drifted))
        assert outcome is SampleOutcome.TAKEN


@pytest.mark.parametrize("grain", [NS_PER_MS, 100_000])
def test_coarse_stamps_are_noticed_and_widen_the_bound(grain: int) -> None:
    clocks = relation()
    for n in range(1, 9):
        true = exchange(n * NS_PER_S + n * FINE, 80_321, 60_123)
        clocks.add(
            ClockSample(
                t0_ns=true.t0_ns // grain * grain,
                t1_ns=true.t1_ns,
                t2_ns=true.t2_ns,
                t3_ns=true.t3_ns // grain * grain,
            )
        )
    assert clocks.grain_ns == grain
    there = clocks.convert(9 * NS_PER_S)
    assert there is not None
    assert there.bound_ns >= grain
    assert abs(there.at_ns - (9 * NS_PER_S + OFFSET)) <= there.bound_ns


def test_coarseness_is_assumed_until_stamps_are_finer() -> None:
    clocks = relation()
    assert clocks.grain_ns == NS_PER_MS
    clocks.add(exchange(NS_PER_S, 480_000, 480_000))
    assert clocks.grain_ns == NS_PER_MS
    clocks.add(exchange(2 * NS_PER_S + FINE, 480_321, 480_000))
    assert clocks.grain_ns == GRAINS_NS[-1]


@pytest.mark.parametrize(
    ("t0", "t1", "t2", "t3", "param"),
    [
        (10, 60, 50, 20, "t2_ns"),
        (20, 50, 60, 10, "t3_ns"),
        (0, 0, 5 * NS_PER_S, NS_PER_S, "t3_ns"),
        (0, 5, 5, 3_601 * NS_PER_S, "t3_ns"),
        (-1, 5, 5, 10, "t0_ns"),
        (0, 5, STAMP_NS_MAX + 1, 10, "t2_ns"),
    ],
)
def test_absurd_stamps_are_refused_by_name_and_change_nothing(t0: int, t1: int, t2: int, t3: int, param: str) -> None:
    clocks = relation()
    with pytest.raises(PeerProtocolError) as refused:
        clocks.add(ClockSample(t0_ns=t0, t1_ns=t1, t2_ns=t2, t3_ns=t3))
    assert refused.value.param == param
    assert clocks.convert(0) is None
    assert clocks.grain_ns == GRAINS_NS[0]


def test_an_exchange_that_took_too_long_is_left_out() -> None:
    clocks = relation()
    assert clocks.add(ClockSample(t0_ns=0, t1_ns=5, t2_ns=5, t3_ns=11 * NS_PER_S)) is SampleOutcome.LATE
    assert clocks.convert(0) is None
    assert clocks.grain_ns == GRAINS_NS[0]


def test_a_round_trip_below_zero_that_drift_explains_is_taken() -> None:
    clocks = relation()
    clocks.add(exchange(NS_PER_S + FINE, 500_321, 500_321))
    assert clocks.grain_ns == GRAINS_NS[-1]
    at = 2 * NS_PER_S
    fast = ClockSample(t0_ns=at, t1_ns=at + OFFSET, t2_ns=at + OFFSET + 400_037_000, t3_ns=at + 400_000_777)
    assert fast.rtt_ns < -2 * clocks.grain_ns
    assert clocks.add(fast) is SampleOutcome.TAKEN
    late = ClockSample(t0_ns=at, t1_ns=at + OFFSET, t2_ns=at + OFFSET + 400_080_000, t3_ns=at + 400_000_777)
    with pytest.raises(PeerProtocolError, match="round trip"):
        clocks.add(late)


def test_drift_during_a_long_exchange_is_in_its_bound() -> None:
    sample = ClockSample(t0_ns=0, t1_ns=0, t2_ns=4 * NS_PER_S, t3_ns=4 * NS_PER_S)
    assert fix_of_exchange(CLIENT, CORE, sample, grain_ns=0, drift_ppm=100).bound_ns == 200_000 + 1
