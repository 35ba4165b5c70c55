"""The ear: formats, windows, positions, what is released, what is forgotten, what is refused."""

from typing import Any

import numpy as np
import pytest

from segue._native import alaw_encode, ulaw_encode
from segue.adapters.vad.fake import EnergyVadFactory
from segue.core import hearing as ear
from segue.core.hearing import Arrival, Hearing, decode_position, encode_position
from segue.model.errors import LimitExceeded, PeerProtocolError
from segue.model.ids import ItemId, Seq
from segue.model.time import ClockDomain
from segue.telemetry.marks import MarkName

CLIENT, EDGE, CORE = ClockDomain("client"), ClockDomain("edge:e"), ClockDomain("core:c")


def arrival(at_ns: int = 0) -> Arrival:
    return Arrival(captured_at_ns=at_ns, sent_at_ns=at_ns + 1, edge_in_ns=at_ns + 2, core_in_ns=at_ns + 3)


def tone(ms: int, rate_hz: int) -> bytes:
    wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(rate_hz * ms // 1000) / rate_hz)
    return (wave * 32767).astype("<i2").tobytes()


def say(hearing: Hearing, index: int, audio: bytes) -> list[Any]:
    assert hearing.take(index)
    return list(hearing.append(index, audio, arrival(index * 1_000_000)))


FORMATS = [
    ("audio/pcm", 24_000, lambda pcm: pcm),
    ("audio/pcm", 16_000, lambda pcm: pcm),
    ("audio/pcmu", 8_000, ulaw_encode),
    ("audio/pcma", 8_000, alaw_encode),
]


@pytest.mark.parametrize(("name", "rate_hz", "encode"), FORMATS)
def test_every_format_is_heard_alike(name: str, rate_hz: int, encode: Any):
    hearing = Hearing(EnergyVadFactory())
    hearing.configure(name, rate_hz, is_detecting=True)
    data = encode(tone(960, rate_hz))
    step = len(data) // 48
    heard = [event for n in range(48) for event in say(hearing, n + 1, data[n * step : (n + 1) * step])]
    assert [event.audio_ms for event in heard] == list(range(32, 961, 32))
    assert all(event.probability > 0.9 for event in heard)
    assert hearing.audio_ms == 960
    audio = hearing.audio(320, 640)
    assert len(audio) == 320 * 16
    assert 0.15 < float(np.sqrt(np.mean(audio**2))) < 0.25


def test_without_a_detector_windows_are_only_counted():
    hearing = Hearing(EnergyVadFactory())
    hearing.configure("audio/pcm", 24_000, is_detecting=False)
    assert [event.probability for event in say(hearing, 1, tone(96, 24_000))] == [0.0, 0.0, 0.0]
    hearing.configure("audio/pcm", 24_000, is_detecting=True)
    assert say(hearing, 2, tone(32, 24_000))[0].probability > 0.9


def test_a_message_is_taken_once_and_in_order():
    hearing = Hearing(EnergyVadFactory(), received=7, units=480)
    assert not hearing.take(7)
    assert hearing.take(8)
    assert not hearing.take(8)
    with pytest.raises(PeerProtocolError, match="10 came after 8"):
        hearing.take(10)


def test_release_goes_as_far_as_everything_is_decided():
    hearing = Hearing(EnergyVadFactory())
    for index in range(1, 11):
        say(hearing, index, bytes(960))
    assert hearing.take(11)
    hearing.note_control(11, Seq(40))
    say(hearing, 12, bytes(960))
    assert hearing.release(95, Seq(0)) == (4, "4.3840")
    assert hearing.release(95, Seq(0)) is None
    assert hearing.release(400, Seq(39)) == (10, "10.9600")
    assert hearing.release(400, Seq(40)) == (12, "12.10560")
    assert hearing.position == "12.10560"


def test_a_replay_goes_on_where_the_position_says():
    hearing = Hearing(EnergyVadFactory(), received=4, units=3840)
    assert hearing.audio_ms == 80
    assert hearing.position == "4.3840"
    heard = say(hearing, 5, tone(64, 24_000))
    assert [event.audio_ms for event in heard] == [112, 144]
    assert len(hearing.audio(80, 144)) == 64 * 16
    assert len(hearing.audio(0, 112)) == 32 * 16
    assert hearing.audio_from_ms == 80


def test_forgotten_audio_is_gone_and_the_rest_is_where_it_was():
    hearing = Hearing(EnergyVadFactory())
    say(hearing, 1, tone(1000, 24_000))
    before = hearing.audio(500, 900)
    hearing.forget(480)
    hearing.forget(100)
    assert hearing.audio_from_ms == 480
    assert np.array_equal(hearing.audio(500, 900), before)
    hearing.forget(5000)
    assert len(hearing.audio(0, 1000)) <= 32 * 16


@pytest.mark.parametrize(("audio", "said"), [(b"", "no audio"), (b"abc", "whole samples")])
def test_what_is_no_audio_is_refused_and_skipped(audio: bytes, said: str):
    hearing = Hearing(EnergyVadFactory())
    assert hearing.take(1)
    with pytest.raises(PeerProtocolError, match=said) as caught:
        hearing.append(1, audio, arrival())
    assert caught.value.param == "audio"
    assert hearing.audio_ms == 0
    assert hearing.release(0, Seq(0)) == (1, "1.0")


def test_too_much_held_audio_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(ear, "HELD_AUDIO_MS_MAX", 2_000)
    hearing = Hearing(EnergyVadFactory())
    say(hearing, 1, bytes(48 * 1_500))
    assert hearing.take(2)
    with pytest.raises(LimitExceeded, match="HELD_AUDIO_MS_MAX: 2500"):
        hearing.append(2, bytes(48 * 1_000), arrival())
    hearing.forget(1_400)
    assert len(say(hearing, 3, bytes(48 * 1_000))) > 0


def test_marks_are_those_of_the_message_with_the_last_word():
    hearing = Hearing(EnergyVadFactory())
    for index in range(1, 11):
        say(hearing, index, bytes(960))
    marks = {m.mark.name: m.mark for m in hearing.marks(ItemId("i"), 95, CLIENT, EDGE, CORE)}
    assert marks[MarkName.CORE_IN].at_ns == 5_000_003
    assert marks[MarkName.EDGE_IN].domain == EDGE
    assert marks[MarkName.CLIENT_SENT].at_ns == 5_000_001
    assert marks[MarkName.MIC].at_ns == 5_000_000 - 5_000_000, "the word ended 5 ms before the message did"
    assert hearing.marks(ItemId("i"), 9_000, CLIENT, EDGE, CORE) == []


def test_a_client_without_stamps_has_only_ours():
    hearing = Hearing(EnergyVadFactory())
    assert hearing.take(1)
    bare = Arrival(captured_at_ns=None, sent_at_ns=None, edge_in_ns=1, core_in_ns=2)
    list(hearing.append(1, bytes(960), bare))
    assert [m.mark.name for m in hearing.marks(ItemId("i"), 10, CLIENT, EDGE, CORE)] == [
        MarkName.EDGE_IN,
        MarkName.CORE_IN,
    ]


@pytest.mark.parametrize("text", ["", "5", "a.1", "1.b", "1.2.3", "-1.0", "1" * 30 + ".0", "٣.٤"])
def test_a_position_of_somebody_else_is_refused(text: str):
    with pytest.raises(PeerProtocolError, match="position"):
        decode_position(text)


def test_positions_round_trip():
    assert decode_position(encode_position(7, 12345)) == (7, 12345)
