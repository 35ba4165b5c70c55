"""`segue core`: what it hands to the core's server, and that it lets go of what it opened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from segue.cli import core_role
from segue.cli.core_role import run_core_role
from segue.cli.starter import write_starter
from segue.core.config import CoreConfig
from segue.model.errors import ConfigError
from segue.worker.providers import Providers


class Ran:
    """Stands for the core's server and the providers: keeps what came, and in which order things closed."""

    def __init__(self) -> None:
        self.config: CoreConfig | None = None
        self.parts: dict[str, Any] = {}
        self.closed: list[str] = []
        self.providers = Providers(tts={"local": SimpleNamespace(voices=("heart", "nova"))})  # type: ignore[dict-item]

    async def __call__(self, config: CoreConfig, **parts: Any) -> None:
        self.config, self.parts = config, parts
        await parts["store"].sessions(limit=1)

    @asynccontextmanager
    async def build(self, settings: Any, agent: Any) -> AsyncIterator[Any]:
        yield SimpleNamespace(providers=self.providers, vad="vad", warm="warm")
        self.closed.append("providers")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> Ran:
    made = Ran()
    monkeypatch.setattr(core_role, "run_core", made)
    monkeypatch.setattr(core_role, "build_providers", made.build)
    monkeypatch.setattr(core_role, "follow_parent", lambda: None)
    monkeypatch.setattr(core_role, "print_logs", lambda: None)
    return made


async def test_without_an_agent_it_is_a_plain_assistant(ran: Ran) -> None:
    await run_core_role(None, None, {"core": {"listen": "127.0.0.1:7"}})
    assert ran.config is not None
    assert ran.config.listen == "127.0.0.1:7"
    assert ran.parts["agent"].name == "assistant"
    assert (ran.parts["vad"], ran.parts["warm"]) == ("vad", "warm")
    assert ran.closed == ["providers"]


async def test_the_agent_s_voices_are_those_of_its_speaker(ran: Ran) -> None:
    await run_core_role(None, None, {})
    assert ran.parts["agent"].voices == ("heart", "nova")
    ran.providers = Providers()
    await run_core_role(None, None, {})
    assert ran.parts["agent"].voices == ()


async def test_the_agent_file_and_the_installation_s_fallbacks_are_used(ran: Ran) -> None:
    write_starter(Path("agent.py"))
    await run_core_role(Path("agent.py"), None, {"use": {"llm": ["vllm", "local"]}})
    spec = ran.parts["agent"]
    assert spec.name == "shop"
    assert (spec.policies.generate.provider, spec.policies.generate.fallbacks) == ("vllm", ("local",))


async def test_cold_models_stay_cold_if_asked(ran: Ran) -> None:
    await run_core_role(None, None, {"use": {"warm": False}})
    assert ran.parts["warm"] is None


async def test_a_core_that_fails_lets_go_of_journal_and_models(ran: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(_: CoreConfig, **parts: Any) -> None:
        ran.parts = parts
        raise ConfigError("core.listen", "is taken")

    monkeypatch.setattr(core_role, "run_core", fail)
    with pytest.raises(ConfigError, match="is taken"):
        await run_core_role(None, None, {})
    with pytest.raises(Exception, match="clos"):
        await ran.parts["store"].sessions(limit=1)


async def test_an_agent_that_is_not_there_is_named(ran: Ran) -> None:
    with pytest.raises(ConfigError, match=r"nobody\.py: there is no such file"):
        await run_core_role(Path("nobody.py"), None, {})
