"""Voices without words: `FixedLatencyTts` hums a tone as long as the text would take; `ScriptedTts` fails on demand."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from segue.adapters.tts.port import TTS_CHUNK_MS
from segue.model.audio import SPOKEN_RATE_HZ
from segue.model.errors import ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneConfig:
    """The sound of the tone voices."""

    frequency_hz: float = 440.0
    """0..12000; a pitch that speech detectors by loudness hear and people can stand."""
    amplitude: float = 0.3
    """0..1 of full scale."""
    char_ms: int = 60
    """Length of one character of text; 60 is about the pace of speech."""
    chunk_ms: int = TTS_CHUNK_MS
    """Length of the chunks yielded."""


class FixedLatencyTts:
    """Hums any text: the first chunk `latency_ms` after it is asked, the rest at once (faster than real time)."""

    name = "fixed-tts"
    voices: tuple[str, ...] = ("tone",)

    def __init__(self, *, latency_ms: float = 0.0, tone: ToneConfig | None = None) -> None:
        self._latency_ms = latency_ms
        self._tone = tone or ToneConfig()
        self.texts: list[str] = []

    async def synthesize(self, text: str, *, voice: str) -> AsyncGenerator[bytes, None]:
        self.texts.append(text)
        if self._latency_ms:
            await asyncio.sleep(self._latency_ms / 1000)
        for chunk in tone_chunks(text, self._tone):
            yield chunk

    async def warm(self) -> None:
        """Nothing to load."""


class ScriptedTts:
    """Hums each text after the script's next word: None hums all of it, an error is raised after the first chunk."""

    name = "scripted-tts"
    voices: tuple[str, ...] = ("tone",)

    def __init__(self, script: Sequence[ProviderError | None], *, tone: ToneConfig | None = None) -> None:
        self._script = list(script)
        self._tone = tone or ToneConfig()
        self.texts: list[str] = []

    async def synthesize(self, text: str, *, voice: str) -> AsyncGenerator[bytes, None]:
        self.texts.append(text)
        error = self._script[len(self.texts) - 1] if len(self.texts) <= len(self._script) else None
        for chunk in tone_chunks(text, self._tone):
            yield chunk
            if error is not None:
                raise error

    async def warm(self) -> None:
        """Nothing to load."""


@lru_cache(maxsize=64)
def tone_chunks(text: str, tone: ToneConfig) -> tuple[bytes, ...]:
    """The tone for `text`, cut into chunks; the same text always has the same bytes."""
    samples = len(text.strip()) * tone.char_ms * SPOKEN_RATE_HZ // 1000
    instants = np.arange(samples, dtype=np.float64) / SPOKEN_RATE_HZ
    wave = tone.amplitude * np.sin(2 * np.pi * tone.frequency_hz * instants)
    pcm = (wave * 32767).astype("<i2").tobytes()
    step = tone.chunk_ms * SPOKEN_RATE_HZ // 1000 * 2
    return tuple(pcm[at : at + step] for at in range(0, len(pcm), step))
