"""Which hop broke the budget."""

import pytest

from segue.model.errors import ConfigError
from segue.telemetry.budget import LatencyBudget
from segue.telemetry.hops import HopName, tile
from segue.telemetry.marks import MarkName
from segue.telemetry.record import HopRow
from tests.support.turns import CORE, fixes, marks


def row(name: str, duration_ms: int) -> HopRow:
    return HopRow(name, 0, duration_ms * 1_000_000, None)


def test_a_quick_turn_keeps_the_budget() -> None:
    hops = tile(marks(), fixes(), CORE).hops
    assert LatencyBudget().breaches(hops) == ()
    assert LatencyBudget().broken_by(hops) is None


def test_the_hop_most_over_its_allowance_is_named_first() -> None:
    hops = tile(marks({MarkName.MIC: -100, MarkName.LLM_FIRST: None}), fixes(), CORE).hops
    first, second = LatencyBudget().breaches(hops)
    assert (first.hop, second.hop) == (HopName.UNATTRIBUTED, HopName.CAPTURE)
    assert (first.over_ms, second.over_ms) == (pytest.approx(90), pytest.approx(82))


def test_the_total_is_broken_by_the_hop_that_overspent_not_by_the_longest() -> None:
    budget = LatencyBudget(total_ms=700, hops_ms={HopName.ENDPOINTING: 600, HopName.STT_FINAL: 50})
    broken = budget.broken_by([row("endpointing", 550), row("stt_final", 90), row("stt_final", 90)])
    assert broken is not None
    assert (broken.hop, broken.spent_ms, broken.allowed_ms) == ("stt_final", 180, 50)


def test_without_an_allowance_the_longest_hop_breaks_the_total() -> None:
    broken = LatencyBudget(total_ms=100, hops_ms={}).broken_by([row("uplink", 60), row("teleport", 80)])
    assert broken is not None
    assert (broken.hop, broken.allowed_ms) == ("teleport", 100)


@pytest.mark.parametrize("allowed", [0, -1, float("nan"), float("inf")])
def test_an_allowance_that_is_none_is_refused(allowed: float) -> None:
    with pytest.raises(ConfigError, match=r"budget\.total"):
        LatencyBudget(total_ms=allowed)
    with pytest.raises(ConfigError, match=r"budget\.uplink"):
        LatencyBudget(hops_ms={HopName.UPLINK: allowed})
