"""Running attempts: each kind at its provider, deltas in order, errors as one class, work bounded and cancellable."""

import asyncio
from typing import Any

import numpy as np
import pytest

from segue.adapters.eot.fake import FixedEndOfTurn
from segue.adapters.llm.fake import FixedLatencyLlm, Hang, ScriptedLlm, called
from segue.adapters.llm.port import AssistantMessage, NamedTool, TextDelta, ToolCallDelta, ToolResult
from segue.adapters.stt.fake import FixedLatencyStt, ScriptedStt
from segue.adapters.tts.fake import FixedLatencyTts
from segue.model.errors import ProviderError
from segue.model.ids import ItemId, OperationKey, SessionId
from segue.voice.results import (
    CallTool,
    DetectEnd,
    EndDetected,
    Generate,
    Generated,
    HistoryEntry,
    Synthesize,
    Synthesized,
    ToolCallRecord,
    ToolOffer,
    ToolReturned,
    Transcribe,
    Transcribed,
)
from segue.voice.results import TextDelta as Said
from segue.voice.results import ToolCallDelta as Called
from segue.worker.dialogue import as_llm_request
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


async def test_transcribe_and_detect_end():
    runner = OperationRunner(Providers(stt={"p": FixedLatencyStt("hi")}, eot={"p": FixedEndOfTurn([0.7])}))
    assert await run(runner, Transcribe(from_ms=0, to_ms=1000), audio=SECOND) == Transcribed(text="hi")
    assert await run(runner, DetectEnd(from_ms=0, to_ms=1000), audio=SECOND) == EndDetected(probability=0.7)
    assert runner.started[KEY] == 2
    assert runner.ended["transcribe", "completed"] == 1


async def test_a_long_utterance_is_recognised_in_pieces_cut_where_it_is_quiet():
    audio = np.ones(30 * 16_000, dtype=np.float32)
    audio[12 * 16_000 : 12 * 16_000 + 3200] = 0
    stt = ScriptedStt(["one", "", "three"])
    result = await run(OperationRunner(Providers(stt={"p": stt})), Transcribe(from_ms=0, to_ms=30_000), audio=audio)
    assert result.text == "one three"
    assert sum(len(piece) for piece in stt.heard) == len(audio)
    assert 12.0 <= len(stt.heard[0]) / 16_000 <= 12.2


async def test_nothing_to_hear_is_nothing_said():
    stt = ScriptedStt([])
    result = await run(OperationRunner(Providers(stt={"p": stt})), Transcribe(from_ms=0, to_ms=0), audio=SECOND[:0])
    assert result == Transcribed(text="")


async def test_generate_streams_words_and_whole_calls():
    script = [TextDelta(text="One moment."), *called("book", '{"day"', call_id="c1")]
    script.insert(2, ToolCallDelta(index=0, call_id=None, name=None, arguments=': "friday"}'))
    script.insert(3, ToolCallDelta(index=1, call_id=None, name="look", arguments=""))
    deltas: list[Any] = []
    runner = OperationRunner(Providers(llm={"p": ScriptedLlm([script])}))
    result = await run(runner, GENERATE, out=(deltas, bytearray()))
    assert deltas == [
        Said(text="One moment."),
        Called(call_id="c1", name="book", arguments='{"day": "friday"}'),
        Called(call_id=f"call_{KEY[:16]}_1", name="look", arguments="{}"),
    ]
    assert isinstance(result, Generated)
    assert result.reason == "tool_calls"


async def test_an_answer_that_breaks_off_is_an_error():
    runner = OperationRunner(Providers(llm={"p": ScriptedLlm([[TextDelta(text="Well")]])}))
    with pytest.raises(ProviderError, match="broke off") as caught:
        await run(runner, GENERATE)
    assert caught.value.retryable


def test_the_request_in_the_models_words():
    request = Generate(
        instructions="Help.",
        history=(
            HistoryEntry(role="system", text="s"),
            HistoryEntry(role="user", text="u"),
            HistoryEntry(
                role="assistant", text="a", tool_calls=(ToolCallRecord(call_id="c", name="f", arguments="{}"),)
            ),
            HistoryEntry(role="tool", text="7", call_id="c"),
        ),
        tools=(ToolOffer(name="f", description="F.", parameters_json='{"type":"object"}'),),
        tool_choice="function:f",
        max_output_tokens=9,
    )
    asked = as_llm_request(request, KEY)
    assert asked.tool_choice == NamedTool(name="f")
    assert asked.tools[0].parameters == {"type": "object"}
    assert isinstance(asked.history[2], AssistantMessage)
    assert asked.history[2].tool_calls[0].name == "f"
    assert asked.history[3] == ToolResult(call_id="c", output="7")
    assert asked.idempotency_key == KEY


async def test_synthesize_counts_what_it_yields():
    deltas: list[Any] = []
    sound = bytearray()
    runner = OperationRunner(Providers(tts={"p": FixedLatencyTts()}))
    request = Synthesize(item_id=ItemId("i"), segment=0, text="Hello.", voice="tone")
    result = await run(runner, request, out=(deltas, sound))
    assert result == Synthesized(duration_ms=360)
    assert len(sound) == 360 * 48
    assert [delta.generated_ms for delta in deltas] == [100, 200, 300, 360]


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


async def test_an_unknown_provider_is_named():
    with pytest.raises(ProviderError, match=r"nobody: no llm provider .* \(there is: p\)") as caught:
        await run(OperationRunner(Providers(llm={"p": FixedLatencyLlm()})), GENERATE, provider="nobody")
    assert not caught.value.retryable


async def test_tools_are_called_and_an_agent_without_them_says_so():
    class Tools:
        async def call(self, call: CallTool, key: OperationKey, session: SessionId) -> ToolReturned:
            return ToolReturned(output=f"{call.name} {key} {session}")

    request = CallTool(call_id="c", name="f", arguments="{}", effect="once")
    assert (await run(OperationRunner(Providers(tools=Tools())), request)).output == f"f {KEY} {SESSION}"
    assert (await run(OperationRunner(Providers()), request)).outcome == "raised"


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


async def test_warming_warms_all():
    await Providers(stt={"p": FixedLatencyStt()}, llm={"p": FixedLatencyLlm()}).warm()
    with pytest.raises(ValueError, match="running_max"):
        WorkerConfig(running_max=0)
