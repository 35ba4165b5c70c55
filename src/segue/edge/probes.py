"""`/healthz`, `/readyz` and `/metrics`."""

from dataclasses import dataclass

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from segue.edge.metrics import EdgeMetrics
from segue.edge.realtime import Realtime
from segue.edge.replies import NO_STORE, json_reply
from segue.edge.router import Router


@dataclass(frozen=True, slots=True)
class Probes:
    """What operators and load balancers ask."""

    router: Router
    realtime: Realtime
    metrics: EdgeMetrics

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/healthz", self.health)
        app.router.add_get("/readyz", self.readiness)
        app.router.add_get("/metrics", self.expose)

    async def health(self, _request: web.Request) -> web.Response:
        """The process runs."""
        return json_reply({"status": "ok", "connections": len(self.realtime.connections)})

    async def readiness(self, _request: web.Request) -> web.Response:
        """New sessions would be served: a live core, and no drain."""
        cores = {
            address: "away"
            if core.link is None
            else "draining"
            if core.is_draining
            else "suspected"
            if core.is_suspected
            else "ready"
            for address, core in self.router.cores.items()
        }
        is_ready = self.router.has_core and not self.realtime.is_draining
        status = "ready" if is_ready else "draining" if self.realtime.is_draining else "no core"
        return json_reply({"status": status, "cores": cores}, status=200 if is_ready else 503)

    async def expose(self, _request: web.Request) -> web.Response:
        """Prometheus text."""
        body = generate_latest(self.metrics.registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST, **NO_STORE})
