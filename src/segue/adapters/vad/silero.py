"""Silero VAD v6: a small recurrent network; 0.1 ms of one core for each 32 ms of sound.

The network takes 512 new samples preceded by the 64 before them, and hands its state back for the next call.
"""

from pathlib import Path
from typing import Any

import numpy as np

from segue.adapters.models.onnx import Lazy, open_network
from segue.adapters.models.threads import ModelThreads, guarded
from segue.adapters.vad.port import VAD_WINDOW_SAMPLES, FloatArray16k
from segue.model.audio import HEARD_RATE_HZ
from segue.model.errors import ProviderError


class SileroVad:
    """One session's detector over the shared network."""

    window_samples = VAD_WINDOW_SAMPLES

    def __init__(self, network: Any) -> None:  # onnxruntime has no types
        self._network = network
        self.reset()

    def probability(self, window: FloatArray16k) -> float:
        if window.shape != (VAD_WINDOW_SAMPLES,):
            problem = f"a window is {VAD_WINDOW_SAMPLES} samples, not an array of shape {window.shape}"
            raise ProviderError(NAME, problem, retryable=False)
        return guarded(NAME, lambda: self._step(window))

    def reset(self) -> None:
        self._state = np.zeros((2, 1, 128), np.float32)
        self._before = np.zeros((1, _CONTEXT_SAMPLES), np.float32)

    def _step(self, window: FloatArray16k) -> float:
        heard = np.concatenate([self._before, window[np.newaxis].astype(np.float32, copy=False)], axis=1)
        feed = {"input": heard, "state": self._state, "sr": _RATE}
        probability, self._state = self._network.run(None, feed)
        self._before = heard[:, -_CONTEXT_SAMPLES:]
        return float(probability[0, 0])


class SileroVadFactory:
    """Makes detectors that share the network at `path`."""

    def __init__(self, path: Path, threads: ModelThreads) -> None:
        self.name = NAME
        self._network = Lazy(NAME, lambda: open_network(path))
        self._threads = threads

    async def warm(self) -> None:
        def first_call(_: object) -> float:
            return self.create().probability(np.zeros(VAD_WINDOW_SAMPLES, np.float32))

        await self._threads.run(NAME, first_call)

    def create(self) -> SileroVad:
        return SileroVad(self._network.get())


NAME = "silero-vad"
_CONTEXT_SAMPLES = 64
_RATE = np.array(HEARD_RATE_HZ, np.int64)
