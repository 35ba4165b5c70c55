"""Client messages into inputs, each once; what needs no machine is answered at once."""

import base64
import json
from types import SimpleNamespace
from typing import Any

import pytest

from segue.adapters.clock.fake import FakeClock
from segue.adapters.vad.fake import EnergyVadFactory
from segue.core import ear as module
from segue.core.ear import Ear
from segue.core.events import Arrived
from segue.core.hearing import Hearing
from segue.core.metrics import CoreMetrics
from segue.model.errors import PeerProtocolError
from segue.model.ids import Seq
from segue.model.time import MonoNs
from segue.voice.inputs import AudioHeard, ClientFault, ClientSent
from segue.wire.realtime.server import ClockPong
from segue.wire.trunk import Up
from tests.support.harness import FakeLink


class Told:
    def __init__(self) -> None:
        self.now: list[Any] = []
        self.heard: list[tuple[str, float]] = []

    def tell_now(self, event: Any) -> None:
        self.now.append(event)

    def hear(self, item_id: str, heard_ms: float) -> None:
        self.heard.append((item_id, heard_ms))


class Listener:
    def __init__(self) -> None:
        self.told, self.hearing = Told(), Hearing(EnergyVadFactory())
        self.metrics = CoreMetrics()
        parts: Any = SimpleNamespace(clock=FakeClock(mono_ns=500), metrics=self.metrics)
        told: Any = self.told
        self.ear = Ear(parts, self.hearing, told, told)
        self.index = 0

    def say(self, message: Any, index: int | None = None) -> list[Any]:
        self.index = index or self.index + 1
        payload = message if isinstance(message, bytes) else json.dumps(message).encode()
        frame = Up(1, self.index, 40, payload)
        return (
            []
            if not self.ear.admit(self.index)
            else list(self.ear.read(Arrived(FakeLink(lambda _: None), frame, MonoNs(44))))
        )


def append(audio: bytes, **fields: Any) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(audio).decode(), **fields}


def test_audio_becomes_windows_and_a_repeat_nothing():
    listener = Listener()
    heard = listener.say(append(bytes(48 * 70), segue={"captured_at_ns": 5, "sent_at_ns": 6}))
    assert [type(event) for event in heard] == [AudioHeard, AudioHeard]
    assert listener.say(append(bytes(48 * 70)), index=1) == []
    assert listener.hearing.audio_ms == 70
    with pytest.raises(PeerProtocolError, match="missing"):
        listener.say(append(bytes(48)), index=9)


def test_control_events_carry_the_audio_before_them():
    listener = Listener()
    listener.say(append(bytes(48 * 70)))
    (event,) = listener.say({"type": "input_audio_buffer.commit", "event_id": "c"})
    assert isinstance(event, ClientSent)
    assert (event.index, event.audio_ms, event.event.event_id) == (2, 70, "c")


def test_a_late_clock_sample_is_counted_and_passed_on():
    listener = Listener()
    stamps = {"t0_ns": 0, "t1_ns": 5, "t2_ns": 6, "t3_ns": 11_000_000_000}
    (event,) = listener.say({"type": "segue.clock.sample", **stamps})
    assert isinstance(event, ClientSent)
    assert listener.metrics.late_samples._value.get() == 1
    listener.say({"type": "segue.clock.sample", **stamps, "t3_ns": 12})
    assert listener.metrics.late_samples._value.get() == 1


def test_the_clock_is_answered_and_playout_is_heard():
    listener = Listener()
    assert listener.say({"type": "segue.clock.ping", "t0_ns": 7}) == []
    assert listener.told.now == [ClockPong(t0_ns=7, t1_ns=44, t2_ns=500)]
    playout = {"type": "segue.playout", "item_id": "i", "played_ms": 120, "buffered_ms": 0, "at_ns": 1}
    assert isinstance(listener.say(playout)[0], ClientSent)
    assert listener.told.heard == [("i", 120)]
    assert listener.hearing.release(0, Seq(0)) == (1, "1.0"), "what the machine is told is noted by whoever told it"


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (b"{", "invalid_json"),
        ({"type": "nope", "event_id": "e"}, "unknown_event"),
        (append(b"", event_id="e"), "invalid_value"),
        (append(b"abc", event_id="e"), "invalid_value"),
        (append(bytes(48 * 200), event_id="e"), "input_audio_buffer_append_too_large"),
    ],
)
def test_faults_are_told_and_leave_no_hole(message: Any, code: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "APPEND_BYTES_MAX", 48 * 100)
    listener = Listener()
    (fault,) = listener.say(message)
    assert isinstance(fault, ClientFault)
    assert fault.code == code
    assert fault.event_id == (None if isinstance(message, bytes) else "e")
    assert listener.hearing.release(0, Seq(0)) == (1, "1.0")
