"""The replay ring: a flow's client messages, numbered, until the core has released them.

It is also the send queue: messages up to the send mark went to the core that holds the flow now, the rest wait for
credit or for a core. Bounded by `UPLINK_RING_BYTES_MAX` and `UPLINK_RING_MESSAGES_MAX`: while it `is_full` the owner
must not append; one message always fits a ring that is not full.
"""

from collections import deque
from typing import NamedTuple

from segue.model.errors import PeerProtocolError
from segue.model.ids import UplinkIndex
from segue.model.limits import CLIENT_MESSAGE_BYTES_MAX, UPLINK_RING_BYTES_MAX, UPLINK_RING_MESSAGES_MAX
from segue.model.time import MonoNs

_BYTES_BEFORE_FULL = UPLINK_RING_BYTES_MAX - CLIENT_MESSAGE_BYTES_MAX


class Held(NamedTuple):
    """One message and when it was read from the client's socket."""

    payload: bytes
    in_ns: MonoNs


class ReplayRing:
    """Messages of one flow, oldest first. Until the first `begin` they have no numbers and none may be sent."""

    __slots__ = ("_first", "_held", "_held_bytes", "_is_numbered", "_sent")

    def __init__(self) -> None:
        self._held: deque[Held] = deque()
        self._held_bytes = 0
        self._first = 1
        self._sent = 0
        self._is_numbered = False

    @property
    def is_full(self) -> bool:
        return self._held_bytes > _BYTES_BEFORE_FULL or len(self._held) >= UPLINK_RING_MESSAGES_MAX

    @property
    def held_bytes(self) -> int:
        return self._held_bytes

    @property
    def first(self) -> int:
        """Number of the oldest message held; 0 when there is none or they have no numbers yet."""
        return self._first if self._held and self._is_numbered else 0

    @property
    def last(self) -> int:
        """Number of the newest message taken so far, held or released."""
        return self._first + len(self._held) - 1

    def append(self, payload: bytes, in_ns: MonoNs) -> None:
        """Hold one more message."""
        assert not self.is_full, "the reader waits while the ring is full"
        self._held.append(Held(payload, in_ns))
        self._held_bytes += len(payload)

    def begin(self, received: int) -> None:
        """A core took the flow and has everything up to `received`: send what is held after that.

        The first one also numbers what is held: an attachment's first message follows what its session has received.

        Raises:
            PeerProtocolError: The core claims messages that this flow never had.
        """
        if not self._is_numbered:
            self._first = received + 1
            self._is_numbered = True
        if received > self.last:
            raise PeerProtocolError(f"core claims uplink message {received}, this flow has had {self.last}")
        self._sent = max(received, self._first - 1)

    def poll_unsent(self) -> tuple[UplinkIndex, Held] | None:
        """The next message to send, which then counts as sent."""
        if self._sent >= self.last or not self._is_numbered:
            return None
        self._sent += 1
        return UplinkIndex(self._sent), self._held[self._sent - self._first]

    def release(self, through: int) -> int:
        """Let go of everything up to `through`; returns the bytes freed.

        Raises:
            PeerProtocolError: It was not sent yet.
        """
        if through > self._sent:
            raise PeerProtocolError(f"core releases uplink message {through}, only {self._sent} were sent")
        before = self._held_bytes
        while self._held and self._first <= through:
            self._held_bytes -= len(self._held.popleft().payload)
            self._first += 1
        return before - self._held_bytes
