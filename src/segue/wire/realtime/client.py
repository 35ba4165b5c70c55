"""What a client may send, decoded once by `decode_client_event`; unknown keys are ignored, unknown types an error."""

from typing import Annotated, Any, Final, Literal

import msgspec

from segue.model.errors import PeerProtocolError
from segue.wire.realtime.bounds import INTEGER_MAX, check_json
from segue.wire.realtime.errors import WireErrorCode
from segue.wire.realtime.items import Item

Integer = Annotated[int, msgspec.Meta(ge=-INTEGER_MAX, le=INTEGER_MAX)]
StampNs = Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62)]
"""A stamp of the client's clock; the difference of any two still fits 64 bits."""
Milliseconds = Annotated[float, msgspec.Meta(ge=-1e12, le=1e12)]


class ClientEventBase(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    event_id: str | None = None


class SessionUpdate(ClientEventBase, frozen=True, kw_only=True, tag="session.update"):
    session: dict[str, Any]


class CaptureStamp(msgspec.Struct, frozen=True):
    """Client clock: when the append's last sample was at the microphone, and when the message was sent."""

    captured_at_ns: StampNs
    sent_at_ns: StampNs


class AudioAppend(ClientEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.append"):
    audio: bytes
    segue: CaptureStamp | None = None


class AudioCommit(ClientEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.commit"):
    pass


class AudioClear(ClientEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.clear"):
    pass


class ItemCreate(ClientEventBase, frozen=True, kw_only=True, tag="conversation.item.create"):
    item: Item
    previous_item_id: str | None = None


class ItemDelete(ClientEventBase, frozen=True, kw_only=True, tag="conversation.item.delete"):
    item_id: str


class ItemTruncate(ClientEventBase, frozen=True, kw_only=True, tag="conversation.item.truncate"):
    item_id: str
    content_index: Integer
    audio_end_ms: Integer


class ItemRetrieve(ClientEventBase, frozen=True, kw_only=True, tag="conversation.item.retrieve"):
    item_id: str


class ResponseParams(msgspec.Struct, frozen=True, kw_only=True):
    """Overrides for one response; `conversation: "none"` keeps it out of the history."""

    instructions: str | None = None
    output_modalities: tuple[Literal["audio", "text"], ...] | None = None
    conversation: Literal["auto", "none"] = "auto"
    input: tuple[Item, ...] | None = None
    metadata: dict[str, Any] | None = None
    tools: tuple[dict[str, Any], ...] | None = None
    tool_choice: str | dict[str, Any] | None = None
    max_output_tokens: Integer | Literal["inf"] | None = None
    audio: dict[str, Any] | None = None


class ResponseCreate(ClientEventBase, frozen=True, kw_only=True, tag="response.create"):
    response: ResponseParams | None = None


class ResponseCancel(ClientEventBase, frozen=True, kw_only=True, tag="response.cancel"):
    response_id: str | None = None


class OutputAudioClear(ClientEventBase, frozen=True, kw_only=True, tag="output_audio_buffer.clear"):
    pass


class Playout(ClientEventBase, frozen=True, kw_only=True, tag="segue.playout"):
    """What the ear has had of one agent item: `played_ms` from its beginning, on the client's clock `at_ns`."""

    item_id: str
    played_ms: Milliseconds
    buffered_ms: Milliseconds
    at_ns: StampNs
    started_at_ns: StampNs | None = None
    received_at_ns: StampNs | None = None
    done: bool = False


class ClockPing(ClientEventBase, frozen=True, kw_only=True, tag="segue.clock.ping"):
    t0_ns: StampNs


class ClockSample(ClientEventBase, frozen=True, kw_only=True, tag="segue.clock.sample"):
    """A finished exchange: t0, t3 on the client's clock, t1, t2 on the core's."""

    t0_ns: StampNs
    t1_ns: StampNs
    t2_ns: StampNs
    t3_ns: StampNs


ClientEvent = (
    SessionUpdate | AudioAppend | AudioCommit | AudioClear | ItemCreate | ItemDelete | ItemTruncate | ItemRetrieve
    | ResponseCreate | ResponseCancel | OutputAudioClear | Playout | ClockPing | ClockSample
)  # fmt: skip

_decoder: msgspec.json.Decoder[ClientEvent] = msgspec.json.Decoder(ClientEvent)


def decode_client_event(payload: bytes) -> ClientEvent:
    """Decode one message.

    Raises:
        PeerProtocolError: Not JSON, no or unknown `type`, or a field of the wrong shape; `param` names the field.
    """
    event = _decode(payload)
    match event:
        case SessionUpdate():
            check_json(event.session, "session")
        case ResponseCreate(response=ResponseParams() as params):
            check_json(params.metadata, "response.metadata")
            check_json(params.tools, "response.tools")
            check_json(params.tool_choice, "response.tool_choice")
            check_json(params.audio, "response.audio")
        case _:
            pass
    return event


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender of a refused message is told; `event_id` is its own, so that it knows which one."""

    code: WireErrorCode
    message: str
    param: str | None
    event_id: str | None


def describe_fault(payload: bytes, error: PeerProtocolError) -> Fault:
    """The answer to a message that `decode_client_event` refused with `error`."""
    try:
        header = _header_decoder.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        code, event_id = WireErrorCode.INVALID_JSON, None
    else:
        event_id = header.event_id if isinstance(header.event_id, str) else None
        if header.type is None:
            code = WireErrorCode.MISSING_PARAMETER
        else:
            code = WireErrorCode.UNKNOWN_EVENT if error.param == "type" else WireErrorCode.INVALID_VALUE
    return Fault(code=code, message=error.what, param=error.param, event_id=event_id)


class _Header(msgspec.Struct):
    type: Any = None
    event_id: Any = None


_header_decoder: Final = msgspec.json.Decoder(_Header)


def _decode(payload: bytes) -> ClientEvent:
    try:
        return _decoder.decode(payload)
    except RecursionError as error:
        raise PeerProtocolError("the message is nested too deeply") from error
    except msgspec.ValidationError as error:
        what, found, path = str(error).rpartition(" - at `$")
        if len(what) > WHAT_CHARS_MAX:
            what = what[:WHAT_CHARS_MAX] + "…"
        param = path.rstrip("`").removeprefix(".") or None if found else None
        raise PeerProtocolError(f"{param}: {what}" if param else what or str(error), param=param) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PeerProtocolError(f"the message is not valid JSON: {error}") from error


WHAT_CHARS_MAX: Final = 200
"""A refusal repeats at most this much of what the client sent."""
