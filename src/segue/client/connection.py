"""One session's connection to Segue: a WebSocket, and what replaces it when it dies.

Rules: the ledger (`resume.py`) owns what must be sent again; this module only moves bytes. On a lost socket it dials
the edges in turn with the resume token, waits for `segue.session`, sends again what was not acknowledged, then goes on.
Events come out of `events` once each and in order, whatever happened below.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp

from segue.adapters.clock.port import Clock
from segue.client.resume import ResumeLedger, encode_event
from segue.model.errors import AccessDenied, PeerProtocolError, ProviderError
from segue.model.limits import CLIENT_MESSAGE_BYTES_MAX
from segue.model.time import NS_PER_MS

FINAL_STATUSES = frozenset({400, 401, 403, 404})
"""HTTP answers that a retry cannot change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionConfig:
    """Where and how to connect.

    edges: base URLs (`http://host:port`), tried in turn. token: an API key or `ek_…`. model: passed through.
    retry_ms: pause between attempts (50..10,000; 200: an edge restarts in about a second). give_up_after_ms: how long
    to keep trying before the session counts as lost (60,000: what a failover of everything may take). heartbeat_ms: a
    silent socket is pinged after this, and given up after half of it more (4,000: a stopped edge is noticed in 6 s).
    """

    edges: tuple[str, ...]
    token: str
    model: str = "segue"
    retry_ms: int = 200
    give_up_after_ms: int = 60_000
    heartbeat_ms: int = 4_000
    clock_samples_first: int = 8
    clock_every_ms: int = 5_000


@dataclass(slots=True)
class Reconnects:
    """What the moves of this session cost so far."""

    count: int = 0
    longest_ms: float = 0.0
    messages_resent: int = 0


@dataclass(slots=True)
class Connection:
    """Use as `async with Connection(config, clock) as connection`; then `send` and iterate `events()`."""

    config: ConnectionConfig
    clock: Clock
    ledger: ResumeLedger = field(default_factory=ResumeLedger)
    reconnects: Reconnects = field(default_factory=Reconnects)
    _http: aiohttp.ClientSession | None = None
    _socket: aiohttp.ClientWebSocketResponse | None = None
    _edge: int = 0
    _is_closing: bool = False

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession()
        try:
            await self._dial()
        except BaseException:
            await self._http.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._is_closing = True
        if self._socket is not None:
            await self._socket.close()
        if self._http is not None:
            await self._http.close()

    async def send(self, event: Mapping[str, Any]) -> int:
        """Send one event, now or as soon as there is a connection again; returns its uplink index."""
        payload = encode_event(event)
        index = self.ledger.keep(payload)
        socket = self._socket
        if socket is not None and not socket.closed:
            try:
                await socket.send_str(payload.decode())
            except (ConnectionError, aiohttp.ClientError, RuntimeError):
                self._socket = None
        return index

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Every server event, once and in order, until this side closes.

        Raises:
            ProviderError: No edge could be reached for `give_up_after_ms`.
            AccessDenied: The resume was refused for good.
        """
        while not self._is_closing:
            if self._socket is None or self._socket.closed:
                await self._redial()
            assert self._socket is not None
            message = await self._socket.receive()
            if message.type is aiohttp.WSMsgType.TEXT:
                event = _decode(message.data)
                await self._on_event(event)
                yield event
            elif not self._is_closing:
                self._socket = None

    async def sync_clock(self) -> None:
        """Start one four-timestamp exchange with the core."""
        await self.send({"type": "segue.clock.ping", "t0_ns": self.clock.mono_ns()})

    async def run_clock(self) -> None:
        """Exchange clocks for as long as the connection lives: a burst first, then now and then."""
        for _ in range(self.config.clock_samples_first):
            await self.sync_clock()
            await asyncio.sleep(0.05)
        while not self._is_closing:
            await asyncio.sleep(self.config.clock_every_ms / 1000)
            await self.sync_clock()

    async def _on_event(self, event: Mapping[str, Any]) -> None:
        self.ledger.note_event(event)
        if event.get("type") == "segue.clock.pong":
            stamps = {name: int(event[name]) for name in ("t0_ns", "t1_ns", "t2_ns")} | {"t3_ns": self.clock.mono_ns()}
            await self.send({"type": "segue.clock.sample", **stamps})

    async def _redial(self) -> None:
        began = self.clock.mono_ns()
        while True:
            try:
                await self._dial()
                break
            except AccessDenied:
                raise
            except (OSError, aiohttp.ClientError, PeerProtocolError, TimeoutError) as error:
                if self.clock.mono_ns() - began > self.config.give_up_after_ms * NS_PER_MS:
                    raise ProviderError("segue", f"no edge could be reached: {error}", retryable=True) from error
                self._edge += 1
                await asyncio.sleep(self.config.retry_ms / 1000)
        self.reconnects.count += 1
        self.reconnects.longest_ms = max(self.reconnects.longest_ms, (self.clock.mono_ns() - began) / NS_PER_MS)

    async def _dial(self) -> None:
        assert self._http is not None
        base = self.config.edges[self._edge % len(self.config.edges)].rstrip("/")
        token = self.ledger.resume_token or self.config.token
        is_resume = self.ledger.session_id is not None
        try:
            socket = await self._http.ws_connect(
                base + "/v1/realtime",
                params={"model": self.config.model, **self.ledger.query()},
                headers={"Authorization": f"Bearer {token}"},
                max_msg_size=CLIENT_MESSAGE_BYTES_MAX,
                heartbeat=self.config.heartbeat_ms / 1000,
            )
        except aiohttp.WSServerHandshakeError as error:
            if error.status in FINAL_STATUSES:
                raise AccessDenied(f"{base} refused the connection with HTTP {error.status}") from error
            raise
        if is_resume:
            await self._resume_on(socket)
        self._socket = socket

    async def _resume_on(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Wait for the server's word on what it has, then send the rest again."""
        message = await asyncio.wait_for(socket.receive(), timeout=10)
        if message.type is not aiohttp.WSMsgType.TEXT:
            await socket.close()
            raise PeerProtocolError(f"connection closed before segue.session (close code {socket.close_code})")
        event = _decode(message.data)
        if event.get("type") != "segue.session":
            raise PeerProtocolError(f"expected segue.session first on a resumed connection, got {event.get('type')!r}")
        self.ledger.note_event(event)
        sent_through = self.ledger.released_through
        while sent_through < self.ledger.sent_through:  # what is said meanwhile joins the end, in order
            for index, payload in self.ledger.unacknowledged(sent_through):
                await socket.send_str(payload.decode())
                self.reconnects.messages_resent += 1
                sent_through = index


def _decode(text: str) -> dict[str, Any]:
    event = json.loads(text)
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise PeerProtocolError("the server sent a message that is no event")
    return event
