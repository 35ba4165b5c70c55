"""What a client is told: the OpenAI Realtime (GA) server events and the `segue.*` events for clients that ask for them.

Rules: an event is made without its id; whoever publishes it gives it one (a `Cursor`) in `encode_server_event`. Fields
that some client's validator requires are required here. `segue.*` events go only to connections opened with `segue=1`.
"""

import binascii
from typing import Final, Literal

import msgspec

from segue.wire.realtime.errors import WireErrorCode, error_type
from segue.wire.realtime.items import Item, Response
from segue.wire.realtime.session import Session


class ServerEventBase(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    event_id: str = ""


# Session and errors.


class SessionCreated(ServerEventBase, frozen=True, kw_only=True, tag="session.created"):
    session: Session


class SessionUpdated(ServerEventBase, frozen=True, kw_only=True, tag="session.updated"):
    """The full effective session, whatever part of it the client sent."""

    session: Session


class ConversationRecord(msgspec.Struct, frozen=True):
    id: str
    object: Literal["realtime.conversation"] = "realtime.conversation"


class ConversationCreated(ServerEventBase, frozen=True, kw_only=True, tag="conversation.created"):
    conversation: ConversationRecord


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """`event_id` is the client's own id of the event at fault, echoed so that request sequencers let go of it."""

    type: str
    code: str
    message: str
    param: str | None = None
    event_id: str | None = None


class ErrorEvent(ServerEventBase, frozen=True, kw_only=True, tag="error"):
    error: ErrorDetail


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    name: Literal["requests", "tokens"]
    limit: int
    remaining: int
    reset_seconds: float


class RateLimitsUpdated(ServerEventBase, frozen=True, kw_only=True, tag="rate_limits.updated"):
    rate_limits: tuple[RateLimit, ...]


# The user's audio.


class SpeechStarted(ServerEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.speech_started"):
    item_id: str
    audio_start_ms: int


class SpeechStopped(ServerEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.speech_stopped"):
    item_id: str
    audio_end_ms: int


class AudioCommitted(ServerEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.committed"):
    item_id: str
    previous_item_id: str | None = None


class AudioCleared(ServerEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.cleared"):
    pass


class TimeoutTriggered(ServerEventBase, frozen=True, kw_only=True, tag="input_audio_buffer.timeout_triggered"):
    item_id: str
    audio_start_ms: int
    audio_end_ms: int


class DurationUsage(msgspec.Struct, frozen=True, tag="duration"):
    """Transcription is counted by the seconds heard."""

    seconds: float


class TranscriptionDelta(
    ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.delta"
):
    item_id: str
    delta: str
    content_index: int = 0


class TranscriptionCompleted(
    ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.completed"
):
    item_id: str
    transcript: str
    usage: DurationUsage
    content_index: int = 0


class TranscriptionError(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    code: str
    message: str
    param: str | None = None


class TranscriptionFailed(
    ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.input_audio_transcription.failed"
):
    item_id: str
    error: TranscriptionError
    content_index: int = 0


# Conversation items.


class ItemAdded(ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.added"):
    item: Item
    previous_item_id: str | None = None


class ItemDone(ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.done"):
    item: Item
    previous_item_id: str | None = None


class ItemDeleted(ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.deleted"):
    item_id: str


class ItemTruncated(ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.truncated"):
    item_id: str
    content_index: int
    audio_end_ms: int


class ItemRetrieved(ServerEventBase, frozen=True, kw_only=True, tag="conversation.item.retrieved"):
    item: Item


# Responses.


class ResponseCreated(ServerEventBase, frozen=True, kw_only=True, tag="response.created"):
    response: Response


class ResponseDone(ServerEventBase, frozen=True, kw_only=True, tag="response.done"):
    response: Response


class InItem(ServerEventBase, frozen=True, kw_only=True):
    """Base of events about one output item."""

    response_id: str
    item_id: str
    output_index: int = 0


class InPart(ServerEventBase, frozen=True, kw_only=True):
    """Base of events about one content part of an output item."""

    response_id: str
    item_id: str
    output_index: int = 0
    content_index: int = 0


class OutputItemAdded(ServerEventBase, frozen=True, kw_only=True, tag="response.output_item.added"):
    response_id: str
    item: Item
    output_index: int = 0


class OutputItemDone(ServerEventBase, frozen=True, kw_only=True, tag="response.output_item.done"):
    response_id: str
    item: Item
    output_index: int = 0


class AudioPart(msgspec.Struct, frozen=True, tag="audio"):
    """Parts are `audio` and `text`, though the contents of items are `output_audio` and `output_text`."""

    transcript: str = ""


class TextPart(msgspec.Struct, frozen=True, tag="text"):
    text: str = ""


class ContentPartAdded(InPart, frozen=True, kw_only=True, tag="response.content_part.added"):
    part: AudioPart | TextPart


class ContentPartDone(InPart, frozen=True, kw_only=True, tag="response.content_part.done"):
    part: AudioPart | TextPart


class OutputAudioDelta(InPart, frozen=True, kw_only=True, tag="response.output_audio.delta"):
    """On the wire it is written by `encode_audio_delta`."""

    delta: bytes


class OutputAudioDone(InPart, frozen=True, kw_only=True, tag="response.output_audio.done"):
    pass


class AudioTranscriptDelta(InPart, frozen=True, kw_only=True, tag="response.output_audio_transcript.delta"):
    delta: str


class AudioTranscriptDone(InPart, frozen=True, kw_only=True, tag="response.output_audio_transcript.done"):
    transcript: str


class OutputTextDelta(InPart, frozen=True, kw_only=True, tag="response.output_text.delta"):
    delta: str


class OutputTextDone(InPart, frozen=True, kw_only=True, tag="response.output_text.done"):
    text: str


class ArgumentsDelta(InItem, frozen=True, kw_only=True, tag="response.function_call_arguments.delta"):
    call_id: str
    delta: str


class ArgumentsDone(InItem, frozen=True, kw_only=True, tag="response.function_call_arguments.done"):
    call_id: str
    name: str
    arguments: str


class OutputBufferStarted(ServerEventBase, frozen=True, kw_only=True, tag="output_audio_buffer.started"):
    response_id: str


class OutputBufferStopped(ServerEventBase, frozen=True, kw_only=True, tag="output_audio_buffer.stopped"):
    response_id: str


class OutputBufferCleared(ServerEventBase, frozen=True, kw_only=True, tag="output_audio_buffer.cleared"):
    response_id: str


# Ours, for clients that ask for them.


class SegueSession(ServerEventBase, frozen=True, kw_only=True, tag="segue.session"):
    """What to remember for a resume. Send again every message after `uplink_received`."""

    session_id: str
    resume_token: str
    epoch: int
    resumed: bool
    uplink_received: int
    uplink_position: str
    expires_at: int


class SegueAck(ServerEventBase, frozen=True, kw_only=True, tag="segue.ack"):
    """Messages up to `through` are decided and durable: drop them, keep `position` for the next resume."""

    through: int
    position: str


class PlayoutHold(ServerEventBase, frozen=True, kw_only=True, tag="segue.playout.hold"):
    """Perhaps the user takes the floor: be silent now, keep the buffer."""

    item_id: str


class PlayoutResume(ServerEventBase, frozen=True, kw_only=True, tag="segue.playout.resume"):
    """They did not: go on where you stopped."""

    item_id: str


class PlayoutClear(ServerEventBase, frozen=True, kw_only=True, tag="segue.playout.clear"):
    """They did: throw the buffer away and answer with a `segue.playout` that is `done`."""

    item_id: str
    played_ms: int


class ClockPong(ServerEventBase, frozen=True, kw_only=True, tag="segue.clock.pong"):
    """t0 echoed, t1 received and t2 sent, both on the core's clock."""

    t0_ns: int
    t1_ns: int
    t2_ns: int


class TranscriptPartial(ServerEventBase, frozen=True, kw_only=True, tag="segue.transcript.partial"):
    """What has been understood of the user's unfinished turn; the next one replaces it."""

    item_id: str
    text: str


class ItemHeard(ServerEventBase, frozen=True, kw_only=True, tag="segue.item.heard"):
    """What of an agent item reached the ear."""

    item_id: str
    heard_ms: int
    heard_text: str
    cut: bool


class HopRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of a turn; `start_ms` from the end of the user's speech, `bound_ms` the error where it crosses clocks."""

    name: str
    start_ms: float
    duration_ms: float
    bound_ms: float | None = None


class HopStats(msgspec.Struct, frozen=True, kw_only=True):
    p50: float
    p95: float
    p99: float
    n: int


class TurnHops(ServerEventBase, frozen=True, kw_only=True, tag="segue.turn.hops"):
    """Where a turn's time went. `voice_to_voice_ms` is null when the ear never said that it heard."""

    turn_id: str
    item_id: str
    hops: tuple[HopRecord, ...]
    stats: dict[str, HopStats]
    voice_to_voice_ms: float | None = None
    bound_ms: float | None = None


class SegueState(ServerEventBase, frozen=True, kw_only=True, tag="segue.state"):
    """The store is away: the conversation goes on, but a takeover must wait until it is back."""

    store: Literal["ok", "away"]
    message: str


ServerEvent = (
    SessionCreated | SessionUpdated | ConversationCreated | ErrorEvent | RateLimitsUpdated | SpeechStarted
    | SpeechStopped | AudioCommitted | AudioCleared | TimeoutTriggered | TranscriptionDelta
    | TranscriptionCompleted | TranscriptionFailed | ItemAdded | ItemDone | ItemDeleted | ItemTruncated
    | ItemRetrieved | ResponseCreated | ResponseDone | OutputItemAdded | OutputItemDone | ContentPartAdded
    | ContentPartDone | OutputAudioDelta | OutputAudioDone | AudioTranscriptDelta | AudioTranscriptDone
    | OutputTextDelta | OutputTextDone | ArgumentsDelta | ArgumentsDone | OutputBufferStarted | OutputBufferStopped
    | OutputBufferCleared | SegueSession | SegueAck | PlayoutHold | PlayoutResume | PlayoutClear | ClockPong
    | TranscriptPartial | ItemHeard | TurnHops | SegueState
)  # fmt: skip

SegueEvent = (
    SegueSession | SegueAck | PlayoutHold | PlayoutResume | PlayoutClear | ClockPong | TranscriptPartial | ItemHeard
    | TurnHops | SegueState
)  # fmt: skip
"""Those that only segue-aware connections are sent."""


def error_event(
    code: WireErrorCode, message: str, *, param: str | None = None, client_event_id: str | None = None
) -> ErrorEvent:
    """An `error` event with the type that belongs to its code."""
    detail = ErrorDetail(type=error_type(code), code=code, message=message, param=param, event_id=client_event_id)
    return ErrorEvent(error=detail)


def encode_server_event(event: ServerEvent, event_id: str) -> bytes:
    """One event as a JSON text message, under this id."""
    return _encoder.encode(msgspec.structs.replace(event, event_id=event_id))


def encode_audio_delta(
    event_id: str, response_id: str, item_id: str, output_index: int, content_index: int, audio: bytes
) -> bytes:
    """A `response.output_audio.delta` as a JSON text message; `audio` is in the session's output format.

    Cost: base64 and one copy; this is nearly all that is sent, so it makes no struct.
    """
    return _AUDIO_DELTA % (
        _encoder.encode(event_id),
        _encoder.encode(response_id),
        _encoder.encode(item_id),
        output_index,
        content_index,
        binascii.b2a_base64(audio, newline=False),
    )


_encoder: Final = msgspec.json.Encoder()
_AUDIO_DELTA: Final = (
    b'{"type":"response.output_audio.delta","event_id":%b,"response_id":%b,"item_id":%b,'
    b'"output_index":%d,"content_index":%d,"delta":"%b"}'
)
