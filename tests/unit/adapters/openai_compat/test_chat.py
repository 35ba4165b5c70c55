import pytest

from segue.adapters.llm.port import Finished, FinishReason, LlmRequest, TextDelta, Usage
from segue.adapters.openai_compat.chat import ChatLlm
from segue.adapters.openai_compat.config import ChatConfig, Endpoint
from segue.model.errors import ProviderError
from tests.unit.adapters.openai_compat.answers import Answers

CONFIG = ChatConfig(endpoint=Endpoint(name="here", base_url="http://x/v1"), model="m")
HI = '{"choices": [{"delta": {"content": "Hi"}, "finish_reason": null}]}'
STOP = '{"choices": [{"delta": {}, "finish_reason": "stop"}]}'
USAGE = '{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 1}}'


def llm(answers: Answers) -> ChatLlm:
    return ChatLlm(CONFIG, answers)  # type: ignore[arg-type]


async def test_usage_after_the_reason_is_part_of_the_end() -> None:
    answers = Answers(HI, STOP, USAGE, "[DONE]", "never read")
    chat = llm(answers)
    await chat.warm()
    deltas = [delta async for delta in chat.generate(LlmRequest(idempotency_key="k"))]
    usage = Usage(input_tokens=3, output_tokens=1)
    assert deltas == [TextDelta(text="Hi"), Finished(reason=FinishReason.STOP, usage=usage)]
    assert answers.posts[0]["headers"] == {"Idempotency-Key": "k"}
    assert answers.touched == 1
    assert chat.name == "here"


@pytest.mark.parametrize(
    ("events", "reason"),
    [((HI,), "before it was finished"), ((HI, '{"error": {"message": "gone"}}'), "gone"), (('{"error": 1}',), "1")],
)
async def test_broken_answers(events: tuple[str, ...], reason: str) -> None:
    with pytest.raises(ProviderError, match=reason):
        _ = [delta async for delta in llm(Answers(*events)).generate(LlmRequest())]
