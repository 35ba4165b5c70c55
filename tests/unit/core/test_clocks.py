"""Clock relations from the trunk's beats."""

from segue.adapters.trunk.port import ClockSample
from segue.core.clocks import EdgeClocks, core_domain, edge_domain
from segue.model.time import MonoNs


def test_beats_relate_the_clocks():
    clocks = EdgeClocks(core_domain("c"))
    assert clocks.fix("e", MonoNs(5)) is None
    for at in range(3):
        t0 = 1_000_000_000 + at * 50_000_000
        clocks.add("e", ClockSample(t0_ns=t0, t1_ns=t0 + 7_000_100, t2_ns=t0 + 7_000_200, t3_ns=t0 + 300))
    fix = clocks.fix("e", MonoNs(1_100_000_400))
    assert fix is not None
    assert (fix.near, fix.far) == (core_domain("c"), edge_domain("e"))
    assert abs(fix.convert(1_100_000_000).at_ns - 1_107_000_000) <= fix.bound_ns


def test_an_impossible_beat_is_left_out_and_a_gone_edge_forgotten():
    clocks = EdgeClocks(core_domain("c"))
    clocks.add("e", ClockSample(t0_ns=10, t1_ns=9, t2_ns=5, t3_ns=1))
    assert clocks.fix("e", MonoNs(5)) is None
    clocks.add("e", ClockSample(t0_ns=10, t1_ns=20, t2_ns=20, t3_ns=10))
    clocks.forget("e")
    assert clocks.fix("e", MonoNs(50)) is None
