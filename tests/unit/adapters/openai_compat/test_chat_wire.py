import msgspec
import pytest

from segue.adapters.llm.port import (
    AssistantMessage,
    Finished,
    FinishReason,
    LlmDelta,
    LlmRequest,
    NamedTool,
    SystemMessage,
    TextDelta,
    ToolCallDelta,
    ToolSpec,
    UserMessage,
)
from segue.adapters.openai_compat.chat_wire import Chunk, ChunkReader, request_body
from segue.adapters.openai_compat.config import ChatConfig, Endpoint

CONFIG = ChatConfig(
    endpoint=Endpoint(name="x", base_url="http://x/v1"),
    model="m",
    temperature=0.5,
    max_tokens_field="max_completion_tokens",
)


def read(*chunks: object) -> tuple[list[LlmDelta], Finished | None]:
    reader = ChunkReader()
    deltas = [delta for chunk in chunks for delta in reader.read(msgspec.convert(chunk, Chunk))]
    return deltas, reader.finished


def choice(reason: str | None = None, **delta: object) -> dict[str, object]:
    return {"choices": [{"delta": delta, "finish_reason": reason}]}


def call(arguments: str, **more: object) -> dict[str, object]:
    return choice(tool_calls=[{"function": {"arguments": arguments} | more.pop("function", {}), **more}])  # type: ignore[operator]


def test_body() -> None:
    tool = ToolSpec(name="t", description="d", parameters={})
    history = (SystemMessage(text="s"), UserMessage(text="u"), AssistantMessage(text="a"))
    body = request_body(
        CONFIG,
        LlmRequest(history=history, tools=(tool,), tool_choice=NamedTool(name="t"), max_output_tokens=9),
    )
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant"]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "t"}}
    assert (body["max_completion_tokens"], body["temperature"], body["stream"]) == (9, 0.5, True)
    assert "tools" not in request_body(CONFIG, LlmRequest())


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("stop", FinishReason.STOP),
        ("length", FinishReason.LENGTH),
        ("content_filter", FinishReason.CONTENT_FILTER),
        ("eos", FinishReason.STOP),
    ],
)
def test_reasons(told: str, reason: FinishReason) -> None:
    deltas, finished = read(choice(content="Hi"), choice(told))
    assert deltas == [TextDelta(text="Hi")]
    assert finished is not None
    assert finished.reason is reason


def test_not_finished_without_a_reason() -> None:
    assert read(choice(content="Hi"))[1] is None


def test_two_calls_with_indexes() -> None:
    deltas, finished = read(
        call("", index=0, id="a", function={"name": "f"}),
        call("{}", index=0),
        call("[]", index=1, id="b", function={"name": "g"}),
        choice("stop"),
    )
    assert deltas == [
        ToolCallDelta(index=0, call_id="a", name="f", arguments=""),
        ToolCallDelta(index=0, call_id=None, name=None, arguments="{}"),
        ToolCallDelta(index=1, call_id="b", name="g", arguments="[]"),
    ]
    assert finished is not None
    assert finished.reason is FinishReason.TOOL_CALLS


def test_two_calls_without_indexes() -> None:
    deltas, _ = read(
        call("{", id="a", function={"name": "f"}),
        call("}", id="a"),
        call("{}", id="b", function={"name": "g"}),
        call("", index=99),
    )
    assert [delta.index for delta in deltas if isinstance(delta, ToolCallDelta)] == [0, 0, 1, 2]


def test_a_call_without_an_id_gets_one() -> None:
    deltas, _ = read(call("{}", function={"name": "f"}))
    assert deltas == [ToolCallDelta(index=0, call_id="call_0", name="f", arguments="{}")]
