"""What the core asks of a recogniser: the words of one utterance.

Rules: the caller has found speech in the audio first (recognisers invent words for silence) and keeps to
`limits.STT_AUDIO_MS_MAX`. Cancelling the call stops the work promptly.
"""

from dataclasses import dataclass
from typing import Protocol

from segue.adapters.vad.port import FloatArray16k


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said. `text` may be empty: nothing intelligible."""

    text: str
    language: str | None
    """BCP 47 tag as far as the recogniser knows it."""
    audio_ms: int
    """Length of the audio it was made from."""


class Stt(Protocol):
    """Stateless between calls: may serve many sessions at once."""

    @property
    def name(self) -> str: ...

    async def transcribe(
        self, audio: FloatArray16k, *, language: str | None = None, prompt: str | None = None
    ) -> Transcript:
        """Return the words in `audio`.

        Args:
            audio: One utterance.
            language: A hint, BCP 47; None lets the recogniser decide.
            prompt: Words likely to occur, for recognisers that can use them.
        Raises:
            ProviderError: The recogniser failed, or cannot do this language.
        """
        ...

    async def warm(self) -> None:
        """Make the first call as fast as the second. Raises ProviderError when that is impossible."""
        ...
