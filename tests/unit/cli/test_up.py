"""`segue up`: what is checked before anything starts, what the children are told, and what is told of them."""

import asyncio
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from segue.cli import up as module
from segue.cli.supervisor import Role
from segue.cli.up import Running, run_up, start_up
from segue.model.errors import ConfigError
from tests.unit.cli.conftest import Screen


class FakeSupervisor:
    """Starts nothing; lets the test say what happens to a role."""

    def __init__(self, roles: tuple[Role, ...], clock: object, on_change: Any, log: object) -> None:
        self.roles = roles
        self.on_change = on_change
        self.fails_with: Exception | None = None

    async def run(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with
        await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> list[FakeSupervisor]:
    """The supervisors that were made."""
    seen: list[FakeSupervisor] = []

    def make(*given: Any) -> FakeSupervisor:
        seen.append(FakeSupervisor(*given))
        return seen[-1]

    monkeypatch.setattr(module, "Supervisor", make)
    return seen


def content(path: Path) -> str:
    return path.read_text()


async def test_the_children_get_the_merged_configuration_in_a_private_file(
    screen: Screen, made: list[FakeSupervisor]
) -> None:
    async with start_up(None, None, {"edge": {"port": 81}, "use": {"warm": False}}, screen.console) as running:
        core, edge = made[0].roles
        merged = Path(".segue/running.json")
        assert core.command == (sys.executable, "-m", "segue.cli", "core", "--config", str(merged))
        assert edge.command == (sys.executable, "-m", "segue.cli", "edge", "--config", str(merged))
        assert json.loads(content(merged)) == {"edge": {"port": 81}, "use": {"warm": False}}
        assert os.stat(merged).st_mode & 0o777 == 0o600
        assert running.url == "http://localhost:81"
        assert running.api_key.startswith("sk-segue-")
    assert running.task.cancelled()


async def test_deaths_are_told_and_first_starts_are_not(screen: Screen, made: list[FakeSupervisor]) -> None:
    async with start_up(None, None, {}, screen.console):
        core, _ = made[0].roles
        made[0].on_change(core, "started")
        core.restarts = 1
        made[0].on_change(core, "killed by SIGKILL, starting it again")
        made[0].on_change(core, "started")
    assert screen.lines == ["core: killed by SIGKILL, starting it again", "core: started"]


@pytest.mark.parametrize(
    ("agent", "flags", "says"),
    [
        (Path("nobody.py"), {}, r"nobody\.py: there is no such file"),
        (None, {"edge": {"port": -1}}, r"edge\.port"),
        (None, {"core": {"listen": "nowhere"}}, r"core\.listen"),
        (None, {"journal": {"readers": 0}}, "readers"),
    ],
)
async def test_what_cannot_run_is_said_before_anything_starts(
    screen: Screen, made: list[FakeSupervisor], agent: Path | None, flags: dict[str, Any], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        async with start_up(agent, None, flags, screen.console):
            pass
    assert made == []


async def test_a_role_that_cannot_go_on_ends_it(
    screen: Screen, made: list[FakeSupervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_ready(_: Running) -> bool:
        made[0].fails_with = ConfigError("edge", "cannot run with this configuration")
        return True

    monkeypatch.setattr(Running, "ready", is_ready)
    with pytest.raises(ExceptionGroup) as caught:
        await run_up(None, None, {}, screen.console)
    assert "cannot run" in str(caught.value.exceptions[0])


async def test_being_up_is_told_with_what_may_be_killed(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    async def is_ready(_: Running) -> bool:
        return True

    async def has_ended(_: Running) -> None:
        return

    monkeypatch.setattr(Running, "ready", is_ready)
    monkeypatch.setattr(Running, "ended", has_ended)
    monkeypatch.setattr(Running, "pid", lambda _, role: {"core": 11, "edge": 22}[role])
    await run_up(None, None, {}, screen.console)
    assert screen.lines == [
        "Segue is up at http://localhost:8080   (Ctrl-C stops)",
        "core is process 11, edge is process 22: kill -9 either",
    ]


async def test_told_to_stop_before_it_was_ready_it_waits_no_longer(screen: Screen) -> None:
    async with start_up(None, None, {}, screen.console) as running:
        running.task.cancel()
        await asyncio.wait([running.task])
        assert not await running.ready()


async def test_a_role_has_a_process_id_while_it_runs() -> None:
    core = Role(name="core", command=())
    task: Any = asyncio.get_running_loop().create_future()
    task.set_result(None)
    supervisor: Any = SimpleNamespace(roles=(core,))
    running = Running(url="", api_key="", supervisor=supervisor, task=task)
    assert running.pid("core") is None
    process: Any = SimpleNamespace(returncode=None, pid=7)
    core.process = process
    assert (running.pid("core"), running.pid("edge")) == (7, None)
    process.returncode = -9
    assert running.pid("core") is None
    await running.ended()
