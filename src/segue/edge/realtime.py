"""`GET /v1/realtime`: from a request to a served WebSocket, or a reason why not.

The upgrade waits a moment for a core, so that a refusal is an HTTP status; with no core in sight the socket is accepted
and waits. Query: `model`, `session_id` (resume), `after` (last event id received), `received`, `segue=1` (aware).
"""

import asyncio
import secrets
from dataclasses import dataclass, field

import msgspec
from aiohttp import WSCloseCode, web

from segue.adapters.clock.port import Clock
from segue.edge.access import SUBPROTOCOL, Bearer, Gatekeeper, offered_subprotocols
from segue.edge.config import EdgeConfig
from segue.edge.connection import PARSED_BYTES_MAX, Connection, Socket
from segue.edge.flow import Flow, FlowSpec
from segue.edge.log import Log
from segue.edge.metrics import EdgeMetrics
from segue.edge.replies import Denial, deny, error_reply
from segue.edge.router import Route, Router
from segue.model.ids import SessionId, session_id_from_word, session_word
from segue.wire.realtime.errors import WireErrorCode
from segue.wire.trunk import Refused

QUERY_CHARS_MAX = 256
"""Of one value. All that are known are ids and numbers; the rest goes to the core as it came."""

MS_PER_S = 1000

CLOSE_HANDSHAKE_S = 1.0
"""What a client gets to answer our close frame."""


