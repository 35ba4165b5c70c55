"""The trunk link over TCP: framing, proof, beats, credit and a bounded outbox, as callbacks on the event loop.

Frames queued in one loop tick are written together, on a busy link those of two milliseconds. The outbox has two
bounds: over `OUTBOX_HIGH_BYTES` no flow may send payload until it drained, over `OUTBOX_BYTES_MAX` the link is closed.
Beats and small frames pass while it is open.
"""

import asyncio
import secrets
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from segue.adapters.clock.port import Clock
from segue.adapters.trunk.credit import FlowCredits
from segue.adapters.trunk.handshake import NONCE_BYTES, Handshake
from segue.adapters.trunk.outbox import Outbox
from segue.adapters.trunk.port import (
    CLOSE_TIMEOUT_MS,
    HANDSHAKE_TIMEOUT_MS,
    TrunkAddress,
    TrunkHandler,
    TrunkIdentity,
)
from segue.adapters.trunk.pulse import Pulse
from segue.model.errors import AccessDenied, LocalProtocolError, PeerProtocolError, TrunkUnavailable
from segue.model.limits import HEARTBEAT_MS
from segue.model.time import NS_PER_MS, MonoNs
from segue.wire.trunk import (
    AnyFrame,
    Beat,
    Closed,
    Credit,
    Down,
    FrameReader,
    Hello,
    Open,
    Proof,
    Refused,
    Up,
    encode_frame,
)

_BEAT_S = HEARTBEAT_MS / 1000


