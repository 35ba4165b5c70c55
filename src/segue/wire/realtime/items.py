"""Conversation items, content parts, responses and usage, in the GA shapes."""

from typing import Any, Literal

import msgspec

ItemStatus = Literal["in_progress", "completed", "incomplete"]
ResponseStatus = Literal["in_progress", "completed", "cancelled", "failed", "incomplete"]


class InputText(msgspec.Struct, frozen=True, tag="input_text"):
    text: str


class InputAudioPart(msgspec.Struct, frozen=True, omit_defaults=True, tag="input_audio"):
    """Audio sent inside an item (base64 decoded), or the record of a spoken turn (no audio, transcript later)."""

    audio: bytes | None = None
    transcript: str | None = None


class OutputText(msgspec.Struct, frozen=True, tag="output_text"):
    text: str = ""


class OutputAudioPart(msgspec.Struct, frozen=True, omit_defaults=True, tag="output_audio"):
    transcript: str = ""
    audio: bytes | None = None


class PlainText(msgspec.Struct, frozen=True, tag="text"):
    """The beta name that older histories still use for text."""

    text: str = ""


Content = InputText | InputAudioPart | OutputText | OutputAudioPart | PlainText


class Message(msgspec.Struct, frozen=True, tag="message"):
    role: Literal["user", "assistant", "system"]
    content: tuple[Content, ...]
    id: str = ""
    status: ItemStatus = "completed"
    object: Literal["realtime.item"] = "realtime.item"


class FunctionCall(msgspec.Struct, frozen=True, tag="function_call"):
    name: str
    call_id: str
    arguments: str = ""
    id: str = ""
    status: ItemStatus = "completed"
    object: Literal["realtime.item"] = "realtime.item"


class FunctionCallOutput(msgspec.Struct, frozen=True, tag="function_call_output"):
    call_id: str
    output: str
    id: str = ""
    status: ItemStatus = "completed"
    object: Literal["realtime.item"] = "realtime.item"


Item = Message | FunctionCall | FunctionCallOutput


class InputTokenDetails(msgspec.Struct, frozen=True):
    text_tokens: int = 0
    audio_tokens: int = 0
    cached_tokens: int = 0


class OutputTokenDetails(msgspec.Struct, frozen=True):
    text_tokens: int = 0
    audio_tokens: int = 0


class Usage(msgspec.Struct, frozen=True):
    total_tokens: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    input_token_details: InputTokenDetails = InputTokenDetails()
    output_token_details: OutputTokenDetails = OutputTokenDetails()


class StatusError(msgspec.Struct, frozen=True):
    type: str
    code: str


class StatusDetails(msgspec.Struct, frozen=True, omit_defaults=True):
    type: str
    reason: str | None = None
    error: StatusError | None = None


class Response(msgspec.Struct, frozen=True):
    id: str
    status: ResponseStatus
    output: tuple[Item, ...] = ()
    conversation_id: str | None = None
    output_modalities: tuple[str, ...] = ("audio",)
    metadata: dict[str, Any] | None = None
    status_details: StatusDetails | None = None
    usage: Usage | None = None
    max_output_tokens: int | str = "inf"
    object: Literal["realtime.response"] = "realtime.response"
