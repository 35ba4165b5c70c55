"""What a client must remember so that nothing is lost or said twice when its connection dies.

Upward: every message is numbered from 1 and kept until the server says that it is decided and durable (`segue.ack`).
Downward: the last `event_id` is a cursor; presented on the next connection it makes the server go on from there.
"""

from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec

from segue.model.errors import LimitExceeded
from segue.model.limits import UPLINK_RING_BYTES_MAX, UPLINK_RING_MESSAGES_MAX


class ResumeLedger:
    """Pure state of one session as its client sees it; it outlives connections."""

    def __init__(self) -> None:
        self.session_id: str | None = None
        self.resume_token: str | None = None
        self.cursor = ""
        self.sent_through = 0
        self.released_through = 0
        self.position = ""
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0

    def keep(self, payload: bytes) -> int:
        """Number a message and keep it.

        Raises:
            LimitExceeded: The server has not released anything for so long that the ring is full.
        """
        if self._kept_bytes + len(payload) > UPLINK_RING_BYTES_MAX:
            raise LimitExceeded("UPLINK_RING_BYTES_MAX", self._kept_bytes + len(payload), UPLINK_RING_BYTES_MAX)
        if len(self._kept) >= UPLINK_RING_MESSAGES_MAX:
            raise LimitExceeded("UPLINK_RING_MESSAGES_MAX", len(self._kept) + 1, UPLINK_RING_MESSAGES_MAX)
        self.sent_through += 1
        self._kept.append((self.sent_through, payload))
        self._kept_bytes += len(payload)
        return self.sent_through

    def release(self, through: int, position: str) -> None:
        """Forget what the server has decided on; `position` is where it goes on, to be given back on a resume."""
        while self._kept and self._kept[0][0] <= through:
            self._kept_bytes -= len(self._kept.popleft()[1])
        if through >= self.released_through:
            self.released_through, self.position = through, position

    def note_event(self, event: Mapping[str, Any]) -> None:
        """Follow one server event: its cursor, and the session's own bookkeeping events."""
        event_id = event.get("event_id")
        if isinstance(event_id, str) and event_id.startswith("event_"):
            self.cursor = event_id
        match event.get("type"):
            case "segue.session":
                self.session_id = event["session_id"]
                self.resume_token = event["resume_token"]
                self.release(event["uplink_received"], event["uplink_position"])
            case "segue.ack":
                self.release(event["through"], event["position"])

    def unacknowledged(self, after: int = 0) -> list[tuple[int, bytes]]:
        """Messages beyond `after` to send again, in order, on a resumed connection."""
        return [kept for kept in self._kept if kept[0] > after]

    def query(self) -> dict[str, str]:
        """Query parameters of the next connection."""
        query = {"segue": "1"}
        if self.session_id is not None:
            query |= {"session_id": self.session_id, "after": self.cursor, "received": str(self.sent_through)}
            query |= {"position": self.position} if self.position else {}
        return query


def encode_event(event: Mapping[str, Any]) -> bytes:
    """A client event as one text message."""
    return _encoder.encode(event)


_encoder = msgspec.json.Encoder()
