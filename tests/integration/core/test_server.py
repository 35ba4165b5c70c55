"""The core process itself: its ports, its probes, its first call over a real trunk, and how it stops."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from segue.adapters.store.memory import MemoryStore
from segue.adapters.trunk.link import dial_trunk
from segue.adapters.trunk.port import CORE, EDGE, ClockSample, TrunkAddress, TrunkIdentity, TrunkLink
from segue.adapters.vad.fake import EnergyVadFactory
from segue.agent import Agent
from segue.core.config import CoreConfig
from segue.core.server import CoreReady, run_core
from segue.model.errors import ConfigError, ProviderError
from segue.model.time import MonoNs
from segue.wire.trunk import AnyFrame, Drain, Open, Opened
from segue.worker.runner import OperationRunner
from tests.support.harness import CLOCK, KEY, FlakyStore, fixed_providers, until

AGENT = Agent(name="tester", instructions="Be nice.")


class Edge:
    """The dialling end: collects what it is told."""

    def __init__(self) -> None:
        self.frames: list[AnyFrame] = []
        self.reason: str | None = None

    def on_linked(self, link: TrunkLink) -> None: ...

    def on_frame(self, link: TrunkLink, frame: AnyFrame, in_ns: MonoNs) -> None:
        self.frames.append(frame)

    def on_clear(self, link: TrunkLink, flow: int | None) -> None: ...

    def on_clock_sample(self, link: TrunkLink, sample: ClockSample) -> None: ...

    def on_suspected(self, link: TrunkLink, silent_ms: int) -> None: ...

    def on_trusted(self, link: TrunkLink) -> None: ...

    def on_unlinked(self, link: TrunkLink, reason: str) -> None:
        self.reason = reason

    def on_rejected(self, peer_host: str, reason: str) -> None: ...


@asynccontextmanager
async def running(
    store: Any = None, warm: Callable[[], Any] | None = None, **fields: Any
) -> AsyncIterator[tuple[CoreReady, asyncio.Task[None]]]:
    config = CoreConfig(**{"fleet_key": KEY, "listen": "127.0.0.1:0", "ops": "127.0.0.1:0", **fields})
    told: asyncio.Future[CoreReady] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(
            run_core(
                config,
                agent=AGENT.spec(),
                worker=OperationRunner(fixed_providers(AGENT)),
                vad=EnergyVadFactory(),
                store=store or MemoryStore(CLOCK),
                warm=warm,
                ready=told.set_result,
            ),
            name="core",
        )
        try:
            yield await told, task
        finally:
            task.cancel()


async def probe(ready: CoreReady, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as http, http.get(f"http://{ready.ops}{path}") as answer:
        return answer.status, await answer.text()


async def dial(address: TrunkAddress, edge: Edge) -> TrunkLink:
    identity = TrunkIdentity(node="edge-1", role=EDGE, fleet_key=KEY.encode())
    return await dial_trunk(address, identity, peer_role=CORE, handler=edge, clock=CLOCK)


async def test_it_is_ready_once_warm_and_shows_its_numbers():
    gate = asyncio.Event()
    async with running(warm=gate.wait) as (ready, _):
        assert await probe(ready, "/healthz") == (200, "ok\n")
        assert await probe(ready, "/readyz") == (503, "starting\n")
        gate.set()
        for _ in range(200):
            if (await probe(ready, "/readyz"))[0] == 200:
                break
        assert await probe(ready, "/readyz") == (200, "ready\n")
        edge = Edge()
        link = await dial(ready.trunk, edge)
        link.send(Open(1, "sess_aaaaaaaaaaaaa", "s", True, False, b"{}"))
        await until(lambda: any(isinstance(frame, Opened) for frame in edge.frames))
        text = (await probe(ready, "/metrics"))[1]
        assert "segue_core_sessions 1.0" in text
        assert "segue_core_edges 1.0" in text


async def test_stopping_drains_and_ends_links():
    async with running() as (ready, task):
        edge = Edge()
        link = await dial(ready.trunk, edge)
        link.send(Open(1, "sess_aaaaaaaaaaaaa", "s", True, False, b"{}"))
        await until(lambda: any(isinstance(frame, Opened) for frame in edge.frames))
        task.cancel()
        await until(lambda: edge.reason is not None)
        assert any(isinstance(frame, Drain) for frame in edge.frames)
        await until(task.done)


async def test_a_port_in_use_says_so():
    async with running(ops="") as (ready, _):
        with pytest.raises(ExceptionGroup) as caught:
            async with running(listen=str(ready.trunk), ops=""):
                pass
        assert caught.value.subgroup(lambda e: isinstance(e, ConfigError) and "in use" in str(e))
    async with running() as (ready, _):
        with pytest.raises(ExceptionGroup) as caught:
            async with running(ops=str(ready.ops)):
                pass
        assert caught.value.subgroup(lambda e: isinstance(e, ConfigError) and "core.ops" in str(e))


async def test_a_model_that_cannot_be_loaded_ends_it_and_one_that_is_away_does_not():
    async def missing() -> None:
        raise ProviderError("local", "the file is gone", retryable=False)

    async def away() -> None:
        raise ProviderError("openai", "no route", retryable=True)

    with pytest.raises(ExceptionGroup) as caught:
        async with running(warm=missing) as (_, task):
            await asyncio.wait([task])
    assert caught.value.subgroup(lambda e: isinstance(e, ConfigError) and "file is gone" in str(e))
    store = FlakyStore()
    store.is_away = True
    async with running(store, warm=away) as (ready, _):
        for _ in range(200):
            if (await probe(ready, "/readyz"))[0] == 200:
                break
        assert (await probe(ready, "/readyz"))[0] == 200


async def test_a_certificate_that_cannot_be_read_is_named(tmp_path):
    file = tmp_path / "x.pem"
    file.write_text("no certificate")
    with pytest.raises(ExceptionGroup) as caught:
        async with running(trunk_cert=str(file), trunk_key=str(file)):
            pass
    assert caught.value.subgroup(lambda e: isinstance(e, ConfigError) and "trunk_cert" in str(e))
