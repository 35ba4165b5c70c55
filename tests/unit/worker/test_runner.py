"""Running attempts: errors as one class, work bounded and cancellable."""

import asyncio
from typing import Any

import numpy as np
import pytest

from segue.adapters.llm.fake import Hang, ScriptedLlm
from segue.adapters.llm.port import TextDelta
from segue.model.errors import ProviderError
from segue.model.ids import ItemId, OperationKey, SessionId
from segue.voice.results import (
    DetectEnd,
    Generate,
    Synthesize,
    Transcribe,
)
from segue.worker.providers import Providers
from segue.worker.runner import OperationRunner, WorkerConfig

SESSION = SessionId("sess_a")
KEY = OperationKey("k" * 22)
SECOND = np.zeros(16_000, dtype=np.float32)
GENERATE = Generate(instructions="Help.", history=(), tools=(), tool_choice="auto", max_output_tokens=None)


async def run(runner: OperationRunner, request: Any, *, audio: Any = None, provider: str = "p", out: Any = None) -> Any:
    deltas, sound = out if out is not None else ([], bytearray())
    return await runner.run(
        SESSION, KEY, request, provider, audio=audio, on_delta=deltas.append, on_speech=sound.extend
    )


class Garbage:
    name = "garbage"
    voices: tuple[str, ...] = ()

    async def synthesize(self, text: str, *, voice: str) -> Any:
        yield b""
        yield b"abc"

    async def transcribe(self, audio: Any, *, language: str | None = None, prompt: str | None = None) -> Any:
        raise KeyError("text")

    async def probability(self, audio: Any) -> float:
        return 7.0

    async def warm(self) -> None: ...


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (Synthesize(item_id=ItemId("i"), segment=0, text="x", voice="v"), "half a sample"),
        (Transcribe(from_ms=0, to_ms=1), "KeyError"),
        (DetectEnd(from_ms=0, to_ms=1), "probability of 7"),
    ],
)
async def test_garbage_is_a_providers_error(request_: Any, said: str):
    garbage = Garbage()
    runner = OperationRunner(Providers(stt={"p": garbage}, eot={"p": garbage}, tts={"p": garbage}))
    with pytest.raises(ProviderError, match=said):
        await run(runner, request_, audio=SECOND)
    assert sum(runner.ended.values()) == 1


async def test_cancelling_stops_the_model_at_once():
    llm = ScriptedLlm([[TextDelta(text="a"), Hang()]])
    runner = OperationRunner(Providers(llm={"p": llm}))
    deltas: list[Any] = []
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(run(runner, GENERATE, out=(deltas, bytearray())), name="attempt")
        while not deltas:  # noqa: ASYNC110
            await asyncio.sleep(0)
        task.cancel()
    assert llm.closed == 1
    assert runner.ended["generate", "cancelled"] == 1


async def test_work_is_bounded_and_too_much_is_refused():
    llm = ScriptedLlm([[Hang()], [Hang()]])
    runner = OperationRunner(Providers(llm={"p": llm}), WorkerConfig(running_max=1, waiting_max=1))
    async with asyncio.TaskGroup() as tasks:
        attempts = [tasks.create_task(run(runner, GENERATE), name=f"attempt{n}") for n in range(2)]
        while not llm.requests:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await asyncio.sleep(0)
        with pytest.raises(ProviderError, match="already wait") as caught:
            await run(runner, GENERATE)
        assert caught.value.retryable
        attempts[0].cancel()
        while len(llm.requests) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0)
        attempts[1].cancel()
