"""Which core holds which flow: opens flows, pumps their rings, moves them when a core goes, drops what is stale.

Callbacks on the loop, no tasks: links call it (`TrunkHandler`), client connections call `attach`, `pump`, `detach`.
A flow is *waiting* (no core), *offered* (Open sent) or *held* (Opened came). Its number is new with each Open.
"""

import asyncio
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from segue.adapters.clock.port import Clock
from segue.adapters.trunk.port import TrunkLink
from segue.edge.flow import Flow
from segue.edge.log import Log
from segue.edge.metrics import EdgeMetrics
from segue.edge.rendezvous import rank_cores
from segue.model.errors import PeerProtocolError
from segue.model.time import NS_PER_S, MonoNs
from segue.wire.trunk import AnyFrame, Closed, Down, Drain, Emitted, Opened, Refused, Release

RETRY_REFUSED_MS = 250
"""After every core has refused for now: how long until they are asked again."""

INTERNAL_CLOSE = 1011


class Client(Protocol):
    """The client's side of a route, called on the loop; no call blocks."""

    def on_held(self) -> None:
        """A core took the flow (each time)."""

    def on_core_lost(self) -> None:
        """The core that had the flow is gone; it waits for another."""

    def on_refused(self, refusal: Refused) -> None:
        """No core takes it: at once when it cannot help to ask again, else when all there are have refused for now."""

    def on_down(self, frame: Down, link: TrunkLink, in_ns: MonoNs) -> None:
        """A message to hand on, in order; answer with `Router.consumed`."""

    def on_released(self) -> None:
        """The ring has room."""

    def on_closed(self, code: int, reason: str) -> None:
        """The flow is over: close the socket with this after what is queued."""


class RouteState(Enum):
    """Where a flow is."""

    WAITING = "waiting"
    OFFERED = "offered"
    HELD = "held"
    OVER = "over"


@dataclass(slots=True, eq=False)
class Route:
    """One flow, its client and the core that has it."""

    flow: Flow
    client: Client
    since_ns: MonoNs
    state: RouteState = RouteState.WAITING
    number: int = 0
    core: "Core | None" = None
    link: TrunkLink | None = None
    refused_by: set[str] = field(default_factory=set)


@dataclass(slots=True, eq=False)
class Core:
    """One configured core, as this edge sees it."""

    address: str
    link: TrunkLink | None = None
    is_suspected: bool = False
    is_draining: bool = False
    routes: set[Route] = field(default_factory=set)


