"""Sounds by key, in whole milliseconds."""

from segue.core.sounds import BYTES_PER_MS, Sounds
from segue.model.ids import OperationKey

KEY = OperationKey("k")


def test_a_sound_is_padded_at_its_end_only():
    sounds = Sounds()
    sounds.add(KEY, b"lost")
    sounds.finish(KEY)
    assert sounds.find(KEY) is None
    sounds.begin(KEY)
    sounds.add(KEY, b"\1" * (BYTES_PER_MS * 2 + 10))
    sound = sounds.find(KEY)
    assert sound is not None
    assert sound.ready_ms == 2
    sounds.finish(KEY)
    assert sound.ready_ms == 3
    assert sound.cut(2, 3) == b"\1" * 10 + b"\0" * (BYTES_PER_MS - 10)
    assert sounds.held_bytes == BYTES_PER_MS * 2 + 10


def test_a_new_attempt_replaces_and_a_drop_forgets():
    sounds = Sounds()
    sounds.begin(KEY)
    sounds.add(KEY, b"\1" * BYTES_PER_MS)
    sounds.begin(KEY)
    assert sounds.held_bytes == 0
    sounds.drop([KEY, OperationKey("other")])
    assert sounds.find(KEY) is None
