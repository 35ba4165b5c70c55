"""One client connection, as the core has it: a flow on a trunk link, its epoch, and what waits for credit.

Control messages are never dropped: they wait here, in order, and a client that takes none of them for too long loses
its connection (it can resume). Audio is only handed over when nothing waits.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import msgspec

from segue.adapters.trunk.port import TrunkLink
from segue.model.ids import Epoch
from segue.wire.realtime.cursor import START, Cursor
from segue.wire.trunk import Closed, Down, Open, Opened, Refused, Release

QUEUED_BYTES_MAX: Final = 8 * 1024 * 1024
"""Messages that wait for one client's credit. Over: its connection is closed with 1013, and it may resume."""

TRY_AGAIN_LATER: Final = 1013


class _Params(msgspec.Struct, frozen=True):
    """What an edge puts into `Open.params`."""

    session: msgspec.Raw = msgspec.Raw(b"null")
    query: dict[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a connection asks for: parsed once from its Open frame."""

    is_new: bool
    is_aware: bool
    subject: str
    session_patch: bytes
    """JSON object from the client's token, possibly `{}`."""
    cursor: Cursor
    """Last place the client has; START if none."""
    ring_from: int
    position: str
    """What the holder of unreleased messages gives back; empty if nothing was ever released to it."""
    received: int | None
    """Aware clients that resume: how many messages they have ever sent."""
    is_same_socket: bool
    """The edge kept the client's socket: another core, or this one before a broken link, had the flow."""
    epoch: int = 0
    """The newest owner's that the flow has seen."""

    @classmethod
    def read(cls, frame: Open) -> "Wanted":
        """Parse an Open frame.

        Raises:
            PeerProtocolError: The cursor is none of this server's.
            msgspec.DecodeError: The edge sent parameters that are not its own format.
        """
        params = msgspec.json.decode(frame.params or b"{}", type=_Params)
        query = params.query
        claims = bytes(params.session)
        received = query.get("received", "")
        is_resumed = frame.is_aware and not frame.is_new
        return cls(
            is_new=frame.is_new,
            is_aware=frame.is_aware,
            subject=frame.subject,
            session_patch=_with_model(claims, query.get("model")),
            cursor=Cursor.parse(frame.cursor) if frame.cursor else START,
            ring_from=frame.ring_from,
            position=frame.position or (query.get("position", "") if is_resumed else ""),
            received=int(received) if is_resumed and received.isdigit() else None,
            is_same_socket=frame.position != "",
            epoch=frame.epoch,
        )


class Attachment:
    """A live flow. `number` grows with each attachment of the session's host."""

    def __init__(self, link: TrunkLink, flow: int, epoch: Epoch, number: int, wanted: Wanted, received: int) -> None:
        self.link = link
        self.flow = flow
        self.epoch = epoch
        self.number = number
        self.wanted = wanted
        self.received = received
        self.is_open = True
        self._waiting: deque[Down] = deque()
        self._waiting_bytes = 0

    @property
    def is_aware(self) -> bool:
        return self.wanted.is_aware

    @property
    def is_clear(self) -> bool:
        """Whether audio may go now: nothing waits and there is credit."""
        return self.is_open and not self._waiting and self.link.can_send(self.flow)

    def opened(self, released: int, position: str) -> None:
        """Tell the edge that the flow is ours, what to send, and what its holder gives back on a replay."""
        self.link.send(Opened(self.flow, self.epoch, self.received))
        self.release(released, position)

    def release(self, through: int, position: str) -> None:
        if self.is_open:
            self.link.send(Release(self.flow, through, position))

    def send(self, cursor: str, payload: bytes, *, report: bool = False) -> None:
        """Send one message, or let it wait for credit behind those that wait."""
        if not self.is_open:
            return
        frame = Down(self.flow, self.epoch, cursor, payload, report)
        if not self._waiting and self.link.can_send(self.flow):
            self.link.send(frame)
            return
        self._waiting.append(frame)
        self._waiting_bytes += len(payload)
        if self._waiting_bytes > QUEUED_BYTES_MAX:
            self.close(TRY_AGAIN_LATER, "this client does not read; reconnect to resume")

    def flush(self) -> None:
        """Credit came: send what waited."""
        while self._waiting and self.link.can_send(self.flow):
            frame = self._waiting.popleft()
            self._waiting_bytes -= len(frame.payload)
            self.link.send(frame)

    def consumed(self, payload_bytes: int) -> None:
        if self.is_open:
            self.link.consumed(self.flow, payload_bytes)

    def close(self, code: int, reason: str) -> None:
        """End the client's connection."""
        if self.is_open:
            self.link.send(Closed(self.flow, code, reason))
            self.drop()

    def drop(self) -> None:
        """The flow is gone, or somebody else's: say nothing."""
        if self.is_open:
            self.is_open = False
            self._waiting.clear()
            self.link.forget(self.flow)


def refuse(link: TrunkLink, flow: int, status: int, code: str, message: str, *, retry: bool = False) -> None:
    """Answer an Open with no."""
    link.send(Refused(flow, status, code, message, retry))
    link.forget(flow)


def _with_model(claims: bytes, model: str | None) -> bytes:
    """The token's session fields; a `model` of the query fills in where the token names none."""
    patch = msgspec.json.decode(claims) if claims not in (b"", b"null") else {}
    if not isinstance(patch, dict):
        patch = {}
    if model and "model" not in patch:
        patch = {**patch, "model": model}
    return msgspec.json.encode(patch)
