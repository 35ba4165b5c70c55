"""The plain data that a voice session's rows add up to: what a snapshot holds.

What changes it, and when, is `state.Conversation`.
"""

import msgspec

from segue.voice.rows import ResponseStarted
from segue.wire.realtime.client import ResponseParams
from segue.wire.realtime.items import FunctionCall, Item, Message
from segue.wire.realtime.session import Session


class Span(msgspec.Struct, frozen=True):
    """User audio between two positions, and what was said in it."""

    from_ms: int
    to_ms: int
    text: str


class OpenTurn(msgspec.Struct):
    """The user has the floor: `heard` are the parts understood for good."""

    turn_id: str
    item_id: str
    audio_start_ms: int


class SegmentState(msgspec.Struct):
    """One segment of agent speech; its duration once it was synthesized."""

    text: str
    key: str
    voice: str
    duration_ms: int | None = None


class ItemState(msgspec.Struct):
    """An item of the conversation, and for agent speech what of it was heard."""

    item: Item
    heard_ms: int = 0
    heard_text: str | None = None
    """None: all of it, as far as anyone knows."""
    is_own_call: bool = False
    """A call of the agent's own tool or its output: the model is told, the client is not."""


class AwaitedTranscript(msgspec.Struct, frozen=True):
    """A committed turn whose last words are still with the recogniser."""

    turn_id: str
    item_id: str
    audio_start_ms: int
    audio_end_ms: int
    heard: tuple[Span, ...]


class CallState(msgspec.Struct):
    """A tool call of a running response."""

    item: FunctionCall
    is_own: bool
    is_returned: bool = False


class OwedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The agent is to answer as soon as nothing is running and all that was said is understood."""

    origin: str
    turn_id: str
    round: int = 1
    params: ResponseParams = ResponseParams()


class ResponseState(msgspec.Struct):
    """A response that has begun and not finished."""

    started: ResponseStarted
    is_item_started: bool = False
    item: Message | None = None
    """The finished message."""
    calls: list[CallState] = msgspec.field(default_factory=list)

    @property
    def is_in_conversation(self) -> bool:
        return self.started.conversation_id is not None


class Facts(msgspec.Struct):
    """The plain data of the fold: what a snapshot holds besides the operation ledger."""

    session: Session | None = None
    agent: str = ""
    subject: str = ""
    control_through: int = 0
    """Highest uplink index answered by a row: a replayed event at or below it was done."""
    decided_ms: int = 0
    """User audio before this belongs to a turn that is over, or to none."""
    serial: int = 0
    """Rows folded; ids are made from it."""
    turn: OpenTurn | None = None
    heard: list[Span] = msgspec.field(default_factory=list)
    """Parts of the open (or, in manual mode, unopened) turn that were understood for good."""
    awaited: list[AwaitedTranscript] = msgspec.field(default_factory=list)
    order: list[str] = msgspec.field(default_factory=list)
    """Ids of the conversation's items, first to last."""
    items: dict[str, ItemState] = msgspec.field(default_factory=dict)
    speech: dict[str, list[SegmentState]] = msgspec.field(default_factory=dict)
    """Agent speech by item, of the conversation's items and of running responses."""
    responses: dict[str, ResponseState] = msgspec.field(default_factory=dict)
    owed: OwedAnswer | None = None
    has_greeted: bool = False
