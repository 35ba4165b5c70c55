"""Smart Turn v3.2: judges by the melody of up to 8 s of a turn whether it is over; 50 ms of one core a pause."""

from pathlib import Path

import numpy as np

from segue.adapters.eot.logmel import log_mel
from segue.adapters.models.onnx import Lazy, open_network
from segue.adapters.models.threads import Cancelled, JobCancelled, ModelThreads
from segue.adapters.vad.port import FloatArray16k
from segue.model.audio import HEARD_RATE_HZ


class SmartTurn:
    """The detector over the network at `path`; one for all sessions."""

    def __init__(self, path: Path, threads: ModelThreads) -> None:
        self.name = NAME
        self._network = Lazy(NAME, lambda: open_network(path))
        self._threads = threads

    async def probability(self, audio: FloatArray16k) -> float:
        return await self._threads.run(NAME, lambda cancelled: self._judge(audio, cancelled))

    async def warm(self) -> None:
        await self.probability(np.zeros(HEARD_RATE_HZ, np.float32))

    def _judge(self, audio: FloatArray16k, cancelled: Cancelled) -> float:
        network = self._network.get()
        features = log_mel(audio)[np.newaxis]
        if cancelled():
            raise JobCancelled
        return float(network.run(None, {"input_features": features})[0].ravel()[0])


NAME = "smart-turn"
