"""An edge on loopback that does what the test says: keeps sessions over connections, dies, refuses, falls silent.

It understands as much as the Python client needs: it numbers what it gets, opens and resumes sessions, and sends what
it is told to send. Everything it was sent is kept by session, every dial with its query and bearer.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

WITHIN_S = 10.0


@dataclass(slots=True)
class Dial:
    """One attempt of a client: what it asked for, and the messages that came over it."""

    query: dict[str, str]
    bearer: str
    received: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class FakeEdge:
    """`statuses`: answered, one each, to the next dials; 0 leaves a dial without any answer. `durable`: of what the
    session's client sent, how much the server says to have on a resume; None: all of it."""

    statuses: deque[int] = field(default_factory=deque)
    durable: int | None = None
    is_deaf: bool = False
    on_message: Callable[["FakeEdge", dict[str, Any]], Any] | None = None
    first_on_resume: Mapping[str, Any] | None = None
    close_on_dial: tuple[int, str] | None = None
    announces: bool = True
    dials: list[Dial] = field(default_factory=list)
    received: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0
    socket: web.WebSocketResponse | None = None
    _requests: list[web.Request] = field(default_factory=list)
    _runner: web.AppRunner | None = None
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/v1/realtime", self._serve)
        self._runner = web.AppRunner(app, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, reuse_address=True).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        self._ended.set()
        self.drop()
        assert self._runner is not None
        await self._runner.cleanup()

    def drop(self) -> None:
        """Cut every connection without a close frame, as a killed edge does."""
        for request in self._requests:
            if request.transport is not None:
                request.transport.abort()
        self._requests.clear()
        self.socket = None

    async def tell(self, *events: Mapping[str, Any]) -> None:
        assert self.socket is not None
        for event in events:
            await self.socket.send_str(json.dumps(event))

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something this edge will see."""
        async with asyncio.timeout(WITHIN_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def sent(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """The messages of a type, once there are so many."""
        await self.until(lambda: len(self.of(kind)) >= count)
        return self.of(kind)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self.received if message["type"] == kind]

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        dial = Dial(query=dict(request.query), bearer=bearer)
        self.dials.append(dial)
        self._requests.append(request)
        self._changed.set()
        status = self.statuses.popleft() if self.statuses else 101
        if status == 0:
            await self._ended.wait()
        if status != 101:
            return web.Response(status=status or 500)
        socket = web.WebSocketResponse(autoping=not self.is_deaf)
        await socket.prepare(request)
        if self.close_on_dial is not None:
            code, reason = self.close_on_dial
            await socket.close(code=code, message=reason.encode())
            return socket
        self.socket = socket
        await self._greet(dial)
        self._changed.set()
        await self._read(socket, dial)
        return socket

    async def _greet(self, dial: Dial) -> None:
        is_resumed = "session_id" in dial.query
        if not is_resumed:
            await self.tell({"type": "session.created", "event_id": "event_1_0"})
        if is_resumed and self.first_on_resume is not None:
            await self.tell(self.first_on_resume)
        elif self.announces:
            have = len(self.received) if self.durable is None else self.durable
            del self.received[have:]
            await self.tell(session_event(have if is_resumed else 0, is_resumed=is_resumed))

    async def _read(self, socket: web.WebSocketResponse, dial: Dial) -> None:
        if self.is_deaf:
            await self._ended.wait()
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                event = json.loads(message.data)
                dial.received.append(event)
                self.received.append(event)
                self._changed.set()
                if self.on_message is not None:
                    await self.on_message(self, event)


def session_event(received: int, *, is_resumed: bool) -> dict[str, Any]:
    return {
        "type": "segue.session",
        "session_id": "sess_aaaaaaaaaaaaa",
        "resume_token": "rt_token",
        "epoch": 1,
        "resumed": is_resumed,
        "uplink_received": received,
        "uplink_position": f"{received}.0",
        "expires_at": 1,
    }


@asynccontextmanager
async def fake_edge(**options: Any) -> AsyncIterator[FakeEdge]:
    edge = FakeEdge(**options)
    await edge.start()
    try:
        yield edge
    finally:
        await edge.stop()
