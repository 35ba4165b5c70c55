"""What a client may send. Decoded once, by `decode_client_event`; unknown keys are ignored, unknown types are an error."""

from typing import Any, Literal

import msgspec

from segue.model.errors import PeerProtocolError
from segue.wire.realtime.items import Item


class ClientEventBase(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    event_id: str | None = None


class SessionUpdate(ClientEventBase, tag="session.update"):
    session: dict[str, Any]


class CaptureStamp(msgspec.Struct, frozen=True):
    """Client clock: when the append's last sample was at the microphone, and when the message was sent."""

    captured_at_ns: int
    sent_at_ns: int


class AudioAppend(ClientEventBase, tag="input_audio_buffer.append"):
    audio: bytes
    segue: CaptureStamp | None = None


class AudioCommit(ClientEventBase, tag="input_audio_buffer.commit"):
    pass


class AudioClear(ClientEventBase, tag="input_audio_buffer.clear"):
    pass


class ItemCreate(ClientEventBase, tag="conversation.item.create"):
    item: Item
    previous_item_id: str | None = None


class ItemDelete(ClientEventBase, tag="conversation.item.delete"):
    item_id: str


class ItemTruncate(ClientEventBase, tag="conversation.item.truncate"):
    item_id: str
    content_index: int
    audio_end_ms: int


class ItemRetrieve(ClientEventBase, tag="conversation.item.retrieve"):
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
    max_output_tokens: int | Literal["inf"] | None = None
    audio: dict[str, Any] | None = None


class ResponseCreate(ClientEventBase, tag="response.create"):
    response: ResponseParams | None = None


class ResponseCancel(ClientEventBase, tag="response.cancel"):
    response_id: str | None = None


class OutputAudioClear(ClientEventBase, tag="output_audio_buffer.clear"):
    pass


class Playout(ClientEventBase, tag="segue.playout"):
    """What the ear has had of one agent item: `played_ms` from its beginning, on the client's clock `at_ns`."""

    item_id: str
    played_ms: float
    buffered_ms: float
    at_ns: int
    started_at_ns: int | None = None
    received_at_ns: int | None = None
    done: bool = False


class ClockPing(ClientEventBase, tag="segue.clock.ping"):
    t0_ns: int


class ClockSample(ClientEventBase, tag="segue.clock.sample"):
    """A finished exchange: t0, t3 on the client's clock, t1, t2 on the core's."""

    t0_ns: int
    t1_ns: int
    t2_ns: int
    t3_ns: int


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
    try:
        return _decoder.decode(payload)
    except msgspec.ValidationError as error:
        raise PeerProtocolError(str(error), param=_path_in(str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PeerProtocolError(f"the message is not valid JSON: {error}") from error


def _path_in(text: str) -> str | None:
    """`$.a.b` at the end of a msgspec message, without the `$.`."""
    _, found, path = text.partition("at `$.")
    return path.rstrip("`") if found else None
