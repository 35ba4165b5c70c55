"""Recognisers that hear what they were told to: `FixedLatencyStt` for benches, `ScriptedStt` for tests."""

import asyncio
from collections.abc import Sequence

from segue.adapters.stt.port import Transcript
from segue.adapters.vad.port import FloatArray16k
from segue.model.audio import HEARD_RATE_HZ
from segue.model.errors import ProviderError


class FixedLatencyStt:
    """Hears `text` in anything, `latency_ms` after it is asked."""

    name = "fixed-stt"

    def __init__(self, text: str = "Hello there.", *, latency_ms: float = 0.0) -> None:
        self._text = text
        self._latency_ms = latency_ms
        self.calls = 0

    async def transcribe(
        self, audio: FloatArray16k, *, language: str | None = None, prompt: str | None = None
    ) -> Transcript:
        self.calls += 1
        if self._latency_ms:
            await asyncio.sleep(self._latency_ms / 1000)
        return _transcript(self._text, audio, language)

    async def warm(self) -> None:
        """Nothing to load."""


class ScriptedStt:
    """Hears the script's lines one after the other; a line that is an error is raised; past the end it is an error."""

    name = "scripted-stt"

    def __init__(self, script: Sequence[str | ProviderError]) -> None:
        self._script = list(script)
        self.heard: list[FloatArray16k] = []

    async def transcribe(
        self, audio: FloatArray16k, *, language: str | None = None, prompt: str | None = None
    ) -> Transcript:
        self.heard.append(audio)
        if len(self.heard) > len(self._script):
            raise ProviderError(
                self.name, f"asked {len(self.heard)} times, scripted {len(self._script)}", retryable=False
            )
        line = self._script[len(self.heard) - 1]
        if isinstance(line, ProviderError):
            raise line
        return _transcript(line, audio, language)

    async def warm(self) -> None:
        """Nothing to load."""


def _transcript(text: str, audio: FloatArray16k, language: str | None) -> Transcript:
    return Transcript(text=text, language=language or "en", audio_ms=len(audio) * 1000 // HEARD_RATE_HZ)
