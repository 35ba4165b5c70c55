"""One client's WebSocket: reads into its route, writes what its route delivers, and gives up on a client that is stuck.

The writer sends in order and only as fast as the socket takes it; what waits is bounded by trunk credit, because a
message is reported consumed only after the socket took it. The reader stops while the replay ring is full.
"""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Literal

from aiohttp import ClientConnectionResetError, WebSocketError, WSCloseCode, WSMsgType, web

from segue.adapters.clock.port import Clock
from segue.adapters.trunk.port import TrunkLink
from segue.edge.router import Route, Router
from segue.model.limits import CLIENT_MESSAGE_BYTES_MAX
from segue.model.time import MonoNs, ms
from segue.wire.trunk import Down, Refused

CLOSE_REASON_BYTES_MAX = 123
"""RFC 6455 section 5.5: a control frame holds 125 bytes, two of them the code."""

ABNORMAL = 1006

PARSED_BYTES_MAX = CLIENT_MESSAGE_BYTES_MAX + 1024 * 1024
"""Up to here a message that is too long is read to its end, so that its sender is sure to see why the socket is closed.
Over it the parser stops in the middle, and the reset may overtake the close frame."""

Socket = web.WebSocketResponse[Literal[False]]
"""Text frames stay bytes: the edge does not look inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePlan:
    """How a socket is to end."""

    code: int
    reason: str


class Connection:
    """The client's side of one route (`router.Client`), before and after the upgrade."""

    def __init__(self, router: Router, clock: Clock, *, silence_ms: int, stall_ms: int, core_wait_ms: int) -> None:
        self.answered: asyncio.Future[Refused | None] = asyncio.get_running_loop().create_future()
        self._router = router
        self._clock = clock
        self._silence_ns = ms(silence_ms)
        self._stall_ns = ms(stall_ms)
        self._core_wait_ns = ms(core_wait_ms)
        self._outbox: deque[tuple[Down, TrunkLink, MonoNs]] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._close: ClosePlan | None = None
        self._request: web.BaseRequest | None = None
        self._heard_ns = clock.mono_ns()
        self._pinged_ns: MonoNs | None = None
        self._is_ping_due = False
        self._sending_ns: MonoNs | None = None
        self._away_ns: MonoNs | None = self._heard_ns

    def on_held(self) -> None:
        self._away_ns = None
        if not self.answered.done():
            self.answered.set_result(None)

    def on_refused(self, refusal: Refused) -> None:
        if not self.answered.done():
            self.answered.set_result(refusal)
        elif not refusal.retry:
            self.close(_close_code(refusal.status), f"{refusal.code}: {refusal.message}")

    def on_down(self, frame: Down, link: TrunkLink, in_ns: MonoNs) -> None:
        self._outbox.append((frame, link, in_ns))
        self._wake_writer()

    def on_released(self) -> None:
        if self._room is not None and not self._room.done():
            self._room.set_result(None)

    def on_closed(self, code: int, reason: str) -> None:
        self.close(code, reason)

    def on_core_lost(self) -> None:
        self._away_ns = self._away_ns or self._clock.mono_ns()

    def close(self, code: int, reason: str) -> None:
        """End the socket with this after what is queued; the first call counts."""
        if self._close is None:
            self._close = ClosePlan(code=int(code), reason=reason)
            if not self.answered.done():
                self.answered.set_result(None)
            self._wake_writer()

    def abort(self) -> None:
        """Cut the socket off: nothing more reaches this client."""
        if self._request is not None and self._request.transport is not None:
            self._request.transport.abort()

    def check(self, now: MonoNs) -> None:
        """Called about every second: is this client stuck, silent, or without a core for too long?"""
        if self._request is not None and self._request.transport is None:
            self.close(ABNORMAL, "the client is gone")
            self.on_released()
        elif self._sending_ns is not None and now - self._sending_ns > self._stall_ns:
            self.close(WSCloseCode.POLICY_VIOLATION, "this client does not read")
            self.abort()  # The close frame cannot pass either; it is named for the record of who ended it.
        elif self._away_ns is not None and now - self._away_ns > self._core_wait_ns:
            self.close(WSCloseCode.TRY_AGAIN_LATER, "no core has been available; reconnect to resume")
        elif self._room is None:
            self._check_silence(now)

    async def run(self, route: Route, socket: Socket, request: web.BaseRequest) -> ClosePlan:
        """Serve the upgraded socket until it ends; returns how it ended."""
        self._request = request
        self._heard_ns = self._clock.mono_ns()
        async with asyncio.TaskGroup() as tasks:
            writer = tasks.create_task(self._write(route, socket), name=f"edge.writer.{route.flow.spec.session}")
            await self._read(route, socket)
            if self._close is None:
                self._close = ClosePlan(code=socket.close_code or ABNORMAL, reason="the client ended it")
                writer.cancel()
        return self._close

    async def _read(self, route: Route, socket: Socket) -> None:
        ring = route.flow.ring
        while True:
            while ring.is_full and self._close is None:
                self._room = asyncio.get_running_loop().create_future()
                await self._room
                self._room = None
                self._heard_ns = self._clock.mono_ns()
            message = await socket.receive()
            self._heard_ns = now = self._clock.mono_ns()
            self._pinged_ns = None
            match message.type:
                case WSMsgType.TEXT if len(message.data) > CLIENT_MESSAGE_BYTES_MAX:
                    self.close(WSCloseCode.MESSAGE_TOO_BIG, f"a message may have {CLIENT_MESSAGE_BYTES_MAX} bytes")
                    return
                case WSMsgType.TEXT:
                    self._router.take(route, message.data, now)
                case WSMsgType.PING:
                    await socket.pong(message.data)
                case WSMsgType.PONG:
                    pass
                case WSMsgType.BINARY:
                    self.close(WSCloseCode.UNSUPPORTED_DATA, "binary frames are not supported here; send JSON text")
                    return
                case WSMsgType.ERROR:
                    self._on_error(message.data)
                    return
                case _:
                    return

    def _on_error(self, error: object) -> None:
        """The WebSocket parser has answered with its own close frame already."""
        if isinstance(error, WebSocketError):
            self._close = self._close or ClosePlan(code=int(error.code), reason=str(error))
            self._wake_writer()

    async def _write(self, route: Route, socket: Socket) -> None:
        outbox = self._outbox
        try:
            while True:
                while outbox:
                    frame, link, in_ns = outbox.popleft()
                    self._sending_ns = self._clock.mono_ns()
                    await socket.send_frame(frame.payload, WSMsgType.TEXT)
                    self._sending_ns = None
                    self._router.consumed(route, frame, link, in_ns)
                if self._is_ping_due:
                    self._is_ping_due = False
                    await socket.ping()
                if self._close is not None:
                    break
                self._wake = asyncio.get_running_loop().create_future()
                await self._wake
        except ClientConnectionResetError:
            return  # The reader learns it too, and ends.
        await self._end_socket(socket, self._close)

    async def _end_socket(self, socket: Socket, plan: ClosePlan) -> None:
        self._sending_ns = self._clock.mono_ns()
        self.on_released()
        await socket.close(code=plan.code, message=plan.reason.encode()[:CLOSE_REASON_BYTES_MAX])

    def _wake_writer(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    def _check_silence(self, now: MonoNs) -> None:
        silent_ns = now - self._heard_ns
        if silent_ns > self._silence_ns:
            self.close(WSCloseCode.POLICY_VIOLATION, "this client is silent and answers no ping")
            self.abort()
        elif silent_ns > self._silence_ns // 2 and self._pinged_ns is None:
            self._pinged_ns = now
            self._is_ping_due = True
            self._wake_writer()


def _close_code(status: int) -> int:
    """The close code that says about the same as an HTTP status."""
    if status in {429, 503}:
        return WSCloseCode.TRY_AGAIN_LATER
    return WSCloseCode.POLICY_VIOLATION if 400 <= status < 500 else WSCloseCode.INTERNAL_ERROR
