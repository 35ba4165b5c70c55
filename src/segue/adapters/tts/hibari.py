"""Hibari: one English voice, a sentence in 10-40 ms of one core.

The words-to-phonemes rules, the network's call and the inverse transform are Hibari's own code, which is part of the
model: it is loaded from the hash-checked, unpacked wheel under a private name, so that nothing is installed, `sys.path`
is untouched and no other package of that name is shadowed. Only the voice in the wheel is offered, so that its code for
downloading others is never reached. Knows nothing of playout.
"""

import importlib.util
import sys
import threading
import zlib
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from segue.adapters.models.onnx import Lazy
from segue.adapters.models.threads import ModelThreads
from segue.adapters.tts.port import TTS_CHUNK_MS
from segue.model.audio import SPOKEN_RATE_HZ
from segue.model.errors import ProviderError


class HibariTts:
    """The voice of the package file at `package` (`hibari/__init__.py` of the unpacked wheel); one for all sessions."""

    voices: tuple[str, ...] = ("heart",)

    def __init__(self, package: Path, threads: ModelThreads) -> None:
        self.name = NAME
        self._voice = Lazy(NAME, lambda: _Voice(load_package(package)))
        self._threads = threads

    async def synthesize(self, text: str, *, voice: str) -> AsyncGenerator[bytes, None]:
        if voice not in self.voices:
            problem = f"has no voice {voice!r}; it has: {', '.join(self.voices)}"
            raise ProviderError(NAME, problem, retryable=False)
        # Sentence by sentence: the first is on its way to the ear while the second is made.
        sentences = await self._threads.run(NAME, lambda _: self._voice.get().phonemes(text))
        for sentence in sentences:
            for chunk in _chunks(await self._sound(sentence)):
                yield chunk

    async def _sound(self, phonemes: str) -> bytes:
        return await self._threads.run(NAME, lambda _: self._voice.get().sound(phonemes))

    async def warm(self) -> None:
        async for _ in self.synthesize(_WARM_UP, voice=self.voices[0]):
            pass


class _Voice:
    """Hibari's synthesizer with our level. Phonemes are made one text at a time; the network runs for many at once."""

    def __init__(self, package: ModuleType) -> None:
        self._hibari: Any = package.Hibari()
        self._rules = threading.Lock()

    def phonemes(self, text: str) -> list[str]:
        with self._rules:
            return list(self._hibari.phonemize(text))

    def sound(self, phonemes: str) -> bytes:
        """Equal phonemes give equal bytes: the breath noise is seeded from them."""
        seed = np.random.default_rng(zlib.crc32(phonemes.encode()))
        return pcm_at_level(self._hibari.from_ids(self._hibari.ids(phonemes), 1.0, seed))


def pcm_at_level(wave: npt.NDArray[np.float32]) -> bytes:
    """Bring Hibari's quiet sound to a speaking level, bend what would clip, and return int16."""
    level = wave * _GAIN
    over = np.abs(level) > _BEND_FROM
    room = 1.0 - _BEND_FROM
    level[over] = np.sign(level[over]) * (_BEND_FROM + room * np.tanh((np.abs(level[over]) - _BEND_FROM) / room))
    return (level * _FULL_SCALE).astype("<i2").tobytes()


def load_package(init: Path) -> ModuleType:
    """Import the package whose `__init__.py` is `init` under a private name; the second call returns the first's.

    Raises whatever its code raises: call it inside `guarded`.
    """
    name = f"_segue_hibari_{zlib.crc32(str(init).encode()):08x}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, init, submodule_search_locations=[str(init.parent)])
    if spec is None or spec.loader is None:
        raise ImportError(f"{init} is not a Python package")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _chunks(sound: bytes) -> Iterator[bytes]:
    step = TTS_CHUNK_MS * SPOKEN_RATE_HZ // 1000 * 2
    return (sound[at : at + step] for at in range(0, len(sound), step))


NAME = "hibari"
_WARM_UP = "Zyxwy, are you there at 7:30?"
"""Takes every path once: an unknown word, a number, a question."""
_GAIN = 2.0
"""Its peaks are 0.3-0.45 of full scale; twice that is what other voices have."""
_BEND_FROM = 0.85
_FULL_SCALE = 32_767.0
