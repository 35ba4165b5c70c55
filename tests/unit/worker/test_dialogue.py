"""Running a generation."""

from typing import Any

import numpy as np
import pytest

from segue.adapters.llm.fake import ScriptedLlm, called
from segue.adapters.llm.port import AssistantMessage, NamedTool, TextDelta, ToolCallDelta, ToolResult
from segue.model.errors import ProviderError
from segue.model.ids import OperationKey, SessionId
from segue.voice.results import (
    Generate,
    Generated,
    HistoryEntry,
    ToolCallRecord,
    ToolOffer,
)
from segue.voice.results import TextDelta as Said
from segue.voice.results import ToolCallDelta as Called
from segue.worker.dialogue import as_llm_request
from segue.worker.providers import Providers
from segue.worker.runner import OperationRunner

SESSION = SessionId("sess_a")
KEY = OperationKey("k" * 22)
SECOND = np.zeros(16_000, dtype=np.float32)
GENERATE = Generate(instructions="Help.", history=(), tools=(), tool_choice="auto", max_output_tokens=None)


async def run(runner: OperationRunner, request: Any, *, audio: Any = None, provider: str = "p", out: Any = None) -> Any:
    deltas, sound = out if out is not None else ([], bytearray())
    return await runner.run(
        SESSION, KEY, request, provider, audio=audio, on_delta=deltas.append, on_speech=sound.extend
    )


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
