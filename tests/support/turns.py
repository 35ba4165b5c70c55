"""A turn with known truth for tests of telemetry: three clocks, each mark at a true instant."""

from collections.abc import Mapping

from segue.model.time import NS_PER_MS, NS_PER_S, ClockDomain
from segue.telemetry.marks import Mark, MarkName
from segue.telemetry.relation import ClockFix

CLIENT, EDGE, CORE = ClockDomain("client"), ClockDomain("edge:a"), ClockDomain("core:b")
OFFSETS = {CLIENT: 5_000 * NS_PER_S, EDGE: 100 * NS_PER_S, CORE: 1_000 * NS_PER_S}

TRUE_MS: dict[MarkName, float] = {
    MarkName.MIC: 0,
    MarkName.CLIENT_SENT: 12,
    MarkName.EDGE_IN: 16,
    MarkName.EDGE_FORWARDED: 16.2,
    MarkName.CORE_IN: 16.6,
    MarkName.ENDPOINT: 416,
    MarkName.STT_FINAL: 446,
    MarkName.LLM_FIRST: 496,
    MarkName.TTS_FIRST: 546,
    MarkName.CORE_OUT: 546.4,
    MarkName.EDGE_RECEIVED: 546.9,
    MarkName.EDGE_OUT: 547,
    MarkName.CLIENT_IN: 551,
    MarkName.EAR: 589,
}
_CLIENT_MARKS = {MarkName.MIC, MarkName.CLIENT_SENT, MarkName.CLIENT_IN, MarkName.EAR}
_EDGE_MARKS = {MarkName.EDGE_IN, MarkName.EDGE_FORWARDED, MarkName.EDGE_RECEIVED, MarkName.EDGE_OUT}


def domain_of(name: MarkName) -> ClockDomain:
    return CLIENT if name in _CLIENT_MARKS else EDGE if name in _EDGE_MARKS else CORE


def mark(name: MarkName, true_ms: float) -> Mark:
    domain = domain_of(name)
    return Mark(name=name, domain=domain, at_ns=OFFSETS[domain] + round(true_ms * NS_PER_MS))


def marks(changes: Mapping[MarkName, float | None] | None = None) -> list[Mark]:
    """The whole turn; `changes` move a mark (true milliseconds) or take it away."""
    at = {**TRUE_MS, **(changes or {})}
    return [mark(name, true_ms) for name, true_ms in at.items() if true_ms is not None]


def fixes(error_ms: float = 0, bound_ms: float = 2) -> list[ClockFix]:
    """client-edge and edge-core, wrong by `error_ms` each (the client and the core seem later than they are)."""
    return [_fix(CLIENT, EDGE, -error_ms, bound_ms), _fix(EDGE, CORE, error_ms, bound_ms)]


def _fix(near: ClockDomain, far: ClockDomain, error_ms: float, bound_ms: float) -> ClockFix:
    return ClockFix(
        near=near,
        far=far,
        near_at_ns=OFFSETS[near],
        far_at_ns=OFFSETS[far] + round(error_ms * NS_PER_MS),
        bound_ns=round(bound_ms * NS_PER_MS),
        drift_ppm=0,
    )
