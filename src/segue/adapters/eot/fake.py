"""End-of-turn detectors that say what they were told to."""

import asyncio
from collections.abc import Sequence

from segue.adapters.vad.port import FloatArray16k


class FixedEndOfTurn:
    """Answers with `probabilities` in turn, then with the last of them for ever, each after `latency_ms`."""

    name = "fixed-eot"

    def __init__(self, probabilities: Sequence[float] = (1.0,), *, latency_ms: float = 0.0) -> None:
        assert probabilities, "at least one probability is needed"
        self._probabilities = list(probabilities)
        self._latency_ms = latency_ms
        self.calls = 0

    async def probability(self, audio: FloatArray16k) -> float:
        index = min(self.calls, len(self._probabilities) - 1)
        self.calls += 1
        if self._latency_ms:
            await asyncio.sleep(self._latency_ms / 1000)
        return self._probabilities[index]

    async def warm(self) -> None:
        """Nothing to load."""
