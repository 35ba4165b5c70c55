"""What can happen to a voice session. Each is one input of `VoiceMachine.handle`; the core makes them, in order.

Audio positions are milliseconds of user audio since the session began, counted over what was received (`audio_ms`).
"""

from dataclasses import dataclass

import msgspec

from segue.model.ids import ItemId, OperationKey, UplinkIndex
from segue.telemetry.marks import Mark
from segue.telemetry.relation import ClockFix
from segue.voice.results import OperationDelta, OperationResult
from segue.wire.realtime.client import ClientEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """First input of a session that never ran: what the agent and the client's token ask for. Ignored once begun."""

    subject: str
    session_patch: bytes
    """JSON object merged over the agent's defaults (from the client secret and the URL), possibly `{}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A client connection is bound to the session; it supersedes the one before."""

    attachment: int
    is_aware: bool
    is_resumed: bool
    cursor: str
    """Last event id the client has, `""` if it has none or it is not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detached:
    attachment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSent:
    """One client event that is not an audio append; `index` orders it among the replayed ones."""

    index: UplinkIndex
    event: ClientEvent
    audio_ms: int
    """User audio received before this event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFault:
    """A message that could not be decoded: answered with an `error` event, the session stays up."""

    index: UplinkIndex
    code: str
    message: str
    param: str | None
    event_id: str | None


class AudioHeard(msgspec.Struct, frozen=True, kw_only=True):
    """One detector window of user audio: it ends at `audio_ms` and is speech with `probability`.

    Without detection (`ConfigureHearing.is_detecting` false) the windows come all the same, with probability 0.
    """

    audio_ms: int
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationProgressed:
    key: OperationKey
    attempt: int
    delta: OperationDelta


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCompleted:
    key: OperationKey
    attempt: int
    result: OperationResult


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationFailed:
    key: OperationKey
    attempt: int
    provider: str
    reason: str
    is_retryable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSent:
    """The speaker has handed audio of an agent item to the client's connection.

    `sent_ms` counts from the item's beginning; `is_drained` says that all segments announced as final have been sent.
    """

    item_id: ItemId
    sent_ms: int
    is_drained: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A stamp of the turn's path that somebody else took (edge, client, speaker)."""

    item_id: ItemId
    """The user item for marks on the way in, the agent item for marks on the way out."""
    mark: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class ClocksRelated:
    """Two clocks of a turn's path were compared by somebody else (edge and core, over the trunk)."""

    fix: ClockFix


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreState:
    """The store went away or came back."""

    is_available: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The deadline asked for by `next_deadline` has come."""


VoiceInput = (
    Begin | Attached | Detached | ClientSent | ClientFault | AudioHeard | OperationProgressed | OperationCompleted
    | OperationFailed | SpeechSent | Marked | ClocksRelated | StoreState | Tick
)  # fmt: skip
