"""A microphone that never stops: 20 ms frames at exactly 1x, speech when there is some to say, else silence.

Rules: frame n is captured at start + n x 20 ms of this process's monotonic clock, also when the loop was late to send
it, so that stamps tell the truth about the capture and lateness shows up in the capture hop.
"""

import asyncio
import binascii
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from segue.adapters.clock.port import Clock
from segue.model.audio import SPOKEN_RATE_HZ
from segue.model.time import NS_PER_MS, NS_PER_S

FRAME_MS = 20
FRAME_BYTES = SPOKEN_RATE_HZ * 2 * FRAME_MS // 1000
SILENCE = bytes(FRAME_BYTES)


@dataclass(slots=True)
class Microphone:
    """`say` queues 24 kHz int16 samples; `run` sends frames until cancelled."""

    clock: Clock
    send: Callable[[Mapping[str, Any]], Awaitable[int]]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    sent_ms: int = 0
    is_on: bool = True
    _queue: deque[bytes] = field(default_factory=deque)
    _idle: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, pcm: bytes) -> None:
        """Queue speech; it starts with the next frame."""
        padded = pcm + bytes(-len(pcm) % FRAME_BYTES)
        self._queue.extend(padded[at : at + FRAME_BYTES] for at in range(0, len(padded), FRAME_BYTES))
        self._idle.clear()

    async def spoken(self) -> None:
        """Return when the last sample of what was queued has been captured."""
        if self._queue:
            await self._idle.wait()

    async def run(self) -> None:
        """Send frames at 1x for ever."""
        start = self.clock.mono_ns()
        frame = 0
        while True:
            frame += 1
            captured_at = start + frame * FRAME_MS * NS_PER_MS
            await self.sleep(max(0.0, (captured_at - self.clock.mono_ns()) / NS_PER_S))
            speech = self._queue.popleft() if self._queue else None
            if not self._queue:
                self._idle.set()
            if self.is_on:
                await self._send_frame(speech or SILENCE, captured_at)

    async def _send_frame(self, pcm: bytes, captured_at: int) -> None:
        self.sent_ms += FRAME_MS
        await self.send(
            {
                "type": "input_audio_buffer.append",
                "audio": binascii.b2a_base64(pcm, newline=False).decode(),
                "segue": {"captured_at_ns": captured_at, "sent_at_ns": self.clock.mono_ns()},
            }
        )
