"""The rows of a voice session: what was decided, in the order it was decided.

Rules: a row carries all that its client events need, so that projecting it takes no state; fields are only ever added,
with a default; an unknown kind written by the next release changes nothing here. `index` is the uplink index of the
client event a row answers (0: none): the watermark that makes a replayed event a repetition.
"""

from typing import Any, Final, Literal

import msgspec

from segue.model.errors import PeerProtocolError
from segue.session.operations import EffectClass
from segue.session.rows import Row
from segue.telemetry.record import TurnRecord
from segue.wire.realtime.client import ResponseParams
from segue.wire.realtime.items import FunctionCall, FunctionCallOutput, Item, Message, Response
from segue.wire.realtime.server import HopStats
from segue.wire.realtime.session import Session


class RowBody(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="row"):
    """Base of all rows of the voice kind; the tag is the row's kind."""


class SessionOpened(RowBody, frozen=True, kw_only=True, tag="session.opened"):
    """The session began, with this agent, for this subject."""

    session: Session
    agent: str
    agent_version: str
    subject: str


class SessionConfigured(RowBody, frozen=True, kw_only=True, tag="session.configured"):
    """`session.update` was merged into this."""

    session: Session
    index: int


class TurnOpened(RowBody, frozen=True, kw_only=True, tag="turn.opened"):
    """The user took the floor."""

    turn_id: str
    item_id: str
    audio_start_ms: int


class TurnHeard(RowBody, frozen=True, kw_only=True, tag="turn.heard"):
    """A part of an unfinished turn was understood for good: its audio is not needed again."""

    from_ms: int
    to_ms: int
    text: str


class TurnCommitted(RowBody, frozen=True, kw_only=True, tag="turn.committed"):
    """The user's turn is over and in the conversation. A manual one was committed by the client."""

    turn_id: str
    item_id: str
    previous_item_id: str | None
    audio_start_ms: int
    audio_end_ms: int
    is_manual: bool = False
    is_answer_owed: bool = False
    """The agent answers by itself, without being asked by the client."""
    index: int = 0


class TurnTranscribed(RowBody, frozen=True, kw_only=True, tag="turn.transcribed"):
    """What was said in a committed turn; told to clients that asked for transcription."""

    item_id: str
    text: str
    audio_ms: int
    is_told: bool = True


class TranscriptionGivenUp(RowBody, frozen=True, kw_only=True, tag="turn.transcription_failed"):
    """Nobody could say what was said in a committed turn."""

    item_id: str
    reason: str
    is_told: bool = True


class TurnDropped(RowBody, frozen=True, kw_only=True, tag="turn.dropped"):
    """Sound up to here was no turn: noise, or a word that did not take the floor (then it was never opened)."""

    audio_end_ms: int
    item_id: str = ""


class BufferCleared(RowBody, frozen=True, kw_only=True, tag="turn.cleared"):
    """The client threw the uncommitted audio away."""

    audio_ms: int
    index: int


class ItemCreated(RowBody, frozen=True, kw_only=True, tag="item.created"):
    """The client put an item behind `previous_item_id` (None: at the front)."""

    item: Item
    previous_item_id: str | None
    index: int


class ItemDeleted(RowBody, frozen=True, kw_only=True, tag="item.deleted"):
    item_id: str
    index: int


class ItemTruncated(RowBody, frozen=True, kw_only=True, tag="item.truncated"):
    """The client says how much of an agent's item was played; `text` is what that leaves of it."""

    item_id: str
    content_index: int
    audio_end_ms: int
    text: str
    index: int


class OperationIntended(RowBody, frozen=True, kw_only=True, tag="operation.intended"):
    """`request` is empty where the request can be made again from the state (generate)."""

    key: str
    kind: str
    effect: EffectClass
    policy_version: int
    request: bytes = b""


class OperationSettled(RowBody, frozen=True, kw_only=True, tag="operation.completed"):
    key: str
    result: bytes


class OperationGivenUp(RowBody, frozen=True, kw_only=True, tag="operation.failed"):
    key: str
    error: str


class ResponseStarted(RowBody, frozen=True, kw_only=True, tag="response.started"):
    """The agent began to answer.

    `origin` names why, uniquely in the session: ids of the response and its items and the keys of its operations come
    from it. `after` is the last item the model was told of. `script` is said as it is, without a model.
    """

    response_id: str
    item_id: str
    origin: str
    turn_id: str = ""
    round: int = 1
    key: str = ""
    after: str | None = None
    script: str | None = None
    modality: Literal["audio", "text"] = "audio"
    voice: str = ""
    conversation_id: str | None = None
    params: ResponseParams = ResponseParams()
    index: int = 0


