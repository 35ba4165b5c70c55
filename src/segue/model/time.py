"""Instants, and the clock domains they belong to.

Rules: durations come from the monotonic clock of one process, in integer nanoseconds; wall time is for people and
records and decides nothing; stamps of two domains are never subtracted except through a measured relation
(`telemetry.clock`).
"""

from dataclasses import dataclass
from typing import Generic, NewType, TypeVar

MonoNs = NewType("MonoNs", int)
"""An instant of this process's monotonic clock."""

WallMs = NewType("WallMs", int)
"""Milliseconds since the Unix epoch, for people and records only."""

ClockDomain = NewType("ClockDomain", str)
"""Names the clock that took a stamp, e.g. `client`, `edge:<node>`, `core:<node>`."""

R = TypeVar("R")

NS_PER_MS = 1_000_000
NS_PER_S = 1_000_000_000


def ms(value: float) -> int:
    """Nanoseconds of `value` milliseconds."""
    return int(value * NS_PER_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline(Generic[R]):
    """When a machine wants to be called again, and which of its timers that is."""

    at: MonoNs
    reason: R
