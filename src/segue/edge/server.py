"""The edge process: its listeners, its tasks, and how it stops."""

import asyncio
import errno
import secrets
import signal
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from segue.adapters.clock.port import Clock
from segue.adapters.clock.system import SystemClock
from segue.adapters.trunk.port import EDGE, TrunkIdentity
from segue.edge.access import Gatekeeper
from segue.edge.client_secrets import ClientSecrets
from segue.edge.config import EdgeConfig
from segue.edge.cores import CoreLink, TrunkConfig
from segue.edge.log import Log, edge_log
from segue.edge.metrics import EdgeMetrics
from segue.edge.pages import add_pages
from segue.edge.probes import Probes
from segue.edge.realtime import Realtime
from segue.edge.router import Router
from segue.edge.tokens import EdgeTokens
from segue.model.errors import ConfigError
from segue.wire.token import KeyRing

CHECK_EVERY_S = 1.0
"""How often connections are looked at for stalls and silence; those bounds are whole seconds."""

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeReady:
    """Told once: the edge listens here. `port` is the real one when 0 was asked for."""

    node: str
    url: str
    port: int


async def run_edge(config: EdgeConfig, ready: Callable[[EdgeReady], None] | None = None) -> None:
    """Serve until cancelled, or until SIGTERM or SIGINT, then drain and return.

    Raises:
        ConfigError: The port is in use, or the certificate cannot be read.
    """
    node = config.node or f"edge-{secrets.token_hex(4)}"
    clock, log, metrics = SystemClock(), edge_log(node), EdgeMetrics()
    router = Router(config.cores, clock, metrics, log)
    tokens = EdgeTokens(KeyRing.single(config.fleet_key), clock)
    gatekeeper = Gatekeeper(config.api_keys, tokens)
    realtime = Realtime(config, router, gatekeeper, clock, metrics, log)
    metrics.flows.set_function(lambda: len(realtime.connections))
    app = web.Application(client_max_size=1024 * 1024)
    app.router.add_get("/v1/realtime", realtime.handle)
    ClientSecrets(config, gatekeeper, tokens).add_routes(app)
    Probes(router, realtime, metrics).add_routes(app)
    add_pages(app)
    identity = TrunkIdentity(node=node, role=EDGE, fleet_key=config.fleet_key.encode())
    trunk = TrunkConfig(dead_after_ms=config.core_dead_after_ms, tls=_trunk_tls(config))
    links = [CoreLink(core, router, identity, clock, log, trunk) for core in router.cores.values()]
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=config.drain_ms / 1000)
    await runner.setup()
    try:
        port = await _listen(runner, config)
        url = f"{'https' if config.tls_cert else 'http'}://{config.host}:{port}"
        log.info("edge.started", url=url, cores=list(config.cores))
        if ready is not None:
            ready(EdgeReady(node=node, url=url, port=port))
        await _serve(links, runner, realtime, clock, log, config)
    finally:
        await runner.cleanup()
        log.info("edge.stopped")


async def _serve(
    links: list[CoreLink], runner: web.AppRunner, realtime: Realtime, clock: Clock, log: Log, config: EdgeConfig
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop.set)
    try:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(link.run(), name=f"edge.link.{n}") for n, link in enumerate(links)]
            running.append(tasks.create_task(_check(realtime, clock), name="edge.check"))
            try:
                await stop.wait()
            finally:
                for site in list(runner.sites):
                    await site.stop()
                await _drain(realtime, log, config)
                for task in running:
                    task.cancel()
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def _drain(realtime: Realtime, log: Log, config: EdgeConfig) -> None:
    log.info("edge.draining", connections=len(realtime.connections))
    realtime.drain()
    try:
        async with asyncio.timeout(config.drain_ms / 1000):
            await realtime.wait_empty()
    except TimeoutError:
        log.warning("edge.drain.cut", connections=len(realtime.connections))
        for connection in realtime.connections:
            connection.abort()


async def _check(realtime: Realtime, clock: Clock) -> None:
    while True:
        await asyncio.sleep(CHECK_EVERY_S)
        now = clock.mono_ns()
        for connection in list(realtime.connections):
            connection.check(now)


async def _listen(runner: web.AppRunner, config: EdgeConfig) -> int:
    tls = None
    if config.tls_cert is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        try:
            tls.load_cert_chain(config.tls_cert, config.tls_key)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError("edge.tls_cert", f"{config.tls_cert} cannot be used: {error}") from error
    site = web.TCPSite(runner, config.host, config.port, ssl_context=tls, reuse_address=True)
    try:
        await site.start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            hint = "stop what listens there (is another edge running?) or choose another with edge.port"
            raise ConfigError("edge.port", f"{config.port} on {config.host} is in use", hint=hint) from error
        raise ConfigError("edge.host", f"cannot listen on {config.host}:{config.port} ({error.strerror})") from error
    port: int = runner.addresses[0][1]
    return port


def _trunk_tls(config: EdgeConfig) -> ssl.SSLContext | None:
    if config.trunk_ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=config.trunk_ca)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError("edge.trunk_ca", f"{config.trunk_ca} cannot be used: {error}") from error
