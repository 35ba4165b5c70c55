"""What a link has to write: gathered in one loop tick, written at its end, bounded.

A write, and the wake it causes at the other side, cost more than the frames in it. While many frames pass, a tick soon
after a write therefore waits for company; a link with little to do writes at the end of each tick.
"""

import asyncio
from collections.abc import Callable

from segue.adapters.trunk.port import OUTBOX_BYTES_MAX, OUTBOX_HIGH_BYTES, OUTBOX_LOW_BYTES

FLUSH_BYTES = 256 * 1024
"""Written at once instead of at the end of the tick, so that the socket's back-pressure shows within the tick."""

BUSY_FRAMES_PER_S = 1_000
"""From here on writes are spaced: some twenty people talking."""
SPACING_S = 0.002
"""Between two writes of a busy link: what a frame is delayed at most. At 5,000 frames a second ten share a write."""
WINDOW_S = 0.02
"""Over which frames are counted."""


class Outbox:
    """Frames on their way to a transport. `is_full`: no flow may send payload until the socket has drained."""

    __slots__ = (
        "_counted", "_counted_from", "_frames", "_is_busy", "_loop", "_on_overflow", "_queued_bytes", "_transport",
        "_written_at", "is_full",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, on_overflow: Callable[[], None]) -> None:
        self.is_full = False
        self._loop = loop
        self._on_overflow = on_overflow
        self._transport: asyncio.WriteTransport | None = None
        self._frames: list[bytes] = []
        self._queued_bytes = 0
        self._written_at = 0.0
        self._counted = 0
        self._counted_from = 0.0
        self._is_busy = False

    def attach(self, transport: asyncio.WriteTransport) -> None:
        """Write here."""
        self._transport = transport
        transport.set_write_buffer_limits(high=OUTBOX_HIGH_BYTES, low=OUTBOX_LOW_BYTES)

    def put(self, data: bytes) -> None:
        """Queue one encoded frame."""
        if not self._frames:
            self._schedule()
        self._frames.append(data)
        self._queued_bytes += len(data)
        if self._queued_bytes >= FLUSH_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand what is queued to the socket, unless it is closing: then nothing is read any more."""
        frames, self._frames = self._frames, []
        self._queued_bytes = 0
        self._count(len(frames))
        transport = self._transport
        if not frames or transport is None or transport.is_closing():
            return
        transport.writelines(frames)
        if transport.get_write_buffer_size() > OUTBOX_BYTES_MAX:
            self._on_overflow()

    def _schedule(self) -> None:
        wait_s = self._written_at + SPACING_S - self._loop.time() if self._is_busy else 0.0
        if wait_s > 0:
            self._loop.call_later(wait_s, self.flush)
        else:
            self._loop.call_soon(self.flush)

    def _count(self, frames: int) -> None:
        now = self._written_at = self._loop.time()
        self._counted += frames
        passed_s = now - self._counted_from
        if passed_s >= WINDOW_S:
            self._is_busy = self._counted >= BUSY_FRAMES_PER_S * passed_s
            self._counted, self._counted_from = 0, now
