"""One session's connection to Segue: a WebSocket, and what replaces it when it dies.

Rules: the ledger (`resume.py`) owns what must be sent again; this module only moves bytes. On a lost socket it dials
the edges in turn with the resume token, waits for `segue.session`, sends again what was not acknowledged, then goes on.
Events come out of `events` once each and in order, whatever happened below.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
import msgspec

from segue.adapters.clock.port import Clock
from segue.client.resume import ResumeLedger, encode_event
from segue.model.errors import AccessDenied, ConfigError, PeerProtocolError, ProviderError
from segue.model.limits import CLIENT_MESSAGE_BYTES_MAX
from segue.model.time import NS_PER_MS

REFUSALS = {
    400: "it does not understand the request",
    401: "the token is wrong or has expired",
    403: "the token does not allow this",
    404: "it serves no such session or address",
}
"""HTTP answers that a retry cannot change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionConfig:
    """Where and how to connect.

    edges: base URLs (`http://host:port`), tried in turn. token: an API key or `ek_…`. model: passed through.
    dial_ms: how long one edge may take to answer (10,000: more than an edge waits for its core). retry_ms: pause
    between attempts (200: an edge restarts in about a second). give_up_after_ms: how long to keep trying before the
    session counts as lost (60,000: what a failover of everything may take). heartbeat_ms: a silent socket is pinged
    after this, and given up after half of it more (4,000: a stopped edge is noticed in 6 s).
    """

    edges: tuple[str, ...]
    token: str = field(repr=False)
    model: str = "segue"
    dial_ms: int = 10_000
    retry_ms: int = 200
    give_up_after_ms: int = 60_000
    heartbeat_ms: int = 4_000
    clock_samples_first: int = 8
    clock_every_ms: int = 5_000

    def __post_init__(self) -> None:
        """Refuse what cannot be meant, before anything is dialled."""
        if not self.edges:
            raise ConfigError("edges", "there is none", hint="for example http://localhost:8080")
        for url in self.edges:
            if not url.startswith(("http://", "https://")):
                raise ConfigError("url", f"{url!r} is not an http(s) address", hint="for example http://localhost:8080")
        if not self.token.isascii() or not self.token.isprintable() or " " in self.token:
            raise ConfigError("token", "has characters that no token has", hint="was more than the token copied?")


@dataclass(slots=True)
class Reconnects:
    """What the moves of this session cost so far."""

    count: int = 0
    longest_ms: float = 0.0
    messages_resent: int = 0


