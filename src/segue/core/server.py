"""The core process: listens for edges, runs sessions, stops when told to."""

import asyncio
import secrets
import signal
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from segue.adapters.clock.system import SystemClock
from segue.adapters.store.port import Store
from segue.adapters.trunk.listener import serve_trunk
from segue.adapters.trunk.port import CORE, EDGE, TrunkAddress, TrunkIdentity
from segue.adapters.vad.port import VadFactory
from segue.core.clocks import EdgeClocks, core_domain
from segue.core.config import CoreConfig
from segue.core.links import EdgeLinks
from segue.core.metrics import CoreMetrics
from segue.core.operations import Worker
from segue.core.ops import serve_ops
from segue.core.parts import CoreParts
from segue.core.sessions import Sessions
from segue.model.errors import ConfigError, ProviderError, StoreUnavailable
from segue.model.ids import NodeId
from segue.session.config import SessionConfig
from segue.voice.agent import AgentSpec
from segue.wire.token import KeyRing

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Warm = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreReady:
    """Told once: edges find the core here. Ports are the real ones when 0 was asked for."""

    node: str
    trunk: TrunkAddress
    ops: TrunkAddress | None


@dataclass(slots=True)
class _Readiness:
    """Why no session should be sent here now; None once they may come."""

    reason: str | None = "starting"


async def run_core(
    config: CoreConfig,
    *,
    agent: AgentSpec,
    worker: Worker,
    vad: VadFactory,
    store: Store,
    warm: Warm | None = None,
    ready: Callable[[CoreReady], None] | None = None,
) -> None:
    """Run until cancelled, or until SIGTERM or SIGINT; then make durable what is known, close the links and return.

    Args:
        config: The operator's.
        agent: Whose sessions run here.
        worker: Does their operations (`segue.worker.OperationRunner`).
        vad: Makes each session's detector.
        store: The journal; whoever opened it closes it.
        warm: Loads the models behind the first connections; None leaves that to the first turn.
        ready: Called when edges may come.
    Raises:
        ConfigError: An address cannot be listened on, a certificate cannot be read, a model cannot be loaded.
    """
    parts = _make_parts(config, agent, worker, vad, store)
    identity = TrunkIdentity(node=parts.node, role=CORE, fleet_key=config.fleet_key.encode())
    address, tls, readiness = TrunkAddress.parse(config.listen, "core.listen"), _tls(config), _Readiness()
    stop = asyncio.Event()
    async with (
        serve_ops(config.ops, parts.metrics.registry, lambda: readiness.reason) as ops,
        asyncio.TaskGroup() as tasks,
    ):
        sessions = Sessions(parts, tasks)
        links = EdgeLinks(sessions, parts.edges, parts.metrics, parts.log)
        listener = await serve_trunk(address, identity, peer_role=EDGE, handler=links, clock=parts.clock, tls=tls)
        warming = tasks.create_task(_warm(parts, warm, readiness), name="core.warm")
        parts.log.info("core.started", trunk=str(listener.address), ops=str(ops) if ops is not None else None)
        if ready is not None:
            ready(CoreReady(node=parts.node, trunk=listener.address, ops=ops))
        try:
            await _wait_for_signal(stop)
        finally:
            readiness.reason = "stopping"
            warming.cancel()
            listener.close()
            await _stop(parts, sessions, links)
    parts.log.info("core.stopped")


def _make_parts(config: CoreConfig, agent: AgentSpec, worker: Worker, vad: VadFactory, store: Store) -> CoreParts:
    node = NodeId(config.node or f"core-{secrets.token_hex(4)}")
    domain = core_domain(node)
    return CoreParts(
        node=node,
        domain=domain,
        config=config,
        session_config=SessionConfig(),
        agent=agent,
        worker=worker,
        vad=vad,
        store=store,
        keys=KeyRing.single(config.fleet_key),
        clock=SystemClock(),
        edges=EdgeClocks(domain),
        metrics=CoreMetrics(),
        log=structlog.stdlib.get_logger("segue.core").bind(node=node),
        entropy=lambda: secrets.token_hex(16),
    )


async def _wait_for_signal(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        await stop.wait()
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def _stop(parts: CoreParts, sessions: Sessions, links: EdgeLinks) -> None:
    """No farewell to clients: their edges keep them and take them to the next core."""
    links.drain("stopping")
    sessions.stop()
    try:
        async with asyncio.timeout(parts.config.stop_ms / 1000):
            await sessions.wait_empty()
    except TimeoutError:
        parts.log.warning("core.stop.hurried", sessions=sessions.count)
    links.close("stopping")
    sessions.cancel()


async def _warm(parts: CoreParts, warm: Warm | None, readiness: _Readiness) -> None:
    """Ready is who has reached the store once and loaded what is to be loaded."""
    began = parts.clock.mono_ns()
    try:
        await parts.store.sessions(limit=1)
    except StoreUnavailable as error:
        parts.log.warning("core.store.away", reason=error.reason)
    try:
        if warm is not None:
            await warm()
    except ProviderError as error:
        if not error.retryable:
            hint = "`segue doctor` says what is missing"
            raise ConfigError(f"provider {error.provider}", error.reason, hint=hint) from error
        parts.log.warning("core.provider.away", provider=error.provider, reason=error.reason)
    readiness.reason = None
    parts.log.info("core.ready", took_ms=(parts.clock.mono_ns() - began) // 1_000_000)


def _tls(config: CoreConfig) -> ssl.SSLContext | None:
    if config.trunk_cert is None or config.trunk_key is None:
        return None
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(config.trunk_cert, config.trunk_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError("core.trunk_cert", f"cannot be used: {error}") from error
    return context
