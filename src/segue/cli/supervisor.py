"""`segue up`: the roles as child processes, restarted when they die.

Rules: a child that ends without being asked is started again, at once the first time, then with growing pauses up to
`RESTART_PAUSE_MS_MAX`; a child that keeps failing within `HEALTHY_AFTER_MS` of its start ends the whole after
`QUICK_FAILURES_MAX` tries, with what it said last. Stopping is SIGTERM, then SIGKILL after `STOP_GRACE_MS`.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO

from segue.adapters.clock.port import Clock
from segue.cli.parent import SUPERVISED
from segue.model.errors import ConfigError
from segue.model.time import NS_PER_MS

RESTART_PAUSE_MS_MAX = 2_000
HEALTHY_AFTER_MS = 5_000
QUICK_FAILURES_MAX = 5
STOP_GRACE_MS = 5_000
CONFIG_EXIT = 78
"""Exit status (sysexits `EX_CONFIG`) of a child that cannot be helped by starting it again."""


@dataclass(slots=True)
class Role:
    """One child: its name, its command, and the process running now."""

    name: str
    command: Sequence[str]
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    quick_failures: int = field(default=0)


@dataclass(slots=True)
class Supervisor:
    """`run` keeps the roles alive until cancelled; `on_change(role, what)` is told of starts and deaths.

    What the roles log goes to `log`, else to this process's stderr.
    """

    roles: Sequence[Role]
    clock: Clock
    on_change: Callable[[Role, str], None]
    log: IO[bytes] | None = None

    async def run(self) -> None:
        """Keep every role running.

        Raises:
            ConfigError: A role cannot run: it says so itself, or fails again and again right after its start.
        """
        try:
            async with asyncio.TaskGroup() as tasks:
                for role in self.roles:
                    tasks.create_task(self._keep(role), name=f"supervise.{role.name}")
        finally:
            await asyncio.shield(self._stop_all())

    async def _keep(self, role: Role) -> None:
        while True:
            began = self.clock.mono_ns()
            role.process = await asyncio.create_subprocess_exec(
                *role.command,
                stdin=asyncio.subprocess.DEVNULL,
                stderr=self.log,
                env={**os.environ, SUPERVISED: str(os.getpid())},
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops its children in order
            )
            self.on_change(role, "started")
            status = await role.process.wait()
            if status == CONFIG_EXIT:
                raise ConfigError(role.name, "cannot run with this configuration", hint="its message is above")
            lived_ms = (self.clock.mono_ns() - began) / NS_PER_MS
            role.quick_failures = role.quick_failures + 1 if lived_ms < HEALTHY_AFTER_MS else 0
            if role.quick_failures >= QUICK_FAILURES_MAX:
                raise ConfigError(
                    role.name, f"failed {QUICK_FAILURES_MAX} times right after its start (status {status})"
                )
            role.restarts += 1
            self.on_change(role, _death(status))
            await asyncio.sleep(min(RESTART_PAUSE_MS_MAX, 100 * (2**role.quick_failures - 1)) / 1000)

    async def _stop_all(self) -> None:
        await asyncio.gather(*(_stop(role) for role in self.roles))


async def _stop(role: Role) -> None:
    process = role.process
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_GRACE_MS / 1000)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _death(status: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name}, starting it again"
    return f"ended with status {status}, starting it again"
