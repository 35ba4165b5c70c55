"""Instants and deadlines."""

from dataclasses import FrozenInstanceError

import pytest

from segue.model.time import NS_PER_MS, NS_PER_S, Deadline, MonoNs, ms


def test_milliseconds_become_whole_nanoseconds() -> None:
    assert ms(1) == NS_PER_MS == NS_PER_S // 1_000
    assert ms(0.5) == 500_000
    assert ms(0) == 0
    assert isinstance(ms(1.25), int)


def test_a_deadline_is_a_frozen_value_with_its_reason() -> None:
    deadline = Deadline(at=MonoNs(5), reason="beat")
    assert deadline == Deadline(at=MonoNs(5), reason="beat")
    with pytest.raises(FrozenInstanceError):
        deadline.at = MonoNs(6)  # type: ignore[misc]