@dataclass(slots=True)
class Connection:
    """Use as `async with Connection(config, clock) as connection`; then `send` and iterate `events()`.

    Raises on entering:
        AccessDenied: The edge does not want this token.
        ProviderError: No edge could be reached; each was tried once.
    """

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
            await self._dial_each_once()
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
        """Send one event, now or as soon as there is a connection again; returns its uplink index.

        Raises:
            LimitExceeded: Nothing was acknowledged for so long that no more can be kept.
        """
        payload = encode_event(event)
        index = self.ledger.keep(payload)
        socket = self._socket
        if socket is not None and not socket.closed:
            try:
                await socket.send_frame(payload, aiohttp.WSMsgType.TEXT)
            except (ConnectionError, aiohttp.ClientError, RuntimeError):
                self._socket = None
        return index

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Every server event, once and in order, until this side closes.

        Raises:
            ProviderError: No edge could be reached for `give_up_after_ms`.
            AccessDenied: The resume was refused for good, or the server ended the session.
            PeerProtocolError: The server sent what is no event.
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
                _check_close(message, is_attached=self.ledger.session_id is not None)
                self._edge += 1  # this one may be stopped: dialling it again would take until `dial_ms`

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
        try:
            self.ledger.note_event(event)
            if event["type"] == "segue.clock.pong":
                stamps = {name: int(event[name]) for name in ("t0_ns", "t1_ns", "t2_ns")}
                await self.send({"type": "segue.clock.sample", **stamps, "t3_ns": self.clock.mono_ns()})
        except (KeyError, TypeError, ValueError) as error:
            raise PeerProtocolError(f"the server sent a {event['type']} that cannot be read: {error!r}") from error

    async def _dial_each_once(self) -> None:
        failed: Exception | None = None
        for _ in self.config.edges:
            try:
                return await self._dial()
            except _AWAY as error:
                failed = error
                self._edge += 1
        assert failed is not None
        raise _unreachable(failed) from failed

    async def _redial(self) -> None:
        began = self.clock.mono_ns()
        while True:
            try:
                await self._dial()
                break
            except _AWAY as error:
                if self.clock.mono_ns() - began > self.config.give_up_after_ms * NS_PER_MS:
                    raise _unreachable(error) from error
                self._edge += 1
                await asyncio.sleep(self.config.retry_ms / 1000)
        self.reconnects.count += 1
        self.reconnects.longest_ms = max(self.reconnects.longest_ms, (self.clock.mono_ns() - began) / NS_PER_MS)

    async def _dial(self) -> None:
        assert self._http is not None
        base = self.config.edges[self._edge % len(self.config.edges)].rstrip("/")
        token = self.ledger.resume_token or self.config.token
        try:
            async with asyncio.timeout(self.config.dial_ms / 1000):
                socket = await self._http.ws_connect(
                    f"{base}/v1/realtime",
                    params={"model": self.config.model, **self.ledger.query()},
                    headers={"Authorization": f"Bearer {token}"},
                    max_msg_size=CLIENT_MESSAGE_BYTES_MAX,
                    heartbeat=self.config.heartbeat_ms / 1000,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_HANDSHAKE_S),
                )
        except aiohttp.WSServerHandshakeError as error:
            if error.status in REFUSALS:
                why = REFUSALS[error.status]
                raise AccessDenied(f"{base} refused the connection with HTTP {error.status}: {why}") from error
            raise
        try:
            if self.ledger.session_id is not None:
                await self._await_session(socket)
            await self._send_again(socket)
        except BaseException:
            await socket.close()
            raise
        self._socket = socket

    async def _await_session(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Wait for the server's word on what it has of a resumed session."""
        async with asyncio.timeout(self.config.dial_ms / 1000):
            message = await socket.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            _check_close(message, is_attached=False)
            raise PeerProtocolError(f"connection closed before segue.session (close code {socket.close_code})")
        event = _decode(message.data)
        if event["type"] != "segue.session":
            raise PeerProtocolError(f"expected segue.session first on a resumed connection, got {event['type']!r}")
        await self._on_event(event)

    async def _send_again(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Send what the server lacks; what is said meanwhile joins the end, in order."""
        sent_through = self.ledger.released_through
        while sent_through < self.ledger.sent_through:
            for index, payload in self.ledger.unacknowledged(sent_through):
                await socket.send_frame(payload, aiohttp.WSMsgType.TEXT)
                self.reconnects.messages_resent += 1
                sent_through = index


def _decode(text: str) -> dict[str, Any]:
    try:
        event = _decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise PeerProtocolError("the server sent a message that is not JSON") from error
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise PeerProtocolError("the server sent a message that is no event")
    return event


_decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def _check_close(message: aiohttp.WSMessage, *, is_attached: bool) -> None:
    """Raise AccessDenied if this end is one that dialling again cannot change, or must not."""
    if message.type is not aiohttp.WSMsgType.CLOSE:
        return
    code, reason = message.data, message.extra or ""
    is_final = (
        code == aiohttp.WSCloseCode.OK
        or (code == aiohttp.WSCloseCode.POLICY_VIOLATION and not is_attached)
        or (code == SUPERSEDED_CLOSE and "elsewhere" not in reason)
    )
    if is_final:
        raise AccessDenied(f"the server ended the connection with close code {code}: {reason or 'no reason given'}")


def _unreachable(error: Exception) -> ProviderError:
    why = str(error) or "no answer in time"
    return ProviderError("segue", f"no edge could be reached: {why}", retryable=True)


CLOSE_HANDSHAKE_S = 1.0
"""What an edge gets to answer our close frame."""

SUPERSEDED_CLOSE = 4001
"""Another connection resumed the session. Said of another core (`elsewhere`), it is worth dialling that one."""

_AWAY = (OSError, aiohttp.ClientError, PeerProtocolError, TimeoutError)
"""Ends of an attempt that the next one may not meet."""
