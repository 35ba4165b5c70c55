"""`segue up`: all roles on one machine, supervised."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import aiohttp
from rich.console import Console

from segue.adapters.clock.system import SystemClock
from segue.agent import load_agent
from segue.cli.config import Settings, load_settings
from segue.cli.installation import Installation
from segue.cli.roles import Flags, core_config, edge_config, edge_url, installation_of, journal_config
from segue.cli.supervisor import Role, Supervisor
from segue.model.errors import ConfigError

READY_MS_MAX = 60_000
"""What a start may take on a slow machine with cold models."""

READY_POLL_MS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A Segue that is up: where it is, what gets in, and its processes."""

    url: str
    api_key: str
    supervisor: Supervisor
    task: "asyncio.Task[None]"

    def pid(self, role: str) -> int | None:
        """Process id of a role now, None while it is down."""
        for each in self.supervisor.roles:
            if each.name == role and each.process is not None and each.process.returncode is None:
                return each.process.pid
        return None

    async def ready(self) -> bool:
        """Wait until the edge serves and has a core; false if it was told to stop before.

        Raises:
            ConfigError: It took too long.
        """
        async with aiohttp.ClientSession() as http:
            for _ in range(READY_MS_MAX // READY_POLL_MS):
                if self.task.done():
                    await self.ended()
                    return False
                try:
                    async with http.get(f"{self.url}/readyz", ssl=False) as answer:
                        if answer.status == 200:
                            return True
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(READY_POLL_MS / 1000)
        raise ConfigError("segue", f"was not ready after {READY_MS_MAX // 1000} s", hint="its messages are above")

    async def ended(self) -> None:
        """Wait until told to stop, or until a role cannot go on; then raise why."""
        await asyncio.wait([self.task])
        if not self.task.cancelled():
            self.task.result()


@asynccontextmanager
async def start_up(
    agent_file: Path | None, path: Path | None, flags: Flags, console: Console, log: IO[bytes] | None = None
) -> AsyncIterator[Running]:
    """Run all roles as child processes while inside.

    Raises:
        ConfigError: Something that starting again cannot mend; the role's own message is in `log`, else on stderr.
    """
    settings = load_settings(path, flags)
    if agent_file is not None:
        load_agent(agent_file)  # the same message once, before anything is started
    edge, installation = edge_config(settings), installation_of(settings)
    core_config(settings)
    journal_config(settings)
    merged = _write_merged(settings, installation)
    command = (sys.executable, "-m", "segue.cli")
    agent = (str(agent_file),) if agent_file is not None else ()
    roles = (
        Role(name="core", command=(*command, "core", *agent, "--config", str(merged))),
        Role(name="edge", command=(*command, "edge", "--config", str(merged))),
    )

    def on_change(role: Role, what: str) -> None:
        if role.restarts or what != "started":
            console.print(f"[dim]{role.name}: {what}[/dim]", highlight=False)

    supervisor = Supervisor(roles, SystemClock(), on_change, log)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(supervisor.run(), name="supervisor")
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        try:
            yield Running(url=edge_url(edge), api_key=edge.api_keys[0], supervisor=supervisor, task=task)
        finally:
            task.cancel()


async def run_up(agent_file: Path | None, path: Path | None, flags: Flags, console: Console) -> None:
    """Run all roles until Ctrl-C or SIGTERM."""
    async with start_up(agent_file, path, flags, console) as running:
        if not await running.ready():
            return
        core, edge = running.pid("core"), running.pid("edge")
        console.print(f"Segue is up at [bold]{running.url}[/bold]   (Ctrl-C stops)", highlight=False)
        console.print(f"[dim]core is process {core}, edge is process {edge}: kill -9 either[/dim]", highlight=False)
        await running.ended()


def _write_merged(settings: Settings, installation: Installation) -> Path:
    """Hand the merged configuration to the children, in a file only we can read: it may hold keys."""
    path = installation.folder / "running.json"
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(settings.merged.as_dict()))
    draft.replace(path)
    return path
