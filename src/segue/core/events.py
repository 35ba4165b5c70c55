"""What one session's task is told, by the trunk, the store, its operations and the process."""

from dataclasses import dataclass

import msgspec

from segue.adapters.trunk.port import TrunkLink
from segue.core.attachment import Wanted
from segue.model.ids import Seq
from segue.model.time import MonoNs
from segue.session.inputs import StoreAnswer
from segue.voice.inputs import VoiceInput
from segue.voice.rows import VoiceRow
from segue.wire.trunk import Emitted, Up


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """An edge offers a flow."""

    link: TrunkLink
    flow: int
    wanted: Wanted


class Arrived(msgspec.Struct, frozen=True):
    """A client message. There are fifty a second: a Struct is made in a fifth of a dataclass's time."""

    link: TrunkLink
    frame: Up
    in_ns: MonoNs


@dataclass(frozen=True, slots=True)
class Reported:
    """An edge has handed a message to its client's socket."""

    frame: Emitted


@dataclass(frozen=True, slots=True)
class FlowClear:
    """The attached flow may send again."""


@dataclass(frozen=True, slots=True)
class FlowGone:
    """The client's connection, or the link to its edge, is gone."""

    link: TrunkLink
    flow: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The store answered."""

    answer: StoreAnswer


class Happening(msgspec.Struct, frozen=True):
    """An input of the voice machine."""

    event: VoiceInput


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryRead:
    """Rows for the attachment `number` that came back; None: the store could not be read, memory must do."""

    number: int
    rows: tuple[tuple[Seq, VoiceRow], ...] | None


@dataclass(frozen=True, slots=True)
class SoundMade:
    """A sound was made again, or could not be: then the client goes without it."""

    item_id: str
    is_made: bool


@dataclass(frozen=True, slots=True)
class Resting:
    """Make everything durable and stop; with `if_idle` only if nobody is attached by then."""

    if_idle: bool = False


HostEvent = (
    Opening | Arrived | Reported | FlowClear | FlowGone | Answered | Happening | HistoryRead | SoundMade | Resting
)