class ItemStarted(RowBody, frozen=True, kw_only=True, tag="item.started"):
    """The agent's message of a response begins."""

    response_id: str
    item_id: str
    previous_item_id: str | None
    modality: Literal["audio", "text"]
    is_in_conversation: bool


class SegmentAdded(RowBody, frozen=True, kw_only=True, tag="segment.added"):
    """The next words of the message; with audio, spoken by the operation `key` in `voice`."""

    response_id: str
    item_id: str
    segment: int
    text: str
    modality: Literal["audio", "text"]
    key: str = ""
    voice: str = ""


class SegmentSynthesized(RowBody, frozen=True, kw_only=True, tag="segment.synthesized"):
    item_id: str
    segment: int
    duration_ms: int


class ItemFinished(RowBody, frozen=True, kw_only=True, tag="item.finished"):
    """No more comes of the message."""

    response_id: str
    item: Message
    previous_item_id: str | None
    modality: Literal["audio", "text"]
    is_in_conversation: bool


class CallRequested(RowBody, frozen=True, kw_only=True, tag="call.requested"):
    """The model called a tool: the client's, or one of the agent's own (which no client is told of)."""

    response_id: str
    item: FunctionCall
    previous_item_id: str | None
    output_index: int
    is_own: bool
    is_in_conversation: bool


class CallReturned(RowBody, frozen=True, kw_only=True, tag="call.returned"):
    """One of the agent's own tools answered, or will never."""

    response_id: str
    item: FunctionCallOutput


class ResponseFailure(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    message: str


class ResponseFinished(RowBody, frozen=True, kw_only=True, tag="response.finished"):
    """The answer is over, one way or another. With `failure` the client is also told an `error`."""

    response: Response
    failure: ResponseFailure | None = None
    is_followed: bool = False
    """Tools of the agent's own returned: it answers again, in the next response."""
    index: int = 0


class ItemWasHeard(RowBody, frozen=True, kw_only=True, tag="item.heard"):
    """How much of an agent's item has reached the ear; `is_cut`: and no more of it ever will."""

    item_id: str
    heard_ms: int
    text: str
    is_cut: bool


class TurnTimed(RowBody, frozen=True, kw_only=True, tag="turn.hops"):
    """Where the time of a turn went, and the percentiles of the session so far."""

    record: TurnRecord
    stats: dict[str, HopStats]


VoiceRow = (
    SessionOpened | SessionConfigured | TurnOpened | TurnHeard | TurnCommitted | TurnTranscribed | TranscriptionGivenUp
    | TurnDropped | BufferCleared | ItemCreated | ItemDeleted | ItemTruncated | OperationIntended | OperationSettled
    | OperationGivenUp | ResponseStarted | ItemStarted | SegmentAdded | SegmentSynthesized | ItemFinished
    | CallRequested | CallReturned | ResponseFinished | ItemWasHeard | TurnTimed
)  # fmt: skip

ROW_VERSION: Final = 1
"""Of the rows written here."""

ROW_VERSION_MAX: Final = 2
"""Newest read: the next release adds kinds and fields that mean nothing to this one."""


def row_kind(body: VoiceRow) -> str:
    """The `kind` column of a row."""
    tag = body.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def encode_body(body: VoiceRow) -> bytes:
    """The `body` column of a row."""
    return _ENCODER.encode(body)


def decode_row(row: Row) -> VoiceRow | None:
    """Read a journal row; None for a kind that only the next release knows, and for rows of the kernel.

    Raises:
        PeerProtocolError: It says to be of this release and is not: the journal is damaged.
    """
    if row.kind not in _KINDS:
        if row.version > ROW_VERSION or row.kind == "epoch":
            return None
        raise PeerProtocolError(f"{row.session} row {row.seq}: no voice row is called {row.kind!r}")
    try:
        return _DECODER.decode(row.body)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise PeerProtocolError(f"{row.session} row {row.seq} ({row.kind}) cannot be read: {error}") from error


def encode_data(value: Any) -> bytes:
    """Encode a request or a result for a row."""
    return _ENCODER.encode(value)


_KINDS: Final = frozenset(
    kind.__struct_config__.tag
    for kind in (
        SessionOpened, SessionConfigured, TurnOpened, TurnHeard, TurnCommitted, TurnTranscribed, TranscriptionGivenUp,
        TurnDropped, BufferCleared, ItemCreated, ItemDeleted, ItemTruncated, OperationIntended, OperationSettled,
        OperationGivenUp, ResponseStarted, ItemStarted, SegmentAdded, SegmentSynthesized, ItemFinished, CallRequested,
        CallReturned, ResponseFinished, ItemWasHeard, TurnTimed,
    )
)  # fmt: skip
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final[msgspec.msgpack.Decoder[VoiceRow]] = msgspec.msgpack.Decoder(VoiceRow)
