"""`segue core`: the sessions and, in the same process, the worker's runtime with the agent's code and the models."""

from dataclasses import replace
from pathlib import Path

from segue.adapters.clock.system import SystemClock
from segue.adapters.store.sqlite import SqliteStore
from segue.agent import Agent, Providers, load_agent
from segue.cli.collector import settle_collector
from segue.cli.config import Settings, load_settings
from segue.cli.logs import print_logs
from segue.cli.parent import follow_parent
from segue.cli.providers import Built, build_providers
from segue.cli.roles import Flags, core_config, journal_config
from segue.core.server import run_core
from segue.voice.agent import AgentSpec
from segue.worker.runner import OperationRunner

DEFAULT_AGENT = Agent(
    name="assistant",
    instructions="You are a friendly assistant. Answer in one or two short sentences.",
)


async def run_core_role(agent_file: Path | None, path: Path | None, flags: Flags) -> None:
    """Run one core, with the worker's runtime inside, until it is told to stop.

    Raises:
        ConfigError: The configuration, the agent or the journal cannot be used.
        JournalTooNew: A newer release wrote the journal.
    """
    follow_parent()
    print_logs()
    settings = load_settings(path, flags)
    agent = load_agent(agent_file) if agent_file is not None else DEFAULT_AGENT
    config, journal = core_config(settings), journal_config(settings)
    async with build_providers(settings, agent) as built:
        store = await SqliteStore.open(journal, SystemClock())
        try:
            settle_collector()
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


def _spec(agent: Agent, settings: Settings, built: Built) -> AgentSpec:
    """The agent with the providers in force; its voices are those of the first one that speaks."""
    use = settings.use
    spec = agent.spec(defaults=Providers(stt=use.stt, eot=use.eot, llm=use.llm, tts=use.tts))
    speaker = built.providers.tts.get(spec.policies.synthesize.provider)
    return replace(spec, voices=speaker.voices) if speaker is not None else spec
