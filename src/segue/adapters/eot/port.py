"""What the core asks of an end-of-turn detector: whether a pause is the end of what the user had to say."""

from typing import Protocol

from segue.adapters.vad.port import FloatArray16k

EOT_AUDIO_MS_MAX = 8_000
"""The newest audio of the turn a detector looks at; older audio may be given and is ignored."""


class EndOfTurn(Protocol):
    """Stateless between calls: may serve many sessions at once."""

    @property
    def name(self) -> str: ...

    async def probability(self, audio: FloatArray16k) -> float:
        """Return P(the turn is complete), 0..1, of the current turn's audio including its trailing pause.

        Raises:
            ProviderError: The model failed.
        """
        ...

    async def warm(self) -> None:
        """Load and run the model once. Raises ProviderError when it cannot be loaded."""
        ...
