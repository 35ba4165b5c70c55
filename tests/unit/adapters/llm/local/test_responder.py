import json

from segue.adapters.llm.local.responder import LocalResponder
from segue.adapters.llm.port import (
    Finished,
    FinishReason,
    LlmDelta,
    LlmRequest,
    TextDelta,
    ToolCallDelta,
    UserMessage,
)
from tests.unit.adapters.llm.local.talking import tool

TIMER = tool("set_timer", "Set a timer for a number of minutes.", minutes={"type": "number"}, label={"type": "string"})


async def run(request: LlmRequest) -> list[LlmDelta]:
    llm = LocalResponder()
    await llm.warm()
    return [delta async for delta in llm.generate(request)]


async def test_streams_words_and_finishes() -> None:
    deltas = await run(LlmRequest(history=(UserMessage(text="What's two plus two?"),)))
    assert [delta.text for delta in deltas if isinstance(delta, TextDelta)] == ["2 ", "plus ", "2 ", "is ", "4."]
    assert isinstance(deltas[-1], Finished)
    assert deltas[-1].reason is FinishReason.STOP


async def test_keeps_to_the_length_asked_for() -> None:
    deltas = await run(LlmRequest(history=(UserMessage(text="Count to ten."),), max_output_tokens=3))
    assert len(deltas) == 4
    assert isinstance(deltas[-1], Finished)
    assert deltas[-1].reason is FinishReason.LENGTH


async def test_calls_a_tool_in_fragments_with_a_stable_id() -> None:
    timer = tool("set_timer", "Set a timer for a number of minutes.", minutes={"type": "number"})
    request = LlmRequest(
        history=(UserMessage(text="Set a timer for 5 minutes."),), tools=(timer,), idempotency_key="op_1"
    )
    deltas = await run(request)
    assert deltas == await run(request)
    calls = [delta for delta in deltas if isinstance(delta, ToolCallDelta)]
    assert calls[0].name == "set_timer"
    assert calls[0].call_id is not None
    assert json.loads("".join(call.arguments for call in calls)) == {"minutes": 5}
    assert isinstance(deltas[-1], Finished)
    assert deltas[-1].reason is FinishReason.TOOL_CALLS
