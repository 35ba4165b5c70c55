"""The microphone: frames at exactly 1x, stamped with when they were captured, however late they are sent."""

import base64
from collections.abc import Mapping
from typing import Any

import pytest

from segue.adapters.clock.fake import FakeClock
from segue.client.microphone import FRAME_BYTES, FRAME_MS, SILENCE, Microphone
from segue.model.time import NS_PER_MS


class Over(Exception):
    """The test has seen enough."""


class Room:
    """Time that passes when the microphone sleeps, and the other end of what it sends."""

    def __init__(self, *, frames: int, late_ms: int = 0) -> None:
        self.clock = FakeClock()
        self.start = self.clock.mono_ns()
        self.microphone = Microphone(self.clock, self.send, self.sleep)
        self.sent: list[Mapping[str, Any]] = []
        self.slept: list[float] = []
        self._frames = frames
        self._late_ms = late_ms

    async def sleep(self, seconds: float) -> None:
        if len(self.slept) == self._frames:
            raise Over
        self.slept.append(seconds)
        self.clock.advance(round(seconds * 1e9) + self._late_ms * NS_PER_MS)

    async def send(self, event: Mapping[str, Any]) -> int:
        self.sent.append(event)
        return len(self.sent)

    async def run(self) -> list[Mapping[str, Any]]:
        with pytest.raises(Over):
            await self.microphone.run()
        return self.sent

    def captured_ms(self) -> list[float]:
        return [(event["segue"]["captured_at_ns"] - self.start) / NS_PER_MS for event in self.sent]


def sound(*frames: int) -> bytes:
    return b"".join(bytes([frame]) * FRAME_BYTES for frame in frames)


def heard(events: list[Mapping[str, Any]]) -> list[bytes]:
    return [base64.b64decode(event["audio"]) for event in events]


async def test_silence_goes_out_at_the_speed_of_time() -> None:
    room = Room(frames=5)
    sent = await room.run()
    assert heard(sent) == [SILENCE] * 5
    assert {event["type"] for event in sent} == {"input_audio_buffer.append"}
    assert room.captured_ms() == [20, 40, 60, 80, 100]
    assert room.microphone.sent_ms == 5 * FRAME_MS


async def test_a_late_loop_catches_up_and_the_stamps_tell_of_it() -> None:
    room = Room(frames=4, late_ms=30)
    sent = await room.run()
    assert room.captured_ms() == [20, 40, 60, 80]
    assert [(event["segue"]["sent_at_ns"] - event["segue"]["captured_at_ns"]) / NS_PER_MS for event in sent] == [
        30,
        40,
        50,
        60,
    ]
    assert room.slept == pytest.approx([0.02, 0, 0, 0])


async def test_speech_starts_with_the_next_frame_and_silence_follows() -> None:
    room = Room(frames=4)
    room.microphone.say(sound(1, 2))
    assert heard(await room.run()) == [sound(1), sound(2), SILENCE, SILENCE]


async def test_the_last_frame_is_filled_up_with_silence() -> None:
    room = Room(frames=2)
    room.microphone.say(sound(1) + b"\7\7")
    assert heard(await room.run()) == [sound(1), b"\7\7" + bytes(FRAME_BYTES - 2)]


async def test_it_was_spoken_once_the_last_frame_is_captured() -> None:
    room = Room(frames=1)
    await room.microphone.spoken()  # nothing was said
    room.microphone.say(sound(1))
    await room.run()
    await room.microphone.spoken()


async def test_a_microphone_that_is_off_lets_time_pass() -> None:
    room = Room(frames=3)
    room.microphone.is_on = False
    room.microphone.say(sound(1))
    assert await room.run() == []
    await room.microphone.spoken()
