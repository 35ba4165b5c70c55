"""The samples of a session's synthesized segments, by operation key, until they have been heard."""

from collections.abc import Iterable

from segue.model.audio import SPOKEN_RATE_HZ
from segue.model.ids import OperationKey

BYTES_PER_MS = SPOKEN_RATE_HZ * 2 // 1000


class Sound:
    """One segment's int16 24 kHz samples, as far as they are made."""

    __slots__ = ("is_whole", "pcm")

    def __init__(self) -> None:
        self.pcm = bytearray()
        self.is_whole = False

    @property
    def ready_ms(self) -> int:
        """Whole milliseconds there are; of a whole sound, all of it, the last one padded."""
        whole, rest = divmod(len(self.pcm), BYTES_PER_MS)
        return whole + (1 if rest and self.is_whole else 0)

    def cut(self, from_ms: int, to_ms: int) -> bytes:
        """Samples between two places, padded with silence to whole milliseconds."""
        piece = bytes(self.pcm[from_ms * BYTES_PER_MS : to_ms * BYTES_PER_MS])
        return piece.ljust((to_ms - from_ms) * BYTES_PER_MS, b"\0")


class Sounds:
    """All sounds of one session."""

    def __init__(self) -> None:
        self._sounds: dict[OperationKey, Sound] = {}

    def begin(self, key: OperationKey) -> None:
        """An attempt begins: what an earlier one made is replaced as this one makes it."""
        self._sounds[key] = Sound()

    def add(self, key: OperationKey, pcm: bytes) -> None:
        sound = self._sounds.get(key)
        if sound is not None:
            sound.pcm += pcm

    def finish(self, key: OperationKey) -> None:
        sound = self._sounds.get(key)
        if sound is not None:
            sound.is_whole = True

    def find(self, key: OperationKey) -> Sound | None:
        return self._sounds.get(key)

    def drop(self, keys: Iterable[OperationKey]) -> None:
        for key in keys:
            self._sounds.pop(key, None)

    @property
    def held_bytes(self) -> int:
        return sum(len(sound.pcm) for sound in self._sounds.values())
