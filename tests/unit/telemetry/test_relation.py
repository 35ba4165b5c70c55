"""Fixed relations and chains of them."""

from segue.model.time import NS_PER_S, ClockDomain
from segue.telemetry.clock import ClockRelation
from segue.telemetry.relation import ClockFix, Estimate, relate

CLIENT, EDGE, CORE = ClockDomain("client"), ClockDomain("edge:a"), ClockDomain("core:b")


def fix(near: ClockDomain, far: ClockDomain, offset: int, bound: int, drift_ppm: int = 0) -> ClockFix:
    return ClockFix(near=near, far=far, near_at_ns=0, far_at_ns=offset, bound_ns=bound, drift_ppm=drift_ppm)


def test_a_fix_ages_both_ways() -> None:
    aged = fix(CLIENT, CORE, 50, 7, drift_ppm=100)
    assert aged.convert(NS_PER_S) == Estimate(NS_PER_S + 50, 7 + 100_000)
    assert aged.convert(-NS_PER_S) == Estimate(50 - NS_PER_S, 7 + 100_000)
    assert aged.convert_back(NS_PER_S + 50) == Estimate(NS_PER_S, 7 + 100_000)


def test_a_chain_adds_offsets_and_bounds_whichever_way_the_legs_were_measured() -> None:
    chain = relate([fix(CORE, EDGE, 30, 5), fix(CLIENT, EDGE, 100, 7)], CLIENT, CORE)
    assert chain is not None
    assert chain.convert(1_000) == Estimate(1_070, 12)
    assert chain.convert_back(1_070) == Estimate(1_000, 12)


def test_a_domain_is_itself_exactly() -> None:
    chain = relate([], CORE, CORE)
    assert chain is not None
    assert chain.convert(42) == Estimate(42, 0)


def test_the_shortest_chain_is_taken() -> None:
    chain = relate([fix(CLIENT, EDGE, 1, 1), fix(EDGE, CORE, 1, 1), fix(CLIENT, CORE, 5, 3)], CLIENT, CORE)
    assert chain is not None
    assert chain.convert(0) == Estimate(5, 3)


def test_unrelated_domains_have_no_chain() -> None:
    assert relate([fix(CLIENT, EDGE, 1, 1)], CLIENT, CORE) is None


def test_a_chain_with_an_empty_relation_cannot_say() -> None:
    chain = relate([ClockRelation(CLIENT, EDGE), fix(EDGE, CORE, 1, 1)], CLIENT, CORE)
    assert chain is not None
    assert chain.convert(1) is None
    assert chain.convert_back(1) is None
