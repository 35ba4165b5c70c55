"""Opening ONNX networks: one thread each, no spinning, so that many sessions share few cores fairly."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

import onnxruntime

from segue.adapters.models.threads import guarded

M = TypeVar("M")


def open_network(path: Path) -> "onnxruntime.InferenceSession":
    """Load the network at `path` for single-threaded use on the CPU; `run` may be called from many threads.

    Raises whatever onnxruntime raises: call it inside `guarded`.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # A spinning thread takes a core from another session's work; measured p50 250 ms without, 332 ms with.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _LOG_ERRORS_ONLY
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class Lazy(Generic[M]):
    """A model loaded at its first use, once, whichever thread comes first."""

    def __init__(self, provider: str, load: Callable[[], M]) -> None:
        self._provider = provider
        self._load = load
        self._lock = threading.Lock()
        self._model: M | None = None

    def get(self) -> M:
        """Return the model, loading it if need be. Blocks: call it on a model thread.

        Raises:
            ProviderError: It cannot be loaded; the next call tries again.
        """
        with self._lock:
            if self._model is None:
                self._model = guarded(self._provider, self._load)
            return self._model


_LOG_ERRORS_ONLY = 3
