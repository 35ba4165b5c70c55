"""The core process: listens for edges, runs sessions, stops when told to."""

import asyncio
import secrets
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from segue.adapters.clock.port import Clock
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
from segue.core.parts import CoreParts, Log, ResumeTokens
from segue.core.sessions import Sessions
from segue.model.errors import ConfigError, ProviderError, StoreUnavailable
from segue.model.ids import NodeId
from segue.session.config import SessionConfig
from segue.voice.agent import AgentSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreDeps:
    """What a core is given by whoever builds it."""

    agent: AgentSpec
    worker: Worker
    vad: VadFactory
    store: Store
    tokens: ResumeTokens
    clock: Clock
    log: Log
    warm: Callable[[], Awaitable[None]] | None = None
    """Loads the models; run behind the first connections. None: with the first turn that needs them."""
    session: SessionConfig = field(default_factory=SessionConfig)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreAddresses:
    """Where a core that is ready can be found."""

    trunk: TrunkAddress
    ops: TrunkAddress | None


@dataclass(slots=True)
class _Readiness:
    """Why no session should be sent here, None once it may."""

    reason: str | None = "starting"


async def run_core(
    config: CoreConfig,
    deps: CoreDeps,
    *,
    stop: asyncio.Event,
    ready: Callable[[CoreAddresses], None] = lambda _: None,
) -> None:
    """Run until `stop` is set; then make durable what is known, close the links and return.

    Raises:
        ConfigError: An address cannot be listened on, a certificate cannot be read, a model cannot be loaded.
    """
    node = NodeId(config.node or f"core-{secrets.token_hex(4)}")
    domain = core_domain(node)
    metrics, edges, readiness = CoreMetrics(), EdgeClocks(domain), _Readiness()
    log = deps.log.bind(node=node)
    parts = CoreParts(
        node=node,
        domain=domain,
        config=config,
        session_config=deps.session,
        agent=deps.agent,
        worker=deps.worker,
        vad=deps.vad,
        store=deps.store,
        tokens=deps.tokens,
        clock=deps.clock,
        edges=edges,
        metrics=metrics,
        log=log,
        entropy=lambda: secrets.token_hex(16),
    )
    identity = TrunkIdentity(node=node, role=CORE, fleet_key=config.fleet_key.encode())
    tls = _tls(config)
    async with serve_ops(config.ops, metrics.registry, lambda: readiness.reason) as ops, asyncio.TaskGroup() as tasks:
        sessions = Sessions(parts, tasks)
        links = EdgeLinks(sessions, edges, metrics, log)
        address = TrunkAddress.parse(config.listen, "core.listen")
        listener = await serve_trunk(address, identity, peer_role=EDGE, handler=links, clock=deps.clock, tls=tls)
        warming = tasks.create_task(_warm(deps, readiness), name="core.warm")
        log.info("core.started", trunk=str(listener.address), ops=str(ops) if ops is not None else None)
        ready(CoreAddresses(trunk=listener.address, ops=ops))
        await stop.wait()
        readiness.reason = "stopping"
        warming.cancel()
        await _stop(parts, sessions, links, listener.close)
    log.info("core.stopped")


async def _stop(parts: CoreParts, sessions: Sessions, links: EdgeLinks, close_listener: Callable[[], None]) -> None:
    """No farewell to clients: their edges keep them and take them to the next core."""
    close_listener()
    links.drain("stopping")
    sessions.stop()
    try:
        async with asyncio.timeout(parts.config.stop_ms / 1000):
            await sessions.wait_empty()
    except TimeoutError:
        parts.log.warning("core.stop.hurried", sessions=sessions.count)
    links.close("stopping")
    sessions.cancel()


async def _warm(deps: CoreDeps, readiness: _Readiness) -> None:
    try:
        await deps.store.sessions(limit=1)
        if deps.warm is not None:
            await deps.warm()
    except ProviderError as error:
        raise ConfigError(
            f"model {error.provider}", error.reason, hint="`segue doctor` says what is missing"
        ) from error
    except StoreUnavailable as error:
        deps.log.warning("core.store.away", reason=error.reason)
    readiness.reason = None if readiness.reason == "starting" else readiness.reason


def _tls(config: CoreConfig) -> ssl.SSLContext | None:
    if config.trunk_cert is None or config.trunk_key is None:
        return None
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(config.trunk_cert, config.trunk_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError("core.trunk_cert", f"cannot be used: {error}") from error
    return context
