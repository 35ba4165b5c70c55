"""Running a generation: the session's words into the model's and back, tool calls put together from their fragments."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, assert_never

import msgspec

from segue.adapters.llm.port import (
    AssistantMessage,
    Finished,
    FinishReason,
    Llm,
    LlmRequest,
    Message,
    NamedTool,
    SystemMessage,
    ToolCall,
    ToolChoice,
    ToolResult,
    ToolSpec,
    UserMessage,
)
from segue.adapters.llm.port import TextDelta as PortTextDelta
from segue.adapters.llm.port import ToolCallDelta as PortToolCallDelta
from segue.model.errors import ProviderError
from segue.model.ids import OperationKey
from segue.model.limits import ITEM_TEXT_CHARS_MAX
from segue.voice.results import Generate, Generated, HistoryEntry, TextDelta, ToolCallDelta
from segue.worker.streams import ended_after


async def generate(
    llm: Llm, request: Generate, key: OperationKey, on_delta: Callable[[TextDelta | ToolCallDelta], None]
) -> Generated:
    """Ask the model; each piece of text goes out at once, each tool call when it is whole. No answer grows for ever."""
    calls: dict[int, _Fragments] = {}
    words = chars = 0
    asked = as_llm_request(request, key)
    async with ended_after(llm.generate(asked)) as deltas:
        async for delta in deltas:
            match delta:
                case PortTextDelta(text=text):
                    said, chars = text[: max(ITEM_TEXT_CHARS_MAX - chars, 0)], chars + len(text)
                    words += len(said.split())
                    on_delta(TextDelta(text=said))
                    if chars > ITEM_TEXT_CHARS_MAX:
                        tokens = words * 4 // 3
                        return Generated(reason="length", input_tokens=_rough_tokens(request), output_tokens=tokens)
                case PortToolCallDelta():
                    _gather(calls, delta, llm.name)
                case Finished():
                    _hand_out(calls, key, on_delta)
                    usage = delta.usage
                    return Generated(
                        reason=_reason(delta.reason, bool(calls)),
                        input_tokens=usage.input_tokens if usage else _rough_tokens(request),
                        output_tokens=usage.output_tokens if usage else words * 4 // 3,
                    )
                case _:
                    assert_never(delta)
    raise ProviderError(llm.name, "the answer broke off before its end", retryable=True)


def as_llm_request(request: Generate, key: OperationKey) -> LlmRequest:
    """The same request in the words of the model port."""
    return LlmRequest(
        instructions=request.instructions,
        history=tuple(_message(entry) for entry in request.history),
        tools=tuple(
            ToolSpec(name=offer.name, description=offer.description, parameters=_schema(offer.parameters_json))
            for offer in request.tools
        ),
        tool_choice=_choice(request.tool_choice),
        max_output_tokens=request.max_output_tokens,
        idempotency_key=key,
    )


@dataclass(slots=True)
class _Fragments:
    call_id: str
    name: str
    arguments: str = ""


def _gather(calls: dict[int, _Fragments], delta: PortToolCallDelta, provider: str) -> None:
    found = calls.get(delta.index)
    if found is None:
        if not delta.name:
            raise ProviderError(provider, "a tool call without the name of a tool", retryable=True)
        found = calls[delta.index] = _Fragments(call_id=delta.call_id or "", name=delta.name)
    found.arguments += delta.arguments
    size = sum(len(call.name) + len(call.call_id) + len(call.arguments) for call in calls.values())
    if len(calls) > CALLS_MAX or size > ITEM_TEXT_CHARS_MAX:
        raise ProviderError(provider, f"called {len(calls)} tools with {size} characters", retryable=False)


def _hand_out(calls: dict[int, _Fragments], key: OperationKey, on_delta: Callable[[ToolCallDelta], None]) -> None:
    """Calls in order; one the model gave no id gets one that is the same on a repeat."""
    for index, call in sorted(calls.items()):
        call_id = call.call_id or f"call_{key[:16]}_{index}"
        on_delta(ToolCallDelta(call_id=call_id, name=call.name, arguments=call.arguments or "{}"))


def _message(entry: HistoryEntry) -> Message:
    match entry.role:
        case "system":
            return SystemMessage(text=entry.text)
        case "user":
            return UserMessage(text=entry.text)
        case "assistant":
            calls = tuple(
                ToolCall(call_id=call.call_id, name=call.name, arguments=call.arguments) for call in entry.tool_calls
            )
            return AssistantMessage(text=entry.text, tool_calls=calls)
        case "tool":
            return ToolResult(call_id=entry.call_id or "", output=entry.text)


def _schema(text: str) -> dict[str, Any]:
    schema = msgspec.json.decode(text) if text else {}
    return schema if isinstance(schema, dict) else {}


def _choice(text: str) -> ToolChoice:
    """`auto`, `none`, `required`, or `function:<name>`."""
    match text:
        case "auto" | "none" | "required":
            return text
    return NamedTool(name=text.removeprefix("function:"))


def _reason(reason: FinishReason, has_calls: bool) -> Literal["stop", "length", "tool_calls"]:
    if reason is FinishReason.LENGTH:
        return "length"
    return "tool_calls" if has_calls else "stop"


def _rough_tokens(request: Generate) -> int:
    words = len(request.instructions.split()) + sum(len(entry.text.split()) for entry in request.history)
    return words * 4 // 3


CALLS_MAX: Final = 64
"""Tool calls in one answer; more is a model gone astray."""
