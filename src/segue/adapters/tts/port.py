"""What the core asks of a voice: sound for one sentence or clause.

Rules: sound is int16 little-endian mono at `model.audio.SPOKEN_RATE_HZ`; chunks hold whole samples; the first comes as
early as the voice can. A local voice gives equal bytes for equal (text, voice), so that a takeover can speak on from
any sample of a sentence by making it again. Closing the iterator (`contextlib.aclosing`) stops the work.
"""

from collections.abc import AsyncGenerator
from typing import Protocol

TTS_CHUNK_MS = 100
"""Chunk length local voices cut their sound into; remote ones pass on what arrives."""


class Tts(Protocol):
    """Stateless between calls: may serve many sessions at once."""

    @property
    def name(self) -> str: ...

    @property
    def voices(self) -> tuple[str, ...]:
        """Names `synthesize` takes, the default first; empty when any name is passed on to a remote service."""
        ...

    def synthesize(self, text: str, *, voice: str) -> AsyncGenerator[bytes, None]:
        """Yield the sound of `text`. A text with nothing to pronounce yields nothing.

        Raises:
            ProviderError: From the iterator: the voice failed or is not known; sound yielded before stays valid.
        """
        ...

    async def warm(self) -> None:
        """Make the first call as fast as the second. Raises ProviderError when that is impossible."""
        ...
