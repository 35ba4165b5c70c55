"""What the core asks of a voice activity detector.

Rules: audio is mono float32 at 16 kHz, -1..1. A `Vad` carries the state of one session and is fed every window of it in
order; `probability` is called on the core's own thread and must cost well under a millisecond.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray16k = npt.NDArray[np.float32]
"""Mono samples, -1..1, at `model.audio.HEARD_RATE_HZ`; shape (samples,)."""

VAD_WINDOW_SAMPLES = 512
"""32 ms: the window every detector here takes."""


class Vad(Protocol):
    """One session's detector: stateful, not shared."""

    @property
    def window_samples(self) -> int:
        """Samples each call of `probability` takes; the same for the detector's whole life."""
        ...

    def probability(self, window: FloatArray16k) -> float:
        """Return P(speech) of the next `window_samples` samples, 0..1.

        Raises:
            ProviderError: The model failed; not retryable.
        """
        ...

    def reset(self) -> None:
        """Forget the audio heard so far, as after a gap or a takeover."""
        ...


class VadFactory(Protocol):
    """Makes detectors that share one loaded model."""

    @property
    def name(self) -> str: ...

    async def warm(self) -> None:
        """Load and run the model once, so that no session waits for it.

        Raises:
            ProviderError: The model cannot be loaded.
        """
        ...

    def create(self) -> Vad:
        """Return a fresh detector for one session. Loads the model if `warm` was not awaited."""
        ...
