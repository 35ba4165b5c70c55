"""/healthz, /readyz and /metrics of a core, on a port of their own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from segue.adapters.trunk.port import TrunkAddress
from segue.model.errors import ConfigError


@asynccontextmanager
async def serve_ops(
    address: str, registry: CollectorRegistry, unready: Callable[[], str | None]
) -> AsyncIterator[TrunkAddress | None]:
    """Serve while inside; yields where, None if `address` is empty.

    Args:
        address: `host:port`.
        registry: What /metrics shows.
        unready: Why no session should be sent here now, None if it may.
    Raises:
        ConfigError: The address is in use or not of this machine.
    """
    if not address:
        yield None
        return
    wanted = TrunkAddress.parse(address, "core.ops")
    probes = _Probes(registry, unready)
    app = web.Application()
    app.router.add_get("/healthz", probes.healthy)
    app.router.add_get("/readyz", probes.ready)
    app.router.add_get("/metrics", probes.metrics)
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        site = web.TCPSite(runner, wanted.host, wanted.port)
        try:
            await site.start()
        except OSError as error:
            problem = f"{address} cannot be listened on ({error.strerror or error})"
            raise ConfigError("core.ops", problem, hint="choose another, or empty for none") from error
        host, port = runner.addresses[0][:2]
        yield TrunkAddress(host=host, port=port)
    finally:
        await runner.cleanup()


@dataclass(frozen=True, slots=True)
class _Probes:
    registry: CollectorRegistry
    unready: Callable[[], str | None]

    async def healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(self, request: web.Request) -> web.Response:
        reason = self.unready()
        return web.Response(text="ready\n") if reason is None else web.Response(status=503, text=f"{reason}\n")

    async def metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(self.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
