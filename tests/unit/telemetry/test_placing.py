"""Which marks are believed, and where they land."""

from segue.model.time import NS_PER_MS, ClockDomain
from segue.telemetry.clock import ClockRelation
from segue.telemetry.marks import Mark, MarkName
from segue.telemetry.placing import TURN_NS_MAX, place
from tests.support.turns import CLIENT, CORE, EDGE, OFFSETS, TRUE_MS, fixes, mark, marks


def test_all_marks_land_on_the_core_clock_in_path_order() -> None:
    placement = place(reversed(marks()), fixes(), CORE)
    assert [one.mark.name for one in placement.placed] == list(TRUE_MS)
    assert [one.at_ns - OFFSETS[CORE] for one in placement.placed] == [round(at * NS_PER_MS) for at in TRUE_MS.values()]
    assert placement.left_out == ()


def test_bounds_are_those_of_the_way_to_the_reference() -> None:
    by_name = {one.mark.name: one.bound_ns / NS_PER_MS for one in place(marks(), fixes(), CORE).placed}
    assert (by_name[MarkName.MIC], by_name[MarkName.EDGE_IN], by_name[MarkName.CORE_IN]) == (4, 2, 0)


def test_of_two_marks_of_one_name_the_later_given_counts() -> None:
    placement = place([*marks(), mark(MarkName.CORE_IN, 17)], fixes(), CORE)
    at_ns = next(one.at_ns for one in placement.placed if one.mark.name is MarkName.CORE_IN)
    assert at_ns - OFFSETS[CORE] == 17 * NS_PER_MS


def test_a_mark_of_an_unrelated_clock_is_left_out() -> None:
    stray = Mark(name=MarkName.CORE_IN, domain=ClockDomain("core:gone"), at_ns=5)
    placement = place([*marks({MarkName.CORE_IN: None}), stray], fixes(), CORE)
    assert placement.left_out == (MarkName.CORE_IN,)


def test_a_mark_that_contradicts_its_own_clock_is_left_out() -> None:
    assert place(marks({MarkName.CLIENT_SENT: -3}), fixes(), CORE).left_out == (MarkName.CLIENT_SENT,)
    assert place(marks({MarkName.EAR: -3}), fixes(), CORE).left_out == (MarkName.EAR,)


def test_a_contradiction_within_the_bounds_is_believed_and_beyond_them_is_not() -> None:
    assert place(marks({MarkName.EDGE_IN: 18}), fixes(), CORE).left_out == (MarkName.EDGE_FORWARDED,)
    assert place(marks({MarkName.EDGE_FORWARDED: 18.5}), fixes(), CORE).left_out == ()
    assert place(marks({MarkName.EDGE_FORWARDED: 18.7}), fixes(), CORE).left_out == (MarkName.EDGE_FORWARDED,)


def test_a_client_in_the_future_does_not_take_the_core_with_it() -> None:
    placement = place(marks({MarkName.MIC: 900, MarkName.CLIENT_SENT: 910}), fixes(), CORE)
    assert placement.left_out == (MarkName.MIC, MarkName.CLIENT_SENT)


def test_marks_too_far_apart_are_not_of_one_turn() -> None:
    assert place(marks({MarkName.MIC: -2 * TURN_NS_MAX / NS_PER_MS}), fixes(), CORE).left_out == (MarkName.MIC,)


def test_without_an_exchange_the_turn_itself_is_one() -> None:
    placement = place(marks(), [], CORE)
    assert placement.left_out == ()
    assert len(placement.relations) == 2
    for one, true_ms in zip(placement.placed, TRUE_MS.values(), strict=True):
        assert abs(one.at_ns - OFFSETS[CORE] - round(true_ms * NS_PER_MS)) <= one.bound_ns


def test_without_any_relation_the_client_clock_is_the_common_one() -> None:
    placement = place(marks({MarkName.CLIENT_IN: None}), [], CORE)
    assert {one.mark.domain for one in placement.placed} == {CLIENT}
    assert len(placement.placed) == 3


def test_without_a_relation_and_without_both_ends_the_core_stays_the_common_one() -> None:
    placement = place(marks({MarkName.CLIENT_IN: None, MarkName.EAR: None}), [], CORE)
    assert MarkName.MIC in placement.left_out
    assert MarkName.CORE_OUT not in placement.left_out


def test_a_clock_whose_relation_cannot_say_is_left_out() -> None:
    empty = ClockRelation(EDGE, CORE)
    placement = place([mark(MarkName.EDGE_IN, 16), mark(MarkName.CORE_IN, 17)], [empty], CORE)
    assert placement.left_out == (MarkName.EDGE_IN,)


def test_an_acausal_turn_is_no_exchange() -> None:
    acausal = marks({MarkName.CORE_IN: 546, MarkName.CORE_OUT: 17})
    related = {(one.near, one.far) for one in place(acausal, [], CORE).relations}
    assert related == {(CLIENT, EDGE)}


def test_nothing_given_is_nothing_placed() -> None:
    assert place([], [], CORE).placed == ()
