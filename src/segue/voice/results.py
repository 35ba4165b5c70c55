"""What operations ask for and what they bring back: data that crosses from the machine to a worker and back."""

from dataclasses import dataclass
from typing import Literal

from segue.model.ids import ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcribe:
    """Recognise the user audio between two positions."""

    from_ms: int
    to_ms: int
    language: str | None = None
    prompt: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectEnd:
    """How likely is it that the user's turn, heard between two positions, is complete? Cheap, local, not journalled."""

    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallRecord:
    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One entry of what the model is told happened; agent text is what was heard."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    tool_calls: tuple[ToolCallRecord, ...] = ()
    call_id: str | None = None
    """For `tool`: the call this is the output of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOffer:
    name: str
    description: str
    parameters_json: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Ask the dialogue model for the next agent turn."""

    instructions: str
    history: tuple[HistoryEntry, ...]
    tools: tuple[ToolOffer, ...]
    tool_choice: str
    max_output_tokens: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesize:
    """Speak one segment. `segment` counts from 0 within the agent item."""

    item_id: ItemId
    segment: int
    text: str
    voice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTool:
    """Run one function of the agent's author.

    With `once`, never a second time unless the tool's `lookup` says that it did not happen.
    """

    call_id: str
    name: str
    arguments: str
    effect: Literal["once", "idempotent"]
    is_lookup: bool = False
    """Only ask the tool's own `lookup` whether the call under this key already happened."""


OperationRequest = Transcribe | DetectEnd | Generate | Synthesize | CallTool


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallDelta:
    """A whole tool call (workers assemble the fragments)."""

    call_id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechDelta:
    """This many milliseconds of the segment have been synthesized so far (the samples stay with the speaker)."""

    generated_ms: int


OperationDelta = TextDelta | ToolCallDelta | SpeechDelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcribed:
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDetected:
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """The model finished; all text and calls came as deltas before."""

    reason: Literal["stop", "length", "tool_calls"]
    input_tokens: int
    output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesized:
    duration_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolReturned:
    """`output` is what the model is told; `outcome` of a lookup may be that it never happened, or that nobody knows."""

    output: str
    outcome: Literal["done", "not_done", "unknown", "raised"] = "done"


OperationResult = Transcribed | EndDetected | Generated | Synthesized | ToolReturned