class Link(asyncio.Protocol):
    """One end of a link; made by `dial_trunk` and `serve_trunk`, used through `port.TrunkLink`."""

    def __init__(self, handshake: Handshake, handler: TrunkHandler, clock: Clock, *, peer_role: str) -> None:
        self.peer_node = ""
        self.peer_role = peer_role
        self.peer_host = ""
        self._handshake = handshake
        self._handler = handler
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._proven: asyncio.Future[None] = self._loop.create_future()
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._reader = FrameReader()
        self._credits = FlowCredits()
        self._outbox = Outbox(self._loop, partial(self.abort, "the other side does not read"))
        self._pulse = Pulse(clock.mono_ns())
        self._timer: asyncio.TimerHandle | None = None
        self._end_reason: str | None = None
        self._error: PeerProtocolError | AccessDenied | None = None

    @property
    def is_open(self) -> bool:
        return self._handshake.is_done and self._end_reason is None

    @property
    def is_over(self) -> bool:
        """It was closed, aborted or lost."""
        return self._end_reason is not None

    @property
    def heard_ns(self) -> MonoNs:
        return self._pulse.heard_ns

    def can_send(self, flow: int) -> bool:
        credit = self._credits.get(flow)
        return credit is not None and credit.may_send and not self._outbox.is_full and self._end_reason is None

    def send(self, frame: AnyFrame) -> None:
        if not self.is_open:
            return
        kind = type(frame)
        if kind is Up or kind is Down:
            assert isinstance(frame, Up | Down)
            if not self.can_send(frame.flow):
                raise LocalProtocolError(f"{kind.__name__} of flow {frame.flow} sent without asking can_send")
            self._credits[frame.flow].spend(len(frame.payload))
        elif kind is Open:
            assert isinstance(frame, Open)
            if frame.flow in self._credits:
                raise LocalProtocolError(f"flow number {frame.flow} is in use on this link")
            self._credits.add(frame.flow)
        elif kind in _OWN_FRAMES:
            raise LocalProtocolError(f"{kind.__name__} frames are the link's own")
        self._outbox.put(encode_frame(frame))
        if kind is Closed or kind is Refused:
            self.forget(cast(Closed | Refused, frame).flow)

    def consumed(self, flow: int, payload_bytes: int) -> None:
        credit = self._credits.get(flow)
        if credit is not None and (grant := credit.consume(payload_bytes)):
            self._outbox.put(encode_frame(Credit(flow=flow, payload_bytes=grant)))

    def forget(self, flow: int) -> None:
        self._credits.pop(flow, None)

    def close(self, reason: str) -> None:
        if self._end_reason is None and self._transport is not None:
            self._outbox.flush()
            self._end_reason = reason
            self._transport.close()
            self._restart_timer(CLOSE_TIMEOUT_MS / 1000, self._transport.abort)

    def abort(self, reason: str) -> None:
        if self._transport is not None:
            self._end_reason = self._end_reason or reason
            self._transport.abort()

    async def wait_closed(self) -> None:
        await asyncio.shield(self._lost)

    async def wait_proven(self) -> None:
        """Return when the handshake is done.

        Raises:
            PeerProtocolError, AccessDenied, ConnectionError: It failed.
        """
        await asyncio.shield(self._proven)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are not of asyncio's class.
        self._outbox.attach(self._transport)
        peer: Any = transport.get_extra_info("peername")
        self.peer_host = str(peer[0]) if peer else "unknown"
        late = PeerProtocolError(f"trunk: no proof within {HANDSHAKE_TIMEOUT_MS} ms")
        self._restart_timer(HANDSHAKE_TIMEOUT_MS / 1000, partial(self._fail, late))
        self._outbox.put(encode_frame(self._handshake.hello()))

    def data_received(self, data: bytes) -> None:
        if self.is_over:
            return
        now = self._clock.mono_ns()
        if self._pulse.hear(now) and self.is_open:
            self._handler.on_trusted(self)
        try:
            if not self._handshake.is_done:
                self._handshake.count(len(data))
            for frame in self._reader.feed(data):
                self._handle_frame(frame, now)
        except (PeerProtocolError, AccessDenied) as error:
            self._fail(error)

    def pause_writing(self) -> None:
        self._outbox.is_full = True

    def resume_writing(self) -> None:
        self._outbox.is_full = False
        if self.is_open:
            self._handler.on_clear(self, None)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        reason = self._end_reason or (str(exc) if exc is not None else "closed by the other side")
        self._end_reason = reason
        self._credits.clear()
        self._transport = None
        if self._handshake.is_done:
            self._handler.on_unlinked(self, reason)
        else:
            if self._handshake.is_dialler and self._handshake.peer_node and self._error is None:
                reason += " during the proof; does it hold the same fleet key?"
            self._proven.set_exception(self._error or ConnectionError(reason))
            self._proven.exception()  # A listener has nobody waiting for it; asyncio would complain.
            if not self._handshake.is_dialler:
                self._handler.on_rejected(self.peer_host, reason)
        if not self._lost.done():
            self._lost.set_result(None)

    def _handle_frame(self, frame: AnyFrame, now: MonoNs) -> None:
        if self.is_over:
            return
        if not self._handshake.is_done:
            self._on_handshake_frame(frame, now)
            return
        match frame:
            case Up() | Down():
                credit = self._credits.get(frame.flow)
                if credit is None:
                    return
                credit.receive(len(frame.payload))
            case Beat():
                if (sample := self._pulse.keep(frame, now)) is not None:
                    self._handler.on_clock_sample(self, sample)
                return
            case Credit():
                credit = self._credits.get(frame.flow)
                if credit is not None and credit.earn(frame.payload_bytes) and not self._outbox.is_full:
                    self._handler.on_clear(self, frame.flow)
                return
            case Open():
                self._credits.add(frame.flow)
            case Hello() | Proof():
                raise PeerProtocolError(f"trunk: {type(frame).__name__} after the handshake")
            case _:
                pass
        self._handler.on_frame(self, frame, now)
        if isinstance(frame, Closed | Refused):
            self.forget(frame.flow)

    def _on_handshake_frame(self, frame: AnyFrame, now: MonoNs) -> None:
        answer = self._handshake.handle(frame)
        if answer is not None:
            self._outbox.put(encode_frame(answer))
        if self._handshake.is_done:
            self.peer_node = self._handshake.peer_node
            self._proven.set_result(None)
            self._pulse.rest(now)
            self._handler.on_linked(self)
            self._on_tick()

    def _on_tick(self) -> None:
        if not self.is_open:
            return
        now = self._clock.mono_ns()
        self._restart_timer(_BEAT_S, self._on_tick)
        self._outbox.put(encode_frame(self._pulse.beat(now)))
        self._outbox.flush()  # What waits here counts as time on the path between two clocks.
        silent_ns = self._pulse.suspect(now)
        if silent_ns is not None:
            self._handler.on_suspected(self, silent_ns // NS_PER_MS)

    def _fail(self, error: PeerProtocolError | AccessDenied) -> None:
        self._error = error
        self.abort(str(error))

    def _restart_timer(self, delay_s: float, callback: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(delay_s, callback)


_OWN_FRAMES = frozenset({Hello, Proof, Beat, Credit})


async def dial_trunk(
    address: TrunkAddress,
    identity: TrunkIdentity,
    *,
    peer_role: str,
    handler: TrunkHandler,
    clock: Clock,
    tls: ssl.SSLContext | None = None,
) -> Link:
    """Connect and prove; `handler.on_linked` has been called when this returns.

    Raises:
        TrunkUnavailable: Nothing there, not within `HANDSHAKE_TIMEOUT_MS`, another version, or not of this fleet.
    """
    loop = asyncio.get_running_loop()

    def make() -> Link:
        nonce = secrets.token_bytes(NONCE_BYTES)
        handshake = Handshake(identity, peer_role=peer_role, is_dialler=True, nonce=nonce)
        return Link(handshake, handler, clock, peer_role=peer_role)

    link: Link | None = None
    try:
        async with asyncio.timeout(HANDSHAKE_TIMEOUT_MS / 1000):
            _, link = await loop.create_connection(make, address.host, address.port, ssl=tls)
            await link.wait_proven()
    except TimeoutError as error:
        raise TrunkUnavailable(str(address), f"no answer within {HANDSHAKE_TIMEOUT_MS} ms") from error
    except (OSError, PeerProtocolError, AccessDenied) as error:
        raise TrunkUnavailable(str(address), str(error)) from error
    finally:
        if link is not None and not link.is_open:
            link.abort("the handshake failed")
    return link
