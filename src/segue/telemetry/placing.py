"""Puts the marks of a turn on one clock, and leaves out those it cannot believe.

Rules: marks of one clock keep their distances to the nanosecond (a clock is shifted as a whole); a mark is left out
when its clock is not related to the reference, or when it contradicts more trusted marks by more than the bounds allow.
Trust goes: the reference clock (ours), the two ends (`mic`, `ear`), the rest in the order of the path.

A turn is itself a four-timestamp exchange: the last message up and the first delta down bracket what lies between.
Where no exchange was measured between two clocks (a new core right after a takeover), that one is used, with its wider
bound.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from segue.model.time import NS_PER_S, ClockDomain
from segue.telemetry.clock import GRAINS_NS, ClockPolicy, ClockSample, fix_of_exchange
from segue.telemetry.marks import PATH, Mark, MarkName
from segue.telemetry.relation import Relation, relate


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A mark on the common clock.

    Attributes:
        own_at_ns: On its own clock; the stamp itself, but for the core's marks after the running maximum.
        at_ns: The same on the common clock.
        bound_ns: Error of its clock against the common one; 0 for the common one itself.
    """

    mark: Mark
    own_at_ns: int
    at_ns: int
    bound_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The believed marks in the order of the path, those left out, and the relations used (measured and derived)."""

    placed: tuple[Placed, ...]
    left_out: tuple[MarkName, ...]
    relations: tuple[Relation, ...]


def place(marks: Iterable[Mark], relations: Iterable[Relation], reference: ClockDomain) -> Placement:
    """Put marks on the clock of `reference`. Of two marks of one name the later given counts.

    When the client's clock cannot be related at all but has both ends, the client's clock is the common one instead:
    its own hops and the voice-to-voice latency are still exact.
    """
    by_name = {mark.name: mark for mark in marks}
    ordered = [by_name[name] for name in PATH if name in by_name]
    own = _forward_only(ordered, reference)
    known = tuple(relations)
    known += _derived(by_name, known)
    mic, ear = by_name.get(MarkName.MIC), by_name.get(MarkName.EAR)
    if mic is not None and ear is not None and mic.domain == ear.domain:
        chain = relate(known, mic.domain, reference)
        if chain is None or chain.convert(mic.at_ns) is None:
            reference = mic.domain
    placed = _in_order(_believed(_shifted(own, known, reference), reference))
    kept = {one.mark.name for one in placed}
    return Placement(
        placed=placed,
        left_out=tuple(mark.name for mark in ordered if mark.name not in kept),
        relations=known,
    )


def _shifted(own: Sequence[tuple[Mark, int]], relations: Sequence[Relation], reference: ClockDomain) -> list[Placed]:
    """Each clock moved as a whole, by what its first mark's conversion says, to the reference."""
    placed: list[Placed] = []
    for domain in dict.fromkeys(mark.domain for mark, _ in own):
        chain = relate(relations, domain, reference)
        if chain is None:
            continue
        found = [(mark, at_ns, chain.convert(at_ns)) for mark, at_ns in own if mark.domain == domain]
        known = [(mark, at_ns, estimate) for mark, at_ns, estimate in found if estimate is not None]
        if not known:
            continue
        shift_ns = known[0][2].at_ns - known[0][1]
        bound_ns = max(abs(estimate.at_ns - at_ns - shift_ns) + estimate.bound_ns for _, at_ns, estimate in known)
        placed += [
            Placed(mark=mark, own_at_ns=at_ns, at_ns=at_ns + shift_ns, bound_ns=bound_ns) for mark, at_ns, _ in known
        ]
    return placed


def _forward_only(ordered: Sequence[Mark], reference: ClockDomain) -> list[tuple[Mark, int]]:
    """Stamps, the core's own by running maximum: speculation may finish a step before its predecessor."""
    own: list[tuple[Mark, int]] = []
    latest_ns: int | None = None
    for mark in ordered:
        if mark.domain == reference and mark.name in _CORE_MARKS:
            latest_ns = mark.at_ns if latest_ns is None else max(latest_ns, mark.at_ns)
            own.append((mark, latest_ns))
        else:
            own.append((mark, mark.at_ns))
    return own


def _believed(placed: Sequence[Placed], reference: ClockDomain) -> list[Placed]:
    def trust(one: Placed) -> tuple[bool, bool, int]:
        is_end = one.mark.name in (MarkName.MIC, MarkName.EAR)
        return (one.mark.domain != reference, not is_end, PATH.index(one.mark.name))

    kept: list[Placed] = []
    for one in sorted(placed, key=trust):
        if all(_agree(one, other) for other in kept):
            kept.append(one)
    return kept


def _agree(one: Placed, other: Placed) -> bool:
    first, second = sorted((one, other), key=lambda each: PATH.index(each.mark.name))
    slack_ns = 0 if first.mark.domain == second.mark.domain else first.bound_ns + second.bound_ns
    return first.at_ns - second.at_ns <= slack_ns and second.at_ns - first.at_ns <= TURN_NS_MAX


def _in_order(placed: Iterable[Placed]) -> tuple[Placed, ...]:
    return tuple(sorted(placed, key=lambda one: PATH.index(one.mark.name)))


def _derived(by_name: dict[MarkName, Mark], relations: Sequence[Relation]) -> tuple[Relation, ...]:
    """Relations from the turn's own marks, for neighbouring clocks that have none."""
    found: list[Relation] = []
    for names in _BRACKETS:
        marks = [by_name[name] for name in names if name in by_name]
        if len(marks) < len(names):
            continue
        up, inner_in, inner_out, down = marks
        near, far = up.domain, inner_in.domain
        if near == far or down.domain != near or inner_out.domain != far:
            continue
        sample = ClockSample(t0_ns=up.at_ns, t1_ns=inner_in.at_ns, t2_ns=inner_out.at_ns, t3_ns=down.at_ns)
        is_causal = sample.t2_ns >= sample.t1_ns and sample.rtt_ns >= 0 and sample.t3_ns - sample.t0_ns <= TURN_NS_MAX
        chain = relate((*relations, *found), near, far)
        if is_causal and (chain is None or chain.convert(up.at_ns) is None):
            policy = ClockPolicy()
            found.append(fix_of_exchange(near, far, sample, grain_ns=GRAINS_NS[0], drift_ppm=policy.drift_ppm))
    return tuple(found)


TURN_NS_MAX: Final = 600 * NS_PER_S
"""Marks further apart than this are not of one turn; a client that claims so is not believed."""

_CORE_MARKS: Final = frozenset(PATH[PATH.index(MarkName.CORE_IN) : PATH.index(MarkName.CORE_OUT) + 1])

_BRACKETS: Final = (
    (MarkName.CLIENT_SENT, MarkName.EDGE_IN, MarkName.EDGE_OUT, MarkName.CLIENT_IN),
    (MarkName.EDGE_FORWARDED, MarkName.CORE_IN, MarkName.CORE_OUT, MarkName.EDGE_RECEIVED),
    (MarkName.EDGE_IN, MarkName.CORE_IN, MarkName.CORE_OUT, MarkName.EDGE_RECEIVED),
    (MarkName.CLIENT_SENT, MarkName.CORE_IN, MarkName.CORE_OUT, MarkName.CLIENT_IN),
)
