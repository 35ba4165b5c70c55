"""A clock that moves when it is told to."""

from segue.model.time import NS_PER_MS, MonoNs, WallMs


class FakeClock:
    """Starts at the given instants; `advance` moves both, `step_wall` only the wall clock (as NTP or a person does)."""

    def __init__(self, *, mono_ns: int = 1, wall_ms: int = 1_700_000_000_000) -> None:
        self._mono_ns = mono_ns
        self._wall_ns = wall_ms * NS_PER_MS

    def mono_ns(self) -> MonoNs:
        return MonoNs(self._mono_ns)

    def wall_ms(self) -> WallMs:
        return WallMs(self._wall_ns // NS_PER_MS)

    def advance(self, ns: int) -> None:
        """Let `ns` >= 0 nanoseconds pass."""
        assert ns >= 0, "a monotonic clock never goes back"
        self._mono_ns += ns
        self._wall_ns += ns

    def step_wall(self, ms: int) -> None:
        """Step the wall clock by `ms`, either way, as a correction would."""
        self._wall_ns += ms * NS_PER_MS
