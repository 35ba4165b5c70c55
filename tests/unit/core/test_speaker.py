"""The mouth: order, chunks, lead, holds, cuts, and going on at a sample."""

import pytest

from segue._native import ulaw_decode
from segue.core.sounds import BYTES_PER_MS, Sounds
from segue.core.speaker import Chunk, Speaker
from segue.model.audio import PCM_16K, PCMU_8K
from segue.model.ids import ItemId, OperationKey
from segue.model.time import MonoNs, ms
from segue.voice.inputs import SpeechSent

ITEM, OTHER = ItemId("i1"), ItemId("i2")
NOW = MonoNs(ms(1_000))


class Mouth:
    def __init__(self) -> None:
        self.sounds = Sounds()
        self.sent: list[Chunk] = []
        self.is_clear = True
        self.speaker = Speaker(self.sounds, self.sent.append, lambda: self.is_clear)

    def make(self, key: str, length_ms: float, *, byte: int = 1, whole: bool = True) -> OperationKey:
        name = OperationKey(key)
        if self.sounds.find(name) is None:
            self.sounds.begin(name)
        self.sounds.add(name, bytes([byte]) * (int(length_ms * BYTES_PER_MS) // 2 * 2))
        if whole:
            self.sounds.finish(name)
        return name

    def speak(self, item: ItemId, segment: int, key: OperationKey, skip_ms: int = 0) -> None:
        self.speaker.speak(item, "r1", segment, key, skip_ms)

    def pump(self, now: MonoNs = NOW) -> list[SpeechSent]:
        return self.speaker.pump(now)

    def audio(self, item: ItemId = ITEM) -> bytes:
        return b"".join(chunk.audio for chunk in self.sent if chunk.item_id == item)


def sent(to_ms: int, *, drained: bool = False, item: ItemId = ITEM) -> SpeechSent:
    return SpeechSent(item_id=item, sent_ms=to_ms, is_drained=drained)


def test_segments_go_out_in_order_in_small_chunks_the_first_smallest():
    mouth = Mouth()
    second = mouth.make("b", 130, byte=2)
    mouth.speak(ITEM, 1, second)
    assert mouth.pump() == []
    mouth.speak(ITEM, 0, mouth.make("a", 210, byte=1))
    assert mouth.pump() == [sent(340)]
    assert [chunk.to_ms for chunk in mouth.sent] == [60, 160, 210, 310, 340]
    assert [chunk.is_first for chunk in mouth.sent] == [True, False, False, False, False]
    assert mouth.audio() == b"\1" * 210 * BYTES_PER_MS + b"\2" * 130 * BYTES_PER_MS
    mouth.speaker.end(ITEM)
    assert mouth.pump() == [sent(340, drained=True)]
    assert mouth.pump() == []
    assert not mouth.speaker.owes(ITEM)


def test_a_sound_in_the_making_is_sent_as_it_comes_and_padded_at_its_end():
    mouth = Mouth()
    key = mouth.make("a", 15, whole=False)
    mouth.speak(ITEM, 0, key)
    assert mouth.pump() == []
    mouth.make("a", 15, whole=False)
    assert mouth.pump() == [sent(30)]
    mouth.make("a", 5.5)
    mouth.speaker.end(ITEM)
    assert mouth.pump() == [sent(36, drained=True)]
    assert len(mouth.audio()) == 36 * BYTES_PER_MS


def test_a_cut_stops_it_and_a_hold_keeps_it():
    mouth = Mouth()
    mouth.speak(ITEM, 0, mouth.make("a", 500))
    mouth.speaker.hold(ITEM)
    assert mouth.pump() == []
    mouth.speaker.go_on(ITEM)
    mouth.pump()
    mouth.speak(ITEM, 1, mouth.make("b", 500))
    mouth.speaker.cut(ITEM)
    assert mouth.pump() == []
    assert len(mouth.audio()) == 500 * BYTES_PER_MS
    assert mouth.sounds.held_bytes == 0


def test_nothing_is_sent_without_a_clear_way():
    mouth = Mouth()
    mouth.is_clear = False
    mouth.speak(ITEM, 0, mouth.make("a", 100))
    mouth.speaker.end(ITEM)
    assert mouth.pump() == []
    assert mouth.speaker.owes(ITEM)
    mouth.is_clear = True
    assert mouth.pump() == [sent(100, drained=True)]


def test_the_lead_is_bounded_by_what_was_heard():
    mouth = Mouth()
    mouth.speak(ITEM, 0, mouth.make("a", 30_000))
    mouth.pump()
    lead = mouth.sent[-1].to_ms
    assert 19_800 <= lead <= 20_000
    wake = mouth.speaker.next_wake(NOW)
    assert wake is not None
    assert NOW < wake <= NOW + ms(300)
    mouth.speaker.hear(ITEM, 5_000)
    mouth.pump()
    assert 24_800 <= mouth.sent[-1].to_ms <= 25_000
    mouth.pump(MonoNs(NOW + ms(9_000)))
    assert 28_800 <= mouth.sent[-1].to_ms <= 29_000, "one that says nothing is taken to play on"
    mouth.speaker.hold(ITEM)
    assert mouth.speaker.next_wake(NOW) is None


def test_after_a_takeover_it_goes_on_at_the_clients_place():
    mouth = Mouth()
    mouth.speak(ITEM, 1, mouth.make("b", 200, byte=2), skip_ms=130)
    mouth.speaker.know_durations(ITEM, {0: 100})
    mouth.speaker.end(ITEM)
    assert mouth.pump() == [sent(300, drained=True)]
    assert mouth.audio() == b"\2" * 170 * BYTES_PER_MS
    assert not mouth.sent[0].is_first


def test_a_client_that_comes_back_is_sent_again_what_it_lacks():
    mouth = Mouth()
    mouth.speak(ITEM, 0, mouth.make("a", 300))
    mouth.speaker.end(ITEM)
    mouth.pump()
    mouth.speaker.expect(ITEM, 120)
    assert mouth.speaker.owes(ITEM)
    assert mouth.pump() == []
    assert len(mouth.audio()) == (300 + 180) * BYTES_PER_MS
    mouth.speaker.expect(OTHER, 40)
    mouth.speak(OTHER, 0, mouth.make("o", 100), skip_ms=0)
    mouth.pump()
    assert len(mouth.audio(OTHER)) == 60 * BYTES_PER_MS


def test_a_finished_item_is_repeated_before_the_running_one_and_in_silence():
    mouth = Mouth()
    mouth.speak(ITEM, 0, mouth.make("a", 100))
    mouth.speaker.repeat(OTHER, "r0", {0: OperationKey("old")}, 50)
    assert mouth.pump() == []
    mouth.make("old", 100, byte=9)
    assert mouth.pump() == [sent(100)]
    assert next(chunk.item_id for chunk in mouth.sent) == OTHER
    assert mouth.audio(OTHER) == b"\x09" * 50 * BYTES_PER_MS
    mouth.speaker.repeat(OTHER, "r0", {}, 90)
    mouth.pump()
    assert len(mouth.audio(OTHER)) == 60 * BYTES_PER_MS


def test_old_items_are_forgotten():
    mouth = Mouth()
    for number in range(5):
        item = ItemId(f"n{number}")
        mouth.speak(item, 0, mouth.make(f"k{number}", 100))
        mouth.speaker.end(item)
        mouth.pump()
    assert mouth.speaker.item_ids == [ItemId("n3"), ItemId("n4")]
    assert mouth.sounds.held_bytes == 200 * BYTES_PER_MS


def test_a_new_attempt_goes_on_where_the_old_one_broke_off():
    mouth = Mouth()
    key = mouth.make("a", 100, whole=False)
    mouth.speak(ITEM, 0, key)
    mouth.pump()
    mouth.sounds.begin(key)
    assert mouth.pump() == []
    mouth.make("a", 250)
    mouth.speaker.end(ITEM)
    assert mouth.pump() == [sent(250, drained=True)]
    assert len(mouth.audio()) == 250 * BYTES_PER_MS


@pytest.mark.parametrize(("audio_format", "size"), [(PCMU_8K, 8), (PCM_16K, 32)])
def test_other_formats_have_the_same_length(audio_format, size):
    mouth = Mouth()
    mouth.speaker.configure(audio_format)
    mouth.speak(ITEM, 0, mouth.make("a", 350, byte=0))
    mouth.pump()
    assert len(mouth.audio()) == 350 * size
    if audio_format is PCMU_8K:
        assert set(ulaw_decode(mouth.audio())) <= {0, 255}


def test_words_about_an_unknown_item_change_nothing():
    mouth = Mouth()
    for act in (mouth.speaker.end, mouth.speaker.hold, mouth.speaker.go_on, mouth.speaker.cut):
        act(OTHER)
    mouth.speaker.hear(OTHER, 10)
    mouth.speaker.know_durations(OTHER, {0: 1})
    assert not mouth.speaker.owes(OTHER)
    assert mouth.pump() == []
