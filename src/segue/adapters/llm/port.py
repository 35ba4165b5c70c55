"""What the core asks of a dialogue model: the next words or tool calls, streamed.

Rules: the iterator ends with exactly one `Finished`; an answer that breaks off raises `ProviderError` instead. Closing
the iterator (`contextlib.aclosing`) stops the work promptly, at the other end too.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Protocol

JsonSchema = dict[str, Any]
"""A JSON Schema object as tools carry it; foreign, so its values are untyped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A tool the model may call."""

    name: str
    description: str
    parameters: JsonSchema
    """JSON Schema of the arguments object: `{"type": "object", "properties": {...}, "required": [...]}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """One call the model made. `arguments` is JSON text as the model wrote it: it may be malformed."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemMessage:
    """Instructions placed inside the history."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserMessage:
    """What the user said or typed."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantMessage:
    """What the agent said, as far as it was heard, and the tools it called."""

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """The answer to the call `call_id`: any text, JSON by custom."""

    call_id: str
    output: str


Message = SystemMessage | UserMessage | AssistantMessage | ToolResult


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTool:
    """A tool choice that demands this one tool."""

    name: str


ToolChoice = Literal["auto", "none", "required"] | NamedTool


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmRequest:
    """One answer asked for. Equal requests under one `idempotency_key` may be answered from the provider's record."""

    instructions: str = ""
    history: tuple[Message, ...] = ()
    tools: tuple[ToolSpec, ...] = ()
    tool_choice: ToolChoice = "auto"
    max_output_tokens: int | None = None
    """None leaves it to the model."""
    idempotency_key: str | None = None
    """The operation's key; remote adapters send it as `Idempotency-Key`."""


class FinishReason(StrEnum):
    """Why the answer ended."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    """The next piece of the spoken answer; never empty."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallDelta:
    """A piece of the `index`-th tool call. `call_id` and `name` are on the call's first piece, None on later ones."""

    index: int
    call_id: str | None
    name: str | None
    arguments: str
    """The next fragment of the JSON text; may be empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the provider counts them."""

    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The answer is whole. Always the last delta."""

    reason: FinishReason
    usage: Usage | None
    """None when the provider does not say."""


LlmDelta = TextDelta | ToolCallDelta | Finished


class Llm(Protocol):
    """Stateless between calls: may serve many sessions at once."""

    @property
    def name(self) -> str: ...

    def generate(self, request: LlmRequest) -> AsyncGenerator[LlmDelta, None]:
        """Stream the answer to `request`.

        Raises:
            ProviderError: From the iterator: the model failed, hung up half-way or sent what cannot be read.
        """
        ...

    async def warm(self) -> None:
        """Make the first call as fast as the second. Raises ProviderError when that is impossible."""
        ...
