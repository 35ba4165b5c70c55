"""The supervisor: restarts what dies, gives up on what cannot live."""

import asyncio
import sys

import pytest

from segue.adapters.clock.system import SystemClock
from segue.cli import supervisor
from segue.cli.supervisor import CONFIG_EXIT, Role, Supervisor
from segue.model.errors import ConfigError


def role(code: str) -> Role:
    return Role(name="child", command=(sys.executable, "-c", code))


async def test_a_killed_child_is_started_again_and_stopped_at_the_end() -> None:
    changes: list[str] = []
    child = role("import time; time.sleep(60)")
    twice = asyncio.Event()

    def on_change(who: Role, what: str) -> None:
        changes.append(what)
        if what == "started":
            assert who.process is not None
            if who.restarts == 0:
                who.process.kill()
            else:
                twice.set()

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(Supervisor([child], SystemClock(), on_change).run(), name="supervisor")
        await asyncio.wait_for(twice.wait(), 10)
        running.cancel()

    assert changes == ["started", "killed by SIGKILL, starting it again", "started"]
    assert child.process is not None
    assert child.process.returncode is not None


async def test_a_child_that_cannot_be_configured_ends_the_whole() -> None:
    with pytest.raises(BaseExceptionGroup) as caught:
        await Supervisor([role(f"raise SystemExit({CONFIG_EXIT})")], SystemClock(), lambda *_: None).run()
    assert "child: cannot run with this configuration" in str(caught.value.exceptions[0])


async def test_a_child_that_always_fails_at_once_ends_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RESTART_PAUSE_MS_MAX", 1)
    monkeypatch.setattr(supervisor, "QUICK_FAILURES_MAX", 2)
    with pytest.raises(BaseExceptionGroup) as caught:
        await Supervisor([role("raise SystemExit(3)")], SystemClock(), lambda *_: None).run()
    error = caught.value.exceptions[0]
    assert isinstance(error, ConfigError)
    assert "failed 2 times right after its start (status 3)" in str(error)
