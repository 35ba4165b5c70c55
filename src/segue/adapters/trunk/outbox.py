"""What a link has to write: gathered in one loop tick, written at its end, bounded."""

import asyncio
from collections.abc import Callable

from segue.adapters.trunk.port import OUTBOX_BYTES_MAX, OUTBOX_HIGH_BYTES, OUTBOX_LOW_BYTES

FLUSH_BYTES = 256 * 1024
"""Written at once instead of at the end of the tick, so that the socket's back-pressure shows within the tick."""


class Outbox:
    """Frames on their way to a transport. `is_full`: no flow may send payload until the socket has drained."""

    __slots__ = ("_frames", "_loop", "_on_overflow", "_queued_bytes", "_transport", "is_full")

    def __init__(self, loop: asyncio.AbstractEventLoop, on_overflow: Callable[[], None]) -> None:
        self.is_full = False
        self._loop = loop
        self._on_overflow = on_overflow
        self._transport: asyncio.WriteTransport | None = None
        self._frames: list[bytes] = []
        self._queued_bytes = 0

    def attach(self, transport: asyncio.WriteTransport) -> None:
        """Write here."""
        self._transport = transport
        transport.set_write_buffer_limits(high=OUTBOX_HIGH_BYTES, low=OUTBOX_LOW_BYTES)

    def put(self, data: bytes) -> None:
        """Queue one encoded frame."""
        if not self._frames:
            self._loop.call_soon(self.flush)
        self._frames.append(data)
        self._queued_bytes += len(data)
        if self._queued_bytes >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what is queued to the socket, unless it is closing: then nothing is read any more."""
        frames, self._frames = self._frames, []
        self._queued_bytes = 0
        transport = self._transport
        if not frames or transport is None or transport.is_closing():
            return
        transport.writelines(frames)
        if transport.get_write_buffer_size() > OUTBOX_BYTES_MAX:
            self._on_overflow()
