"""The one thread pool on which local models run.

Owns its threads and the bound on waiting work. Rules: a job is plain blocking code that asks `cancelled()` between
steps; onnxruntime releases the GIL while a network runs. Foreign exceptions of local models become `ProviderError` here
and nowhere else. Knows no model.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from segue.model.errors import ProviderError, SegueError

R = TypeVar("R")
Cancelled = Callable[[], bool]
"""Asked by a job between its steps; True when nobody wants its result any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelThreadsConfig:
    """How much of the machine local models may take."""

    threads: int | None = None
    """1..64; None: one per core, at least 2, so that one session's recognition never waits for another's sentence.
    Each costs a stack and, while a model runs, one core."""
    waiting_jobs_max: int = 256
    """1..10000 jobs not yet started. Full: the job is refused as retryable; at ~50 ms a job the last one waits ~6 s on
    two cores, longer than any caller's deadline."""


class JobCancelled(Exception):
    """Raised inside a job that noticed `cancelled()`; never leaves `ModelThreads.run`."""


class ModelThreads:
    """Runs blocking model code off the event loop."""

    def __init__(self, config: ModelThreadsConfig | None = None) -> None:
        self._config = config or ModelThreadsConfig()
        self.threads = self._config.threads or max(2, os.cpu_count() or 2)
        self._pool = ThreadPoolExecutor(self.threads, thread_name_prefix="segue-model")
        self._waiting = 0
        self._lock = threading.Lock()

    async def run(self, provider: str, job: Callable[[Cancelled], R]) -> R:
        """Return `job(cancelled)`, run on a thread of the pool.

        Cancelling the caller drops a job that has not started and makes `cancelled()` true in one that has.

        Args:
            provider: Name for errors.
            job: Blocking code; it may raise anything.
        Raises:
            ProviderError: The job failed, or too many are waiting.
        """
        stop = threading.Event()
        self._admit(provider)
        started = threading.Event()

        def work() -> R:
            started.set()
            self._leave_queue()
            return guarded(provider, lambda: job(stop.is_set))

        try:
            future = self._pool.submit(work)
        except RuntimeError as error:
            self._leave_queue()
            raise ProviderError(provider, "the model threads are closed", retryable=False) from error
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            stop.set()
            if future.cancel() and not started.is_set():
                self._leave_queue()
            raise

    def close(self) -> None:
        """Refuse new jobs and drop those not started; does not wait for running ones."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _admit(self, provider: str) -> None:
        with self._lock:
            if self._waiting >= self._config.waiting_jobs_max:
                raise ProviderError(provider, f"{self._waiting} jobs already wait for a thread", retryable=True)
            self._waiting += 1

    def _leave_queue(self) -> None:
        with self._lock:
            self._waiting -= 1


def guarded(provider: str, work: Callable[[], R]) -> R:
    """Return `work()`; whatever foreign exception it raises becomes a `ProviderError` of `provider`."""
    try:
        return work()
    except JobCancelled as error:
        raise ProviderError(provider, "cancelled", retryable=True) from error
    except SegueError:
        raise
    except MemoryError as error:
        raise ProviderError(provider, "out of memory", retryable=True) from error
    except Exception as error:  # Models raise what they like, and the job ends here.
        raise ProviderError(provider, f"{type(error).__name__}: {error}", retryable=False) from error
