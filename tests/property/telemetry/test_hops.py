"""Tiling: the hops always add up, and each is within its bound of the truth."""

from hypothesis import given
from hypothesis import strategies as st

from segue.model.time import NS_PER_MS, NS_PER_S, ClockDomain
from segue.telemetry.hops import tile
from segue.telemetry.marks import PATH, Mark, MarkName
from segue.telemetry.relation import ClockFix

CLIENT, EDGE, CORE = ClockDomain("client"), ClockDomain("edge:a"), ClockDomain("core:b")
OFFSETS = {CLIENT: 5_000 * NS_PER_S, EDGE: 90 * NS_PER_S, CORE: 800 * NS_PER_S}
SPECULATIVE = (MarkName.STT_FINAL, MarkName.LLM_FIRST, MarkName.TTS_FIRST)
ENDS = (MarkName.MIC, MarkName.EAR)


def domain_of(name: MarkName) -> ClockDomain:
    if name in (MarkName.MIC, MarkName.CLIENT_SENT, MarkName.CLIENT_IN, MarkName.EAR):
        return CLIENT
    return EDGE if name.value.startswith("edge") else CORE


spans = st.lists(st.integers(0, 400 * NS_PER_MS), min_size=len(PATH), max_size=len(PATH))
missing = st.sets(st.sampled_from(PATH))
any_marks = st.lists(
    st.builds(
        Mark,
        name=st.sampled_from(PATH),
        domain=st.sampled_from([CLIENT, EDGE, CORE, ClockDomain("core:gone")]),
        at_ns=st.integers(-(10**13), 10**13) | st.integers(0, 10**9),
    ),
    max_size=20,
)
any_fixes = st.lists(
    st.builds(
        ClockFix,
        near=st.sampled_from([CLIENT, EDGE, CORE]),
        far=st.sampled_from([CLIENT, EDGE, CORE]),
        near_at_ns=st.integers(0, 10**9),
        far_at_ns=st.integers(0, 10**9),
        bound_ns=st.integers(0, 10**8),
        drift_ppm=st.sampled_from([0, 100]),
    ),
    max_size=4,
)


@given(any_marks, any_fixes)
def test_hops_of_any_marks_tile_and_add_up_to_voice_to_voice(marks: list[Mark], fixes: list[ClockFix]) -> None:
    turn = tile(marks, fixes, CORE)
    at_ns = 0
    for hop in turn.hops:
        assert hop.start_ns == at_ns
        assert hop.duration_ns >= 0
        assert hop.bound_ns is None or hop.bound_ns >= 0
        at_ns += hop.duration_ns
    assert at_ns == turn.span_ns
    if turn.voice_to_voice_ns is not None:
        ends = {mark.name: mark.at_ns for mark in marks}
        assert turn.span_ns == turn.voice_to_voice_ns == ends[MarkName.EAR] - ends[MarkName.MIC]


@given(
    spans=spans,
    missing=missing,
    errors=st.tuples(st.integers(-3_000_000, 3_000_000), st.integers(-500_000, 500_000)),
    early=st.lists(st.integers(0, 300 * NS_PER_MS), min_size=3, max_size=3),
    is_related=st.booleans(),
)
def test_every_hop_of_a_true_turn_is_within_its_bound(
    spans: list[int], missing: set[MarkName], errors: tuple[int, int], early: list[int], is_related: bool
) -> None:
    at_ns = 0
    true: dict[MarkName, int] = {}
    for name, span in zip(PATH, spans, strict=True):
        at_ns += span
        true[name] = at_ns
    fixes = [
        ClockFix(
            near=near,
            far=far,
            near_at_ns=OFFSETS[near],
            far_at_ns=OFFSETS[far] + error,
            bound_ns=bound,
            drift_ppm=0,
        )
        for near, far, error, bound in (
            (CLIENT, EDGE, errors[0], 3_000_000),
            (EDGE, CORE, errors[1], 500_000),
        )
    ]
    stamped = dict(true)
    for name, sooner in zip(SPECULATIVE, early, strict=True):
        stamped[name] = max(true[name] - sooner, true[MarkName.CORE_IN])
    marks = [
        Mark(name=name, domain=domain_of(name), at_ns=OFFSETS[domain_of(name)] + stamped[name])
        for name in PATH
        if name not in missing
    ]

    turn = tile(marks, fixes if is_related else [], CORE)

    if is_related:
        assert turn.left_out == ()
    if not missing.intersection(ENDS):
        assert turn.voice_to_voice_ns == turn.span_ns == true[MarkName.EAR] - true[MarkName.MIC]
    kept = [mark.name for mark in marks if mark.name not in turn.left_out]
    latest = 0
    forward: dict[MarkName, int] = {}
    for name in kept:
        latest = max(latest, stamped[name])
        forward[name] = latest
    for hop, start, end in zip(turn.hops, kept, kept[1:], strict=False):
        assert abs(hop.duration_ns - (forward[end] - forward[start])) <= (hop.bound_ns or 0)
