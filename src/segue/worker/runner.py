"""Runs one attempt of one operation, whatever its kind.

Rules: the deadline is the session's; cancelling the call stops the work at once; a foreign exception leaves here as a
`ProviderError` and nowhere else. Work in progress is bounded per kind; over the bound an attempt waits its turn, and
when too many wait it is refused as retryable.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from segue.adapters.vad.port import FloatArray16k
from segue.model.errors import ProviderError, SegueError
from segue.model.ids import OperationKey, SessionId
from segue.model.limits import ITEM_TEXT_CHARS_MAX
from segue.voice.results import (
    CallTool,
    DetectEnd,
    Generate,
    OperationDelta,
    OperationRequest,
    OperationResult,
    Synthesize,
    Transcribe,
)
from segue.worker.dialogue import generate
from segue.worker.providers import Providers, chosen
from segue.worker.speech import detect_end, synthesize, transcribe


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerConfig:
    """How much runs at once in this process."""

    running_max: int = 64
    """1..10000 attempts of one kind at once; local models have their own, smaller bound below this one, so it bounds
    connections to remote providers and threads of tools."""
    waiting_max: int = 512
    """0..100000 attempts of one kind waiting for their turn. Full: refused as retryable."""

    def __post_init__(self) -> None:
        if not 1 <= self.running_max <= 10_000 or not 0 <= self.waiting_max <= 100_000:
            raise ValueError("running_max must be 1..10000 and waiting_max 0..100000")


class OperationRunner:
    """Runs attempts. `started` counts them by key, `ended` by (kind, outcome), since the process began."""

    def __init__(self, providers: Providers, config: WorkerConfig | None = None) -> None:
        self._providers = providers
        self._config = config or WorkerConfig()
        self._lanes = {kind: _Lane(self._config) for kind in KINDS.values()}
        self.started: Counter[OperationKey] = Counter()
        self.ended: Counter[tuple[str, str]] = Counter()

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
        """Run one attempt to its result.

        Args:
            session: Whose; tools are told.
            key: The same for every attempt, before and after a crash.
            request: What to do.
            provider: The configured name.
            audio: The span a Transcribe or DetectEnd is about; None for the others.
            on_delta: Called in this task with each part result, in order.
            on_speech: Called with the sound of a Synthesize, int16 24 kHz.
        Raises:
            ProviderError: It failed; whether to try again is in it.
        """
        kind = KINDS[type(request)]
        try:
            async with self._lanes[kind].turn(provider):
                self._count_start(key)
                result = await self._run(session, key, request, provider, audio, on_delta, on_speech)
        except asyncio.CancelledError:
            self.ended[kind, "cancelled"] += 1
            raise
        except ProviderError:
            self.ended[kind, "failed"] += 1
            raise
        except SegueError as error:
            self.ended[kind, "failed"] += 1
            raise ProviderError(provider, str(error), retryable=False) from error
        except Exception as error:
            self.ended[kind, "failed"] += 1
            raise ProviderError(provider, f"{type(error).__name__}: {error}", retryable=False) from error
        self.ended[kind, "completed"] += 1
        return result

    async def _run(
        self,
        session: SessionId,
        key: OperationKey,
        request: OperationRequest,
        provider: str,
        audio: FloatArray16k | None,
        on_delta: Callable[[OperationDelta], None],
        on_speech: Callable[[bytes], None],
    ) -> OperationResult:
        providers = self._providers
        match request:
            case Transcribe():
                assert audio is not None, "the caller hands over the audio"
                return await transcribe(chosen(providers.stt, provider, "stt"), request, audio)
            case DetectEnd():
                assert audio is not None, "the caller hands over the audio"
                return await detect_end(chosen(providers.eot, provider, "eot"), request, audio)
            case Generate():
                return await generate(chosen(providers.llm, provider, "llm"), request, key, on_delta)
            case Synthesize():
                return await synthesize(chosen(providers.tts, provider, "tts"), request, on_speech, on_delta)
            case CallTool():
                returned = await providers.tools.call(request, key, session)
                return replace(returned, output=returned.output[: ITEM_TEXT_CHARS_MAX + 1])  # One over: it shows.
            case _:
                assert_never(request)

    def _count_start(self, key: OperationKey) -> None:
        self.started[key] += 1
        while len(self.started) > _KEYS_COUNTED_MAX:
            del self.started[next(iter(self.started))]


class _Lane:
    """Attempts of one kind: how many run and how many wait."""

    def __init__(self, config: WorkerConfig) -> None:
        self._slots = asyncio.Semaphore(config.running_max)
        self._waiting_max = config.waiting_max
        self._waiting = 0

    def turn(self, provider: str) -> "_Turn":
        return _Turn(self, provider)

    async def enter(self, provider: str) -> None:
        if self._slots.locked() and self._waiting >= self._waiting_max:
            raise ProviderError(provider, f"{self._waiting} operations of this kind already wait", retryable=True)
        self._waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1

    def leave(self) -> None:
        self._slots.release()


@dataclass(slots=True)
class _Turn:
    lane: _Lane
    provider: str

    async def __aenter__(self) -> None:
        await self.lane.enter(self.provider)

    async def __aexit__(self, *exc_info: object) -> None:
        self.lane.leave()


KINDS: dict[type, str] = {
    Transcribe: "transcribe",
    DetectEnd: "detect_end",
    Generate: "generate",
    Synthesize: "synthesize",
    CallTool: "tool",
}
"""What each kind of operation is called in metrics and logs."""

_KEYS_COUNTED_MAX = 10_000
"""Counts are for tests and for people; the oldest are forgotten."""
