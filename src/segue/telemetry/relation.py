"""Conversion of instants between clock domains: the contract, one fixed relation, and chains of relations.

Rules: a conversion always says its error bound; bounds of a chain add; where there is no relation the answer is `None`.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from segue.model.time import ClockDomain


class Estimate(NamedTuple):
    """An instant of another clock: `at_ns`, and by how much it may be wrong either way."""

    at_ns: int
    bound_ns: int


class Relation(Protocol):
    """Anything that converts instants of `near` to instants of `far`, and back."""

    @property
    def near(self) -> ClockDomain: ...
    @property
    def far(self) -> ClockDomain: ...
    def convert(self, at_ns: int) -> Estimate | None:
        """From near to far; `None` when it cannot say."""

    def convert_back(self, at_ns: int) -> Estimate | None:
        """From far to near; `None` when it cannot say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFix:
    """Two clocks compared once: `near_at_ns` of one was `far_at_ns` of the other, give or take `bound_ns`."""

    near: ClockDomain
    far: ClockDomain
    near_at_ns: int
    far_at_ns: int
    bound_ns: int
    drift_ppm: int

    def convert(self, at_ns: int) -> Estimate:
        """From near to far; the bound grows with the distance from the fix."""
        away_ns = at_ns - self.near_at_ns
        return Estimate(self.far_at_ns + away_ns, self.bound_ns + self._drift_ns(away_ns))

    def convert_back(self, at_ns: int) -> Estimate:
        """From far to near."""
        away_ns = at_ns - self.far_at_ns
        return Estimate(self.near_at_ns + away_ns, self.bound_ns + self._drift_ns(away_ns))

    def _drift_ns(self, away_ns: int) -> int:
        return -(-abs(away_ns) * self.drift_ppm // 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """One relation of a chain, walked forwards or backwards."""

    relation: Relation
    is_backward: bool

    def step(self, at_ns: int) -> Estimate | None:
        return self.relation.convert_back(at_ns) if self.is_backward else self.relation.convert(at_ns)

    @property
    def end(self) -> ClockDomain:
        return self.relation.near if self.is_backward else self.relation.far


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Relations joined end to end, e.g. client → edge → core. No legs: a domain with itself, exact."""

    near: ClockDomain
    far: ClockDomain
    legs: tuple[Leg, ...]

    def convert(self, at_ns: int) -> Estimate | None:
        """Through all legs; the bounds add up."""
        return _walk(self.legs, at_ns)

    def convert_back(self, at_ns: int) -> Estimate | None:
        """The same, from the far end."""
        back = tuple(Leg(relation=leg.relation, is_backward=not leg.is_backward) for leg in reversed(self.legs))
        return _walk(back, at_ns)


def relate(relations: Iterable[Relation], near: ClockDomain, far: ClockDomain) -> Chain | None:
    """The shortest chain from `near` to `far`, or `None` when they are not related.

    Cost: O(domains x relations); a turn has a handful of each.
    """
    known: Sequence[Relation] = tuple(relations)
    reached: dict[ClockDomain, tuple[Leg, ...]] = {near: ()}
    ahead = deque([near])
    while ahead and far not in reached:
        here = ahead.popleft()
        for relation in known:
            for leg in (Leg(relation=relation, is_backward=False), Leg(relation=relation, is_backward=True)):
                start = relation.far if leg.is_backward else relation.near
                if start == here and leg.end not in reached:
                    reached[leg.end] = (*reached[here], leg)
                    ahead.append(leg.end)
    if far not in reached:
        return None
    return Chain(near=near, far=far, legs=reached[far])


def _walk(legs: Sequence[Leg], at_ns: int) -> Estimate | None:
    bound_ns = 0
    for leg in legs:
        step = leg.step(at_ns)
        if step is None:
            return None
        at_ns = step.at_ns
        bound_ns += step.bound_ns
    return Estimate(at_ns, bound_ns)
