"""The JSON of `/chat/completions`: a request from ours, our deltas from its chunks. Pure.

Source: OpenAI API reference, Chat Completions (streaming); servers that differ: no `index` on tool calls, whole tool
calls in one chunk, `finish_reason` "stop" after tool calls, no `[DONE]`.
"""

from collections.abc import Iterator
from typing import Any, assert_never

import msgspec

from segue.adapters.llm.port import (
    AssistantMessage,
    Finished,
    FinishReason,
    LlmDelta,
    LlmRequest,
    Message,
    NamedTool,
    SystemMessage,
    TextDelta,
    ToolCallDelta,
    ToolChoice,
    ToolResult,
    Usage,
    UserMessage,
)
from segue.adapters.openai_compat.config import ChatConfig


class CalledFunction(msgspec.Struct):
    """A piece of a function call."""

    name: str | None = None
    arguments: str | None = None


class CalledTool(msgspec.Struct):
    """A piece of a tool call."""

    index: int | None = None
    id: str | None = None
    function: CalledFunction | None = None


class ChunkDelta(msgspec.Struct):
    """What one chunk adds."""

    content: str | None = None
    tool_calls: list[CalledTool] | None = None


class Choice(msgspec.Struct):
    """One of the answers; we ask for one."""

    delta: ChunkDelta | None = None
    finish_reason: str | None = None


class ChunkUsage(msgspec.Struct):
    """Tokens, in the last chunk."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Chunk(msgspec.Struct):
    """One server-sent event of an answer."""

    choices: list[Choice] = []
    usage: ChunkUsage | None = None
    error: Any = None


class ChunkReader:
    """Turns one answer's chunks into deltas; `finished` is the last one, None while the answer is not whole."""

    def __init__(self) -> None:
        self._reason: FinishReason | None = None
        self._usage: Usage | None = None
        self._call_ids: list[str | None] = []

    def read(self, chunk: Chunk) -> Iterator[LlmDelta]:
        """Yield what `chunk` adds."""
        if chunk.usage is not None:
            counted = chunk.usage
            self._usage = Usage(input_tokens=counted.prompt_tokens, output_tokens=counted.completion_tokens)
        for choice in chunk.choices[:1]:
            if choice.delta is not None:
                if choice.delta.content:
                    yield TextDelta(text=choice.delta.content)
                for call in choice.delta.tool_calls or ():
                    yield self._call_delta(call)
            if choice.finish_reason is not None:
                self._reason = _REASONS.get(choice.finish_reason, FinishReason.STOP)

    @property
    def finished(self) -> Finished | None:
        if self._reason is None:
            return None
        stopped_to_call = self._reason is FinishReason.STOP and self._call_ids
        reason = FinishReason.TOOL_CALLS if stopped_to_call else self._reason
        return Finished(reason=reason, usage=self._usage)

    def _call_delta(self, call: CalledTool) -> ToolCallDelta:
        index = self._index_of(call)
        function = call.function or CalledFunction()
        first = index == len(self._call_ids)
        if first:
            self._call_ids.append(call.id)
        return ToolCallDelta(
            index=index,
            call_id=(call.id or f"call_{index}") if first else None,
            name=function.name if first else None,
            arguments=function.arguments or "",
        )

    def _index_of(self, call: CalledTool) -> int:
        """Which call a piece belongs to. Pieces without an index start a new call when they bring a new id."""
        known = len(self._call_ids)
        if call.index is not None:
            return min(max(call.index, 0), known)
        if call.id is None:
            return max(known - 1, 0)
        return self._call_ids.index(call.id) if call.id in self._call_ids else known


def request_body(config: ChatConfig, request: LlmRequest) -> dict[str, Any]:
    """The JSON object to post."""
    body: dict[str, Any] = {
        "model": config.model,
        "messages": _messages(request),
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    if config.temperature is not None:
        body["temperature"] = config.temperature
    if request.max_output_tokens is not None:
        body[config.max_tokens_field] = request.max_output_tokens
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
            }
            for tool in request.tools
        ]
        body["tool_choice"] = _tool_choice(request.tool_choice)
    return body


def _messages(request: LlmRequest) -> list[dict[str, Any]]:
    instructions = [{"role": "system", "content": request.instructions}] if request.instructions else []
    return instructions + [_message(message) for message in request.history]


def _message(message: Message) -> dict[str, Any]:
    match message:
        case SystemMessage(text=text):
            return {"role": "system", "content": text}
        case UserMessage(text=text):
            return {"role": "user", "content": text}
        case ToolResult(call_id=call_id, output=output):
            return {"role": "tool", "tool_call_id": call_id, "content": output}
        case AssistantMessage(text=text, tool_calls=()):
            return {"role": "assistant", "content": text}
        case AssistantMessage(text=text, tool_calls=calls):
            made = [
                {"id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in calls
            ]
            return {"role": "assistant", "content": text or None, "tool_calls": made}
        case _:
            assert_never(message)


def _tool_choice(choice: ToolChoice) -> Any:
    return {"type": "function", "function": {"name": choice.name}} if isinstance(choice, NamedTool) else choice


_REASONS = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
}
