import asyncio
import contextlib

import pytest

from segue.adapters.llm.fake import FixedLatencyLlm, Hang, ScriptedLlm, called
from segue.adapters.llm.port import Finished, FinishReason, LlmRequest, TextDelta, ToolCallDelta, UserMessage
from segue.model.errors import ProviderError

HELLO = LlmRequest(instructions="Be brief.", history=(UserMessage(text="Hello there."),))


async def test_fixed_says_its_text_word_by_word() -> None:
    llm = FixedLatencyLlm("One two.")
    await llm.warm()
    deltas = [delta async for delta in llm.generate(HELLO)]
    assert deltas[:2] == [TextDelta(text="One "), TextDelta(text="two.")]
    assert isinstance(deltas[-1], Finished)
    assert deltas[-1].usage is not None
    assert (deltas[-1].usage.input_tokens, deltas[-1].usage.output_tokens) == (4, 2)
    assert llm.requests == [HELLO]


async def test_scripted_plays_one_script_per_request() -> None:
    llm = ScriptedLlm(["Hi.", called("book", "{}"), [ProviderError("x", "y", retryable=True)]])
    await llm.warm()
    assert await anext(llm.generate(HELLO)) == TextDelta(text="Hi.")
    calls = [delta async for delta in llm.generate(HELLO)]
    assert calls == [
        ToolCallDelta(index=0, call_id="call_1", name="book", arguments="{}"),
        Finished(reason=FinishReason.TOOL_CALLS, usage=None),
    ]
    with pytest.raises(ProviderError, match="x: y"):
        await anext(llm.generate(HELLO))
    with pytest.raises(ProviderError, match="asked 4 times, scripted 3"):
        await anext(llm.generate(HELLO))
    assert llm.closed == 1


async def test_a_hanging_script_can_be_closed() -> None:
    llm = ScriptedLlm([[TextDelta(text="Well, "), Hang()]])
    async with contextlib.aclosing(llm.generate(HELLO)) as answer:
        await anext(answer)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await anext(answer)
    assert llm.closed == 1
