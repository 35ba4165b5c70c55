"""Starting the roles: each from its section of the configuration, completed with what this installation made up."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from segue.adapters.clock.system import SystemClock
from segue.adapters.store.schema import SqliteConfig
from segue.adapters.store.sqlite import SqliteStore
from segue.agent import Agent, Providers, load_agent
from segue.cli.config import Settings, load_settings
from segue.cli.installation import Installation, open_installation
from segue.cli.providers import Built, build_providers
from segue.cli.supervisor import Role, Supervisor
from segue.core.config import CoreConfig
from segue.core.server import run_core
from segue.edge.config import EdgeConfig
from segue.edge.server import run_edge
from segue.voice.agent import AgentSpec
from segue.worker.runner import OperationRunner

Flags = Mapping[str, Mapping[str, Any]]

DEFAULT_AGENT = Agent(
    name="assistant",
    instructions="You are a friendly assistant. Answer in one or two short sentences.",
)


def edge_config(settings: Settings) -> EdgeConfig:
    """The edge's section; the installation's keys where none are configured."""
    installation = _installation(settings)
    defaults = {"fleet_key": installation.fleet_key, "api_keys": (installation.api_key,)}
    return settings.merged.build("edge", EdgeConfig, defaults)


def core_config(settings: Settings) -> CoreConfig:
    """The core's section; the installation's key where none is configured."""
    return settings.merged.build("core", CoreConfig, {"fleet_key": _installation(settings).fleet_key})


def journal_config(settings: Settings) -> SqliteConfig:
    """The journal's section; it lies in the state folder unless said otherwise."""
    return settings.merged.build("journal", SqliteConfig, {"path": Path(settings.state.dir) / "journal.db"})


async def run_edge_role(path: Path | None, flags: Flags) -> None:
    """Run one edge until it is told to stop.

    Raises:
        ConfigError: The configuration cannot be used, or the port is taken.
    """
    await run_edge(edge_config(load_settings(path, flags)))


async def run_core_role(agent_file: Path | None, path: Path | None, flags: Flags) -> None:
    """Run one core, with the worker's runtime inside, until it is told to stop.

    Raises:
        ConfigError: The configuration, the agent or the journal cannot be used.
        JournalTooNew: A newer release wrote the journal.
    """
    settings = load_settings(path, flags)
    agent = load_agent(agent_file) if agent_file is not None else DEFAULT_AGENT
    config, journal = core_config(settings), journal_config(settings)
    async with build_providers(settings, agent) as built:
        store = await SqliteStore.open(journal, SystemClock())
        try:
            await run_core(
                config,
                agent=_spec(agent, settings, built),
                worker=OperationRunner(built.providers),
                vad=built.vad,
                store=store,
                warm=built.warm if settings.use.warm else None,
            )
        finally:
            await store.close()


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

    async def ended(self) -> None:
        """Wait until a role cannot go on; ends with Ctrl-C otherwise."""
        await self.task


@asynccontextmanager
async def start_up(
    agent_file: Path | None, path: Path | None, flags: Flags, console: Console
) -> AsyncIterator[Running]:
    """Run all roles as child processes while inside.

    Raises:
        ConfigError: Something that starting again cannot mend; a role's own message is on stderr.
    """
    settings = load_settings(path, flags)
    if agent_file is not None:
        load_agent(agent_file)  # the same message once, before anything is started
    edge, installation = edge_config(settings), _installation(settings)
    core_config(settings)
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

    supervisor = Supervisor(roles, SystemClock(), on_change)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(supervisor.run(), name="supervisor")
        try:
            scheme = "https" if edge.tls_cert else "http"
            host = "localhost" if edge.host in ("127.0.0.1", "0.0.0.0", "::", "::1") else edge.host  # noqa: S104 - a URL
            yield Running(
                url=f"{scheme}://{host}:{edge.port}", api_key=edge.api_keys[0], supervisor=supervisor, task=task
            )
        finally:
            task.cancel()


async def run_up(agent_file: Path | None, path: Path | None, flags: Flags, console: Console) -> None:
    """Run all roles until Ctrl-C."""
    async with start_up(agent_file, path, flags, console) as running:
        console.print(f"Segue is starting at [bold]{running.url}[/bold]   (Ctrl-C stops)", highlight=False)
        await running.ended()


def _spec(agent: Agent, settings: Settings, built: Built) -> AgentSpec:
    """The agent with the providers in force; its voices are those of the first one that speaks."""
    use = settings.use
    spec = agent.spec(defaults=Providers(stt=use.stt, eot=use.eot, llm=use.llm, tts=use.tts))
    speaker = built.providers.tts.get(spec.policies.synthesize.provider)
    return replace(spec, voices=speaker.voices) if speaker is not None else spec


def _installation(settings: Settings) -> Installation:
    return open_installation(Path(settings.state.dir))


def _write_merged(settings: Settings, installation: Installation) -> Path:
    """Hand the merged configuration to the children, in a file only we can read: it may hold keys."""
    path = installation.folder / "running.json"
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(json.dumps(settings.merged.as_dict()))
    draft.replace(path)
    return path