@dataclass(slots=True, eq=False)
class Realtime:
    """The endpoint, and the connections it serves."""

    config: EdgeConfig
    router: Router
    gatekeeper: Gatekeeper
    clock: Clock
    metrics: EdgeMetrics
    log: Log
    connections: set[Connection] = field(default_factory=set)
    is_draining: bool = False
    _emptied: asyncio.Future[None] | None = None

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection from the first byte to the last."""
        try:
            spec = self._admit(request)
        except Denial as denial:
            return self._deny(denial)
        connection = Connection(
            self.router,
            self.clock,
            silence_ms=self.config.client_silence_s * MS_PER_S,
            stall_ms=self.config.client_stall_s * MS_PER_S,
            core_wait_ms=self.config.core_wait_s * MS_PER_S,
        )
        self.connections.add(connection)
        route = self.router.attach(Flow(spec), connection)
        code, reason = int(WSCloseCode.GOING_AWAY), "the connection was not upgraded"
        try:
            refusal = await self._wait_for_core(connection)
            if refusal is not None:
                return self._deny(_denial_of(refusal))
            if self.is_draining:
                return self._deny(_draining())
            socket: Socket = web.WebSocketResponse(
                timeout=CLOSE_HANDSHAKE_S,
                autoping=False,
                protocols=(SUBPROTOCOL,),
                compress=False,
                max_msg_size=PARSED_BYTES_MAX,
                decode_text=False,
            )
            await socket.prepare(request)
            code, reason = await self._serve(connection, route, socket, request)
            return socket
        finally:
            self.router.detach(route, code, reason)
            self.connections.discard(connection)
            if self._emptied is not None and not self.connections and not self._emptied.done():
                self._emptied.set_result(None)

    def drain(self) -> None:
        """Take no more, and end what is there: clients reconnect to another edge or to the next one here."""
        self.is_draining = True
        for connection in self.connections:
            connection.close(WSCloseCode.SERVICE_RESTART, "this edge restarts; reconnect to resume")

    async def wait_empty(self) -> None:
        """Return when no connection is left."""
        self._emptied = asyncio.get_running_loop().create_future()
        if self.connections:
            await self._emptied

    async def _serve(
        self, connection: Connection, route: Route, socket: Socket, request: web.Request
    ) -> tuple[int, str]:
        spec = route.flow.spec
        log = self.log.bind(session=spec.session)
        log.info("edge.client.connected", resumed=not spec.is_new, aware=spec.is_aware)
        plan = await connection.run(route, socket, request)
        log.info("edge.client.gone", code=plan.code, reason=plan.reason)
        return plan.code, plan.reason

    def _admit(self, request: web.Request) -> FlowSpec:
        if self.is_draining:
            raise _draining()
        if request.headers.get("OpenAI-Beta", "").strip().lower() == "realtime=v1":
            raise deny(
                400,
                WireErrorCode.BETA_DISABLED,
                "the beta Realtime API is not served: remove the header `OpenAI-Beta: realtime=v1`, use the GA shape",
            )
        _check_handshake(request)
        bearer = self.gatekeeper.admit(request)
        spec = _spec_of(request, bearer)
        if len(self.connections) >= self.config.flows_max:
            raise _full(f"this edge has its {self.config.flows_max} connections")
        if self.router.ring_bytes >= self.config.rings_bytes_max:
            raise _full("this edge holds all the unprocessed speech it may")
        if not spec.is_new:
            self.metrics.resumes.inc()
        return spec

    async def _wait_for_core(self, connection: Connection) -> Refused | None:
        try:
            async with asyncio.timeout(self.config.upgrade_wait_ms / 1000):
                return await asyncio.shield(connection.answered)
        except TimeoutError:
            connection.answered.cancel()
            return None

    def _deny(self, denial: Denial) -> web.Response:
        self.metrics.denials.labels(code=denial.code).inc()
        self.log.info("edge.client.denied", status=denial.status, code=denial.code)
        return error_reply(denial)


def _check_handshake(request: web.Request) -> None:
    offered = offered_subprotocols(request)
    if offered and SUBPROTOCOL not in offered:
        what = f"offer the subprotocol `{SUBPROTOCOL}` beside the one with the key"
        raise deny(400, WireErrorCode.INVALID_VALUE, what, param="Sec-WebSocket-Protocol")
    if not web.WebSocketResponse(protocols=(SUBPROTOCOL,)).can_prepare(request).ok:
        raise deny(400, WireErrorCode.INVALID_VALUE, "this is a WebSocket endpoint; send an upgrade request")


def _spec_of(request: web.Request, bearer: Bearer) -> FlowSpec:
    query = dict(request.query)
    for name, value in query.items():
        if len(name) > QUERY_CHARS_MAX or len(value) > QUERY_CHARS_MAX:
            what = f"query parameter {name[:40]!r} is over {QUERY_CHARS_MAX} characters"
            raise deny(400, WireErrorCode.INVALID_VALUE, what, param=name[:40])
    wanted = _session_of(query, bearer)
    received = query.get("received", "0")
    if not (received.isascii() and received.isdigit() and len(received) < 16):
        raise deny(400, WireErrorCode.INVALID_VALUE, "`received` must be a number of messages", param="received")
    claims = msgspec.Raw(bearer.claims if bearer.claims is not None else b"null")
    return FlowSpec(
        session=wanted or session_id_from_word(secrets.randbits(64)),
        subject=bearer.subject,
        is_new=wanted is None,
        is_aware=query.get("segue") == "1",
        params=msgspec.json.encode({"session": claims, "query": query}),
        cursor=query.get("after", ""),
    )


def _session_of(query: dict[str, str], bearer: Bearer) -> SessionId | None:
    """The session to resume, None for a new one."""
    text = query.get("session_id")
    if text is None:
        if bearer.session is not None:
            raise deny(400, WireErrorCode.MISSING_PARAMETER, "a resume token needs `session_id`", param="session_id")
        if "after" in query:
            raise deny(400, WireErrorCode.MISSING_PARAMETER, "`after` needs `session_id`", param="session_id")
        return None
    try:
        session_word(SessionId(text))
    except ValueError as error:
        raise deny(404, WireErrorCode.UNKNOWN_SESSION, str(error), param="session_id") from error
    if bearer.session is not None and bearer.session != text:
        raise deny(401, WireErrorCode.INVALID_TOKEN, "this resume token is for another session", param="session_id")
    return SessionId(text)


def _denial_of(refusal: Refused) -> Denial:
    return Denial(
        status=refusal.status if 400 <= refusal.status < 600 else 503,
        code=refusal.code,
        message=refusal.message,
        retry_after_s=1 if refusal.retry else None,
    )


def _draining() -> Denial:
    return Denial(
        status=503, code=WireErrorCode.OVERLOADED, message="this edge is stopping; try again", retry_after_s=1
    )


def _full(message: str) -> Denial:
    return Denial(status=503, code=WireErrorCode.OVERLOADED, message=message, retry_after_s=5)
