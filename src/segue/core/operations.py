"""Has a session's operations done: one task per running attempt, its answers handed to the session in order."""

from asyncio import Task
from collections.abc import Callable, Coroutine
from typing import Protocol

from segue.adapters.vad.port import FloatArray16k
from segue.core.hearing import Hearing
from segue.core.sounds import Sounds
from segue.core.tasks import SessionTasks
from segue.model.errors import ProviderError
from segue.model.ids import OperationKey, SessionId
from segue.voice.effects import StartOperation
from segue.voice.inputs import OperationCompleted, OperationFailed, OperationProgressed, VoiceInput
from segue.voice.results import (
    DetectEnd,
    OperationDelta,
    OperationRequest,
    OperationResult,
    Synthesize,
    Transcribe,
)


class Worker(Protocol):
    """Runs attempts (`segue.worker.OperationRunner`); the process that wires the two gives one to the core."""

    async def run(
        self,
        session: SessionId,
        key: OperationKey,
        request: OperationRequest,
        provider: str,
        *,
        audio: FloatArray16k | None,
        on_delta: Callable[[OperationDelta], None],
        on_speech: Callable[[bytes], None],
    ) -> OperationResult:
        """Run one attempt. Raises ProviderError and nothing else."""
        ...


class OperationDesk:
    """The running attempts of one session.

    Args:
        session: Whose.
        worker: Who does it.
        tasks: Where attempts run.
        post: Takes what they bring, in order.
    """

    def __init__(
        self,
        session: SessionId,
        worker: Worker,
        tasks: SessionTasks,
        sounds: Sounds,
        post: Callable[[VoiceInput], None],
    ) -> None:
        self._session = session
        self._worker = worker
        self._tasks = tasks
        self._sounds = sounds
        self._post = post
        self._running: dict[OperationKey, Task[None]] = {}
        self._waiting: dict[OperationKey, StartOperation] = {}

    @property
    def running(self) -> int:
        return len(self._running)

    def start(self, effect: StartOperation, hearing: Hearing | None) -> None:
        """Run this attempt; an older one of the same key is abandoned.

        One about audio that a replay has still to bring waits for it (`hearing_moved`).
        """
        self.cancel(effect.key)
        request = effect.request
        if not isinstance(request, Transcribe | DetectEnd):
            if isinstance(request, Synthesize):
                self._sounds.begin(effect.key)
            self._spawn(effect.key, self._attempt(effect, None))
        elif hearing is None or hearing.audio_ms < request.to_ms:
            self._waiting[effect.key] = effect
        elif hearing.audio_from_ms > request.from_ms:
            self._post(_failed(effect, "the audio is gone: nobody holds it any more"))
        else:
            self._spawn(effect.key, self._attempt(effect, hearing.audio(request.from_ms, request.to_ms)))

    def hearing_moved(self, hearing: Hearing) -> None:
        """More audio is here: start what waited for it."""
        for effect in list(self._waiting.values()):
            assert isinstance(effect.request, Transcribe | DetectEnd)
            if hearing.audio_ms >= effect.request.to_ms:
                del self._waiting[effect.key]
                self.start(effect, hearing)

    def make_again(self, key: OperationKey, request: Synthesize, provider: str, on_end: Callable[[bool], None]) -> None:
        """Make the sound of a finished segment once more; `on_end` is told whether that worked, the machine nothing."""
        if key in self._running or self._sounds.find(key) is not None:
            return
        self._sounds.begin(key)
        self._spawn(key, self._repeat(key, request, provider, on_end))

    def cancel(self, key: OperationKey) -> None:
        self._waiting.pop(key, None)
        task = self._running.pop(key, None)
        if task is not None:
            task.cancel()

    def cancel_all(self) -> None:
        for key in list(self._running):
            self.cancel(key)

    def _spawn(self, key: OperationKey, work: Coroutine[None, None, None]) -> None:
        task = self._tasks.spawn(work, f"operation.{key}")
        self._running[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))

    def _forget(self, key: OperationKey, task: "Task[None]") -> None:
        if self._running.get(key) is task:
            del self._running[key]

    async def _attempt(self, effect: StartOperation, audio: FloatArray16k | None) -> None:
        key, attempt = effect.key, effect.attempt

        def on_delta(delta: OperationDelta) -> None:
            self._post(OperationProgressed(key=key, attempt=attempt, delta=delta))

        try:
            result = await self._worker.run(
                self._session,
                key,
                effect.request,
                effect.provider,
                audio=audio,
                on_delta=on_delta,
                on_speech=lambda pcm: self._sounds.add(key, pcm),
            )
        except ProviderError as error:
            failure = OperationFailed(
                key=key, attempt=attempt, provider=error.provider, reason=error.reason, is_retryable=error.retryable
            )
            self._post(failure)
            return
        self._sounds.finish(key)
        self._post(OperationCompleted(key=key, attempt=attempt, result=result))

    async def _repeat(
        self, key: OperationKey, request: Synthesize, provider: str, on_end: Callable[[bool], None]
    ) -> None:
        try:
            await self._worker.run(
                self._session,
                key,
                request,
                provider,
                audio=None,
                on_delta=lambda _: None,
                on_speech=lambda pcm: self._sounds.add(key, pcm),
            )
        except ProviderError:
            self._sounds.drop([key])
            on_end(False)
            return
        self._sounds.finish(key)
        on_end(True)


def _failed(effect: StartOperation, reason: str) -> OperationFailed:
    return OperationFailed(
        key=effect.key, attempt=effect.attempt, provider=effect.provider, reason=reason, is_retryable=False
    )
