"""The machine's own clock."""

import time

from segue.model.time import NS_PER_MS, MonoNs, WallMs


class SystemClock:
    """Reads CLOCK_MONOTONIC and CLOCK_REALTIME."""

    def mono_ns(self) -> MonoNs:
        return MonoNs(time.monotonic_ns())

    def wall_ms(self) -> WallMs:
        return WallMs(time.time_ns() // NS_PER_MS)
