"""What a voice session wants done. The machine says it, the kernel's gate releases it, the core performs it.

Rows are published by the core itself: when the gate releases a row, `projection.project(row)` is what the client is
sent.
"""

from dataclasses import dataclass

from segue.model.ids import ItemId, OperationKey
from segue.voice.results import OperationRequest
from segue.wire.realtime.server import ServerEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class StartOperation:
    """Run one attempt of an operation at `provider`.

    Answer with OperationProgressed, OperationCompleted or OperationFailed of the same attempt.
    """

    key: OperationKey
    request: OperationRequest
    provider: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelOperation:
    """Nobody wants the result any more; late answers are ignored."""

    key: OperationKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Speak:
    """Send the audio of one segment to the client after those spoken before it.

    The audio is that of the synthesize operation `key`. `skip_ms` of the *item* are already with the client (resume).
    """

    item_id: ItemId
    segment: int
    key: OperationKey
    skip_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSpeech:
    """No more segments follow for this item: report `SpeechSent(is_drained=True)` once all have been sent."""

    item_id: ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSpeech:
    """Stop sending (possible barge-in); keep everything."""

    item_id: ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOnSpeech:
    """A false barge-in: go on sending."""

    item_id: ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class CutSpeech:
    """Throw away what is not sent; nothing of this item is sent after this."""

    item_id: ItemId


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """An ephemeral event for the attached client (not in the journal); `only_aware` ones are for segue clients."""

    event: ServerEvent
    only_aware: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseUplink:
    """User audio before `audio_ms`, and control events up to `control_through`, are decided and durable."""

    audio_ms: int
    control_through: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureHearing:
    """The input format or turn detection changed: how the core decodes and whether it runs the detector."""

    format_type: str
    rate_hz: int
    is_detecting: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetAudio:
    """User audio before this position is not needed again."""

    audio_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseSession:
    """The session is over: close its attachment with this WebSocket code."""

    code: int
    reason: str


VoiceEffect = (
    StartOperation | CancelOperation | Speak | EndSpeech | HoldSpeech | GoOnSpeech | CutSpeech | Tell | ReleaseUplink
    | ConfigureHearing | ForgetAudio | CloseSession
)  # fmt: skip
