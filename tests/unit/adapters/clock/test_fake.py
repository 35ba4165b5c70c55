"""The fake clock moves when it is told to."""

import pytest

from segue.adapters.clock.fake import FakeClock


def test_it_stands_still_until_it_is_moved() -> None:
    clock = FakeClock(mono_ns=5, wall_ms=1_000)
    assert (clock.mono_ns(), clock.wall_ms()) == (5, 1_000)
    clock.advance(2_000_000)
    assert (clock.mono_ns(), clock.wall_ms()) == (2_000_005, 1_002)
    clock.step_wall(-500)
    assert (clock.mono_ns(), clock.wall_ms()) == (2_000_005, 502)


def test_it_never_goes_back() -> None:
    with pytest.raises(AssertionError, match="never goes back"):
        FakeClock().advance(-1)
