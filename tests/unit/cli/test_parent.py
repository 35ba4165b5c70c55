"""A supervised role follows its supervisor; any other process follows nobody."""

import os
import signal

import pytest

from segue.cli import parent
from segue.cli.parent import SUPERVISED, follow_parent


class Kernel:
    """What the process asked of the kernel."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[int, ...]] = []
        self.killed: list[tuple[int, int]] = []
        monkeypatch.setattr(parent.ctypes, "CDLL", lambda _: self)
        monkeypatch.setattr(os, "kill", lambda *given: self.killed.append(given))

    def prctl(self, *given: int) -> None:
        self.asked.append(given)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(monkeypatch)


def test_started_by_a_supervisor_it_asks_to_end_with_it(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SUPERVISED, str(os.getppid()))
    follow_parent()
    assert kernel.asked == [(1, signal.SIGTERM)]
    assert kernel.killed == []


def test_a_supervisor_that_was_gone_before_is_noticed(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SUPERVISED, "1" if os.getppid() != 1 else "2")
    follow_parent()
    assert kernel.killed == [(os.getpid(), signal.SIGTERM)]


def test_alone_it_follows_nobody(kernel: Kernel) -> None:
    follow_parent()
    assert kernel.asked == []


def test_elsewhere_than_on_linux_it_does_nothing(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SUPERVISED, str(os.getppid()))
    monkeypatch.setattr(parent.sys, "platform", "darwin")
    follow_parent()
    assert kernel.asked == []
