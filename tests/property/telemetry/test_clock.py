"""The error bound holds for any path, offset, drift within the allowance and coarseness of stamps."""

from hypothesis import example, given
from hypothesis import strategies as st

from segue.model.errors import PeerProtocolError
from segue.model.time import NS_PER_S, ClockDomain
from segue.telemetry.clock import ClockRelation, ClockSample, SampleOutcome

NEAR, FAR = ClockDomain("client"), ClockDomain("core:a")
START = 1_000 * NS_PER_S

exchanges = st.lists(
    st.tuples(
        st.integers(1, 5 * NS_PER_S), st.integers(0, 400_000_000), st.integers(0, 400_000_000), st.integers(0, 10**7)
    ),
    min_size=1,
    max_size=40,
)


@given(
    exchanges=exchanges,
    offset=st.integers(0, 10**15),
    drift_ppm=st.integers(-99, 99),
    grain=st.sampled_from([1, 1, 5_000, 100_000, 1_000_000]),
    later=st.integers(-20 * NS_PER_S, 20 * NS_PER_S),
)
def test_the_truth_is_within_the_bound_and_no_step_is_seen(
    exchanges: list[tuple[int, int, int, int]], offset: int, drift_ppm: int, grain: int, later: int
) -> None:
    def far(near_ns: int) -> int:
        return near_ns + offset + (near_ns - START) * drift_ppm // 1_000_000

    clocks = ClockRelation(NEAR, FAR)
    now = START
    for wait, up, stay, down in exchanges:
        now += wait
        sent, came, left, back = now, now + up, now + up + stay, now + up + stay + down
        sample = ClockSample(t0_ns=sent // grain * grain, t1_ns=far(came), t2_ns=far(left), t3_ns=back // grain * grain)
        now = back
        assert clocks.add(sample) is SampleOutcome.TAKEN
        for at in (now, now + later):
            there = clocks.convert(at)
            assert there is not None
            assert abs(there.at_ns - far(at)) <= there.bound_ns
            back_again = clocks.convert_back(far(at))
            assert back_again is not None
            assert abs(back_again.at_ns - at) <= back_again.bound_ns


@example(stamps=[(0, 0, 0, 10_000_000_001)])
@given(stamps=st.lists(st.tuples(*[st.integers(-(2**70), 2**70)] * 4), max_size=8))
def test_any_stamps_are_taken_or_refused_with_the_documented_error(stamps: list[tuple[int, int, int, int]]) -> None:
    clocks = ClockRelation(NEAR, FAR)
    for t0, t1, t2, t3 in stamps:
        before = clocks.convert(t3)
        try:
            outcome = clocks.add(ClockSample(t0_ns=t0, t1_ns=t1, t2_ns=t2, t3_ns=t3))
        except PeerProtocolError:
            continue
        if outcome is SampleOutcome.LATE:
            assert clocks.convert(t3) == before, "what is ignored changes nothing"
        else:
            assert clocks.convert(t3) is not None
