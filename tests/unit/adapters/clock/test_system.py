"""The machine's clock."""

import time

from segue.adapters.clock.system import SystemClock


def test_it_tells_the_machines_time() -> None:
    clock = SystemClock()
    first = clock.mono_ns()
    assert 0 < first <= clock.mono_ns()
    assert abs(clock.wall_ms() - time.time() * 1000) < 60_000
