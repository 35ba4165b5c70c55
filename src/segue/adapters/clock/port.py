"""What a clock tells: instants of one monotonic clock, and wall time for people."""

from typing import Protocol

from segue.model.time import MonoNs, WallMs


class Clock(Protocol):
    """One process's clock."""

    def mono_ns(self) -> MonoNs:
        """Now, on a clock that never goes back. Only differences within one process mean anything."""
        ...

    def wall_ms(self) -> WallMs:
        """Now, since the Unix epoch; it may jump. For people and records, never for a decision."""
        ...
