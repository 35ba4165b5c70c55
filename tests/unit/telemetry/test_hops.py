"""Hops of turns with known truth."""

import pytest

from segue.model.time import NS_PER_MS, ClockDomain
from segue.telemetry.clock import ClockRelation
from segue.telemetry.hops import Hop, HopName, TurnHops, tile
from segue.telemetry.marks import Mark, MarkName
from segue.telemetry.relation import relate
from tests.support.turns import CLIENT, CORE, EDGE, fixes, mark, marks

LEGS = [
    HopName.CAPTURE,
    HopName.UPLINK,
    HopName.EDGE_UP,
    HopName.TRUNK_UP,
    HopName.ENDPOINTING,
    HopName.STT_FINAL,
    HopName.LLM_FIRST_TOKEN,
    HopName.TTS_FIRST_AUDIO,
    HopName.RELEASE,
    HopName.TRUNK_DOWN,
    HopName.EDGE_DOWN,
    HopName.DOWNLINK,
    HopName.PLAYOUT,
]


def spent_ms(turn: TurnHops) -> dict[HopName, float]:
    return {hop.name: hop.duration_ns / NS_PER_MS for hop in turn.hops}


def of(turn: TurnHops, name: HopName) -> Hop:
    return next(hop for hop in turn.hops if hop.name is name)


def test_a_whole_turn_has_every_leg_and_adds_up() -> None:
    turn = tile(marks(), fixes(), CORE)
    assert [hop.name for hop in turn.hops] == LEGS
    assert turn.voice_to_voice_ns == 589 * NS_PER_MS == turn.span_ns
    assert turn.response_latency_ns == round(529.8 * NS_PER_MS)
    assert spent_ms(turn)[HopName.UPLINK] == pytest.approx(4)
    assert spent_ms(turn)[HopName.ENDPOINTING] == pytest.approx(399.4)
    assert (turn.starts_at, turn.ends_at, turn.left_out) == (MarkName.MIC, MarkName.EAR, ())


def test_hops_are_end_to_end_from_the_end_of_speech() -> None:
    at_ns = 0
    for hop in tile(marks(), fixes(), CORE).hops:
        assert hop.start_ns == at_ns
        at_ns += hop.duration_ns


def test_only_hops_between_clocks_have_a_bound() -> None:
    turn = tile(marks(), fixes(), CORE)
    crossing = {HopName.UPLINK, HopName.TRUNK_UP, HopName.TRUNK_DOWN, HopName.DOWNLINK}
    assert {hop.name for hop in turn.hops if hop.bound_ns is not None} == crossing
    assert of(turn, HopName.UPLINK).bound_ns == 2 * NS_PER_MS


def test_what_speculation_finished_early_costs_nothing_after_the_decision() -> None:
    early = {MarkName.STT_FINAL: 300.0, MarkName.LLM_FIRST: 350.0, MarkName.TTS_FIRST: 430.0}
    spent = spent_ms(tile(marks(early), fixes(), CORE))
    assert spent[HopName.STT_FINAL] == spent[HopName.LLM_FIRST_TOKEN] == 0
    assert spent[HopName.ENDPOINTING] == pytest.approx(399.4)
    assert spent[HopName.TTS_FIRST_AUDIO] == pytest.approx(14)


def test_a_missing_mark_leaves_its_span_unattributed() -> None:
    turn = tile(marks({MarkName.LLM_FIRST: None}), fixes(), CORE)
    assert of(turn, HopName.UNATTRIBUTED).duration_ns == 100 * NS_PER_MS
    assert HopName.LLM_FIRST_TOKEN not in spent_ms(turn)
    assert turn.span_ns == turn.voice_to_voice_ns


def test_an_edge_that_gives_one_stamp_up_has_one_hop_of_that_name() -> None:
    turn = tile(marks({MarkName.EDGE_FORWARDED: None}), fixes(), CORE)
    assert spent_ms(turn)[HopName.EDGE_TRUNK_UP] == pytest.approx(0.6)
    assert HopName.UNATTRIBUTED not in spent_ms(turn)


def test_webrtc_points_split_their_hops() -> None:
    turn = tile([*marks(), mark(MarkName.ORDERED, 36.6), mark(MarkName.ENCODED, 546.3)], fixes(), CORE)
    spent = spent_ms(turn)
    assert spent[HopName.JITTER] == pytest.approx(20)
    assert spent[HopName.ENDPOINTING] == pytest.approx(379.4)
    assert spent[HopName.ENCODE] == pytest.approx(0.3)
    assert spent[HopName.RELEASE] == pytest.approx(0.1)


def test_a_client_that_does_not_report_its_ear_has_only_response_latency() -> None:
    gone = dict.fromkeys((MarkName.MIC, MarkName.CLIENT_SENT, MarkName.CLIENT_IN, MarkName.EAR))
    turn = tile(marks(gone), fixes(), CORE)
    assert turn.voice_to_voice_ns is None
    assert turn.response_latency_ns == round(529.8 * NS_PER_MS)
    assert (turn.starts_at, turn.ends_at) == (MarkName.EDGE_IN, MarkName.EDGE_OUT)
    assert turn.span_ns == 531 * NS_PER_MS


def test_an_offset_error_moves_marks_but_not_the_sum_and_shows_in_the_bounds() -> None:
    turn = tile(marks(), fixes(error_ms=1.5), CORE)
    truth = tile(marks(), fixes(), CORE)
    assert turn.voice_to_voice_ns == turn.span_ns == truth.span_ns
    assert all(hop.duration_ns >= 0 for hop in turn.hops)
    for hop, true in zip(turn.hops, truth.hops, strict=True):
        assert abs(hop.duration_ns - true.duration_ns) <= (hop.bound_ns or 0), hop.name


def test_ends_on_two_clocks_are_no_voice_to_voice() -> None:
    reloaded = Mark(name=MarkName.EAR, domain=ClockDomain("client:2"), at_ns=5)
    turn = tile([*marks({MarkName.EAR: None}), reloaded], fixes(), CORE)
    assert turn.voice_to_voice_ns is None
    assert turn.left_out == (MarkName.EAR,)


def test_an_unrelated_client_still_has_an_exact_voice_to_voice() -> None:
    gone = dict.fromkeys((MarkName.CLIENT_IN,))
    turn = tile(marks(gone), [], CORE)
    assert turn.voice_to_voice_ns == turn.span_ns == 589 * NS_PER_MS
    assert [hop.name for hop in turn.hops] == [HopName.CAPTURE, HopName.UNATTRIBUTED]


def test_an_early_core_out_is_no_response_latency() -> None:
    assert tile(marks({MarkName.CORE_OUT: 10}), fixes(), CORE).response_latency_ns is None


def test_where_the_direct_relation_cannot_say_the_way_by_the_core_bounds_the_hop() -> None:
    client_core = relate(fixes(), CLIENT, CORE)
    assert client_core is not None
    edge_core = fixes()[1]
    turn = tile(marks(), [ClockRelation(CLIENT, EDGE), client_core, edge_core], CORE)
    assert of(turn, HopName.UPLINK).bound_ns == 6 * NS_PER_MS


def test_no_marks_no_hops() -> None:
    turn = tile([], [], CORE)
    assert (turn.hops, turn.starts_at, turn.span_ns) == ((), None, 0)


def test_one_mark_is_a_point() -> None:
    turn = tile([mark(MarkName.CORE_OUT, 5)], [], CORE)
    assert turn.hops == ()
    assert turn.starts_at is turn.ends_at is MarkName.CORE_OUT
