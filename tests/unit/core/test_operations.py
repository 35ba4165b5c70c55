"""The desk: attempts as tasks, answers in order, audio that a replay has still to bring."""

import asyncio
from collections.abc import Callable
from typing import Any

from segue.adapters.vad.fake import EnergyVadFactory
from segue.core.hearing import Arrival, Hearing
from segue.core.operations import OperationDesk
from segue.core.sounds import Sounds
from segue.core.tasks import SessionTasks
from segue.model.errors import ProviderError
from segue.model.ids import ItemId, OperationKey, SessionId
from segue.voice.effects import StartOperation
from segue.voice.inputs import OperationCompleted, OperationFailed, OperationProgressed
from segue.voice.results import SpeechDelta, Synthesize, Synthesized, Transcribe, Transcribed

KEY = OperationKey("k")
SPEECH = Synthesize(item_id=ItemId("i"), segment=0, text="Hi.", voice="v")


class Worker:
    def __init__(self) -> None:
        self.audio: list[Any] = []
        self.error: ProviderError | None = None
        self.gate = asyncio.Event()
        self.cancelled = 0

    async def run(self, session: Any, key: Any, request: Any, provider: str, **how: Any) -> Any:
        self.audio.append(how["audio"])
        if isinstance(request, Synthesize):
            how["on_speech"](b"\1\1" * 24)
            how["on_delta"](SpeechDelta(generated_ms=1))
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return Synthesized(duration_ms=1) if isinstance(request, Synthesize) else Transcribed(text="hi")


def start(request: Any, attempt: int = 1) -> StartOperation:
    return StartOperation(key=KEY, request=request, provider="p", attempt=attempt)


async def with_desk(script: Callable[[OperationDesk, Worker, list[Any], Sounds], Any]) -> list[Any]:
    posted: list[Any] = []
    async with asyncio.TaskGroup() as group:
        tasks, worker, sounds = SessionTasks(group), Worker(), Sounds()
        desk = OperationDesk(SessionId("s"), worker, tasks, sounds, posted.append)
        await script(desk, worker, posted, sounds)
        tasks.cancel_all()
    return posted


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_attempt_brings_its_parts_and_its_result():
    async def script(desk: OperationDesk, worker: Worker, posted: list[Any], sounds: Sounds) -> None:
        desk.start(start(SPEECH), None)
        await turn()
        assert desk.running == 1
        sound = sounds.find(KEY)
        assert sound is not None
        assert not sound.is_whole
        worker.gate.set()
        await turn()
        assert sound.is_whole
        assert desk.running == 0

    posted = await with_desk(script)
    assert posted == [
        OperationProgressed(key=KEY, attempt=1, delta=SpeechDelta(generated_ms=1)),
        OperationCompleted(key=KEY, attempt=1, result=Synthesized(duration_ms=1)),
    ]


async def test_a_failure_is_told_with_its_provider():
    async def script(desk: OperationDesk, worker: Worker, posted: list[Any], sounds: Sounds) -> None:
        worker.error = ProviderError("p2", "sick", retryable=True)
        worker.gate.set()
        desk.start(start(SPEECH, attempt=3), None)
        await turn()

    failed = (await with_desk(script))[-1]
    assert failed == OperationFailed(key=KEY, attempt=3, provider="p2", reason="sick", is_retryable=True)


async def test_a_new_attempt_abandons_the_old_one_and_a_cancel_ends_it():
    async def script(desk: OperationDesk, worker: Worker, posted: list[Any], sounds: Sounds) -> None:
        desk.start(start(SPEECH), None)
        await turn()
        desk.start(start(SPEECH, attempt=2), None)
        await turn()
        assert worker.cancelled == 1
        assert desk.running == 1
        desk.cancel(KEY)
        desk.cancel(OperationKey("unknown"))
        await turn()
        assert worker.cancelled == 2
        desk.start(start(SPEECH, attempt=3), None)
        await turn()
        desk.cancel_all()
        await turn()
        assert worker.cancelled == 3

    assert not [event for event in await with_desk(script) if isinstance(event, OperationCompleted)]


def hear(hearing: Hearing, index: int, ms: int) -> None:
    hearing.take(index)
    arrival = Arrival(captured_at_ns=None, sent_at_ns=None, edge_in_ns=0, core_in_ns=0)
    list(hearing.append(index, bytes(48 * ms), arrival))


async def test_audio_that_is_still_to_come_is_waited_for():
    async def script(desk: OperationDesk, worker: Worker, posted: list[Any], sounds: Sounds) -> None:
        worker.gate.set()
        desk.start(start(Transcribe(from_ms=20, to_ms=60)), None)
        hearing = Hearing(EnergyVadFactory())
        hear(hearing, 1, 40)
        desk.hearing_moved(hearing)
        await turn()
        assert worker.audio == []
        hear(hearing, 2, 40)
        desk.hearing_moved(hearing)
        await turn()
        assert [len(audio) for audio in worker.audio] == [40 * 16]
        desk.start(start(Transcribe(from_ms=20, to_ms=600), attempt=2), hearing)
        desk.cancel(KEY)
        hear(hearing, 3, 900)
        desk.hearing_moved(hearing)
        await turn()
        assert len(worker.audio) == 1

    assert isinstance((await with_desk(script))[-1], OperationCompleted)


async def test_audio_that_nobody_holds_any_more_is_a_failure():
    async def script(desk: OperationDesk, worker: Worker, posted: list[Any], sounds: Sounds) -> None:
        hearing = Hearing(EnergyVadFactory(), received=3, units=48 * 500)
        hear(hearing, 4, 100)
        desk.start(start(Transcribe(from_ms=400, to_ms=560)), hearing)

    failed = (await with_desk(script))[0]
    assert isinstance(failed, OperationFailed)
    assert "audio is gone" in failed.reason


async def test_a_sound_is_made_again_without_a_word_to_the_machine():
    ends: list[bool] = []

    async def script(desk: OperationDesk, worker: Worker, posted: list[Any], sounds: Sounds) -> None:
        worker.gate.set()
        desk.make_again(KEY, SPEECH, "p", ends.append)
        desk.make_again(KEY, SPEECH, "p", ends.append)
        await turn()
        worker.error = ProviderError("p", "sick", retryable=True)
        other = OperationKey("o")
        desk.make_again(other, SPEECH, "p", ends.append)
        await turn()
        assert sounds.find(other) is None

    assert await with_desk(script) == []
    assert ends == [True, False]