class Router:
    """All routes of one edge."""

    def __init__(self, addresses: tuple[str, ...], clock: Clock, metrics: EdgeMetrics, log: Log) -> None:
        self.cores = {address: Core(address) for address in addresses}
        self.ring_bytes = 0
        self._clock = clock
        self._metrics = metrics
        self._log = log
        self._routes: dict[int, Route] = {}
        self._waiting: set[Route] = set()
        self._last_number = 0
        metrics.waiting.set_function(lambda: len(self._waiting))
        metrics.ring_bytes.set_function(lambda: self.ring_bytes)
        metrics.cores.set_function(lambda: sum(core.link is not None for core in self.cores.values()))

    @property
    def has_core(self) -> bool:
        return any(core.link is not None and not core.is_draining for core in self.cores.values())

    def attach(self, flow: Flow, client: Client) -> Route:
        """Offer the flow to a core, or let it wait for one."""
        route = Route(flow, client, self._clock.mono_ns())
        self._waiting.add(route)
        self._offer(route)
        return route

    def take(self, route: Route, payload: bytes, in_ns: MonoNs) -> None:
        """One message of the client; its ring must not be full."""
        if route.state is RouteState.OVER:
            return
        route.flow.ring.append(payload, in_ns)
        self.ring_bytes += len(payload)
        self.pump(route)

    def pump(self, route: Route) -> None:
        """Send what the ring has and credit allows."""
        link, number, flow = route.link, route.number, route.flow
        if route.state is not RouteState.HELD or link is None:
            return
        while link.can_send(number) and (frame := flow.poll_up(number)) is not None:
            link.send(frame)
            self._metrics.up.add(self._clock.mono_ns() - frame.edge_in_ns)

    def consumed(self, route: Route, frame: Down, link: TrunkLink, in_ns: MonoNs) -> None:
        """A message was handed to the client's socket."""
        link.consumed(frame.flow, len(frame.payload))
        out_ns = self._clock.mono_ns()
        self._metrics.down.add(out_ns - in_ns)
        if frame.report and route.link is link:
            link.send(Emitted(frame.flow, frame.cursor, in_ns, out_ns))

    def detach(self, route: Route, code: int, reason: str) -> None:
        """The client is gone, or its flow was ended here."""
        if route.state is RouteState.OVER:
            return
        if route.link is not None:
            route.link.send(Closed(route.number, code, reason))
        self._end(route)

    def on_linked(self, core: Core, link: TrunkLink) -> None:
        core.link, core.is_suspected, core.is_draining = link, False, False
        self._metrics.links.inc()
        self._log.info("edge.core.linked", core=core.address, core_node=link.peer_node)
        for route in list(self._waiting):
            route.refused_by.discard(core.address)
            self._offer(route)

    def on_unlinked(self, core: Core, reason: str) -> None:
        routes, core.routes = core.routes, set()
        core.link = None
        self._log.warning("edge.core.unlinked", core=core.address, flows=len(routes), reason=reason)
        for route in routes:
            self._lose_core(route)
            self._offer(route)

    def on_frame(self, core: Core, link: TrunkLink, frame: AnyFrame, in_ns: MonoNs) -> None:
        if isinstance(frame, Drain):
            core.is_draining = True
            self._log.info("edge.core.draining", core=core.address, reason=frame.reason)
            return
        if not isinstance(frame, Down | Release | Opened | Refused | Closed):
            raise PeerProtocolError(f"a core does not send {type(frame).__name__}")
        route = self._routes.get(frame.flow)
        if route is None:
            return  # Sent before the core learnt that the flow is over or elsewhere.
        try:
            self._handle(route, core, link, frame, in_ns)
        except PeerProtocolError as error:
            self._log.error("edge.flow.broken", session=route.flow.spec.session, core=core.address, error=str(error))
            self.detach(route, INTERNAL_CLOSE, error.what)
            route.client.on_closed(INTERNAL_CLOSE, "internal error between edge and core; reconnect to resume")

    def on_clear(self, core: Core, flow: int | None) -> None:
        for route in list(core.routes) if flow is None else [self._routes.get(flow)]:
            if route is not None:
                self.pump(route)

    def on_suspected(self, core: Core, silent_ms: int) -> None:
        core.is_suspected = True
        self._metrics.suspicions.inc()
        self._log.warning("edge.core.suspected", core=core.address, silent_ms=silent_ms)

    def on_trusted(self, core: Core) -> None:
        core.is_suspected = False
        self._log.info("edge.core.trusted", core=core.address)

    def _handle(
        self,
        route: Route,
        core: Core,
        link: TrunkLink,
        frame: Down | Release | Opened | Refused | Closed,
        in_ns: MonoNs,
    ) -> None:
        match frame:
            case Down():
                if route.flow.admit_down(frame):
                    route.client.on_down(frame, link, in_ns)
                else:
                    self._metrics.stale_drops += 1
                    link.consumed(frame.flow, len(frame.payload))
            case Release():
                self.ring_bytes -= route.flow.on_release(frame)
                route.client.on_released()
            case Opened():
                self._on_opened(route, core, frame)
            case Refused():
                self._on_refused(route, core, frame)
            case Closed():
                self._log.info("edge.flow.closed", session=route.flow.spec.session, code=frame.code, by="core")
                self._end(route)
                route.client.on_closed(frame.code, frame.reason)

    def _on_opened(self, route: Route, core: Core, frame: Opened) -> None:
        if route.state is not RouteState.OFFERED:
            raise PeerProtocolError("opened twice")
        is_move = route.flow.epoch > 0
        route.flow.on_opened(frame)
        route.state = RouteState.HELD
        route.refused_by.clear()
        if is_move:
            self._metrics.moves.inc()
            self._metrics.away.observe((self._clock.mono_ns() - route.since_ns) / NS_PER_S)
        session = route.flow.spec.session
        self._log.info("edge.flow.held", session=session, core=core.address, epoch=frame.epoch, moved=is_move)
        route.client.on_held()
        self.pump(route)

    def _on_refused(self, route: Route, core: Core, frame: Refused) -> None:
        if route.state is not RouteState.OFFERED:
            raise PeerProtocolError("refused after it was opened")
        session = route.flow.spec.session
        self._log.info("edge.flow.refused", session=session, core=core.address, code=frame.code, retry=frame.retry)
        if not frame.retry:
            self._end(route)
            route.client.on_refused(frame)
            return
        self._lose_core(route, keep_since=True)
        route.refused_by.add(core.address)
        if not self._offer(route):
            asyncio.get_running_loop().call_later(RETRY_REFUSED_MS / 1000, self._ask_again, route)
            route.client.on_refused(frame)

    def _ask_again(self, route: Route) -> None:
        if route.state is RouteState.WAITING:
            route.refused_by.clear()
            self._offer(route)

    def _offer(self, route: Route) -> bool:
        """Open the flow on the best core there is; False when none is left."""
        core = self._choose(route)
        if core is None or core.link is None:
            return False
        self._last_number += 1
        route.number, route.core, route.link = self._last_number, core, core.link
        route.state = RouteState.OFFERED
        self._waiting.discard(route)
        self._routes[route.number] = route
        core.routes.add(route)
        core.link.send(route.flow.open_with(route.number))
        return True

    def _choose(self, route: Route) -> Core | None:
        live = [core for core in self.cores.values() if core.link is not None and core.address not in route.refused_by]
        usable = [core for core in live if not core.is_draining] or ([] if route.flow.spec.is_new else live)
        trusted = [core for core in usable if not core.is_suspected] or usable
        ranked = rank_cores(route.flow.spec.session, [core.address for core in trusted])
        return self.cores[ranked[0]] if ranked else None

    def _lose_core(self, route: Route, *, keep_since: bool = False) -> None:
        """Back to waiting; the ring stays."""
        self._forget(route)
        if not keep_since:
            route.since_ns = self._clock.mono_ns()
            route.client.on_core_lost()
        route.state = RouteState.WAITING
        self._waiting.add(route)

    def _end(self, route: Route) -> None:
        self._forget(route)
        self._waiting.discard(route)
        route.state = RouteState.OVER
        self.ring_bytes -= route.flow.ring.held_bytes

    def _forget(self, route: Route) -> None:
        self._routes.pop(route.number, None)
        if route.link is not None:
            route.link.forget(route.number)
        if route.core is not None:
            route.core.routes.discard(route)
        route.core = route.link = None
