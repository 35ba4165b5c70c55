"""The states of a session machine, and its timers. What leads from one to another is in `session.machine`."""

from dataclasses import dataclass
from enum import StrEnum

from segue.model.time import MonoNs
from segue.session.inputs import Claim
from segue.session.outputs import StopReason
from segue.session.rows import Row, Snapshot


class TimerReason(StrEnum):
    """The timers of a session machine."""

    KIND = "kind"
    """One of the kind's own."""
    GATE_PATIENCE = "gate_patience"
    """Speech has waited long enough for its row."""
    STORE_RETRY = "store_retry"
    """The store failed and is asked again."""
    STORE_ANSWER = "store_answer"
    """An append has been unanswered for so long that the store counts as away."""
    IDLE = "idle"
    """Nothing has happened for so long that the session rests."""


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """Made, and not told to claim yet."""


@dataclass(frozen=True, slots=True)
class Restoring:
    """Waiting for the snapshot; `retry_at` while the store does not answer."""

    claim: Claim
    retry_at: MonoNs | None


@dataclass(frozen=True, slots=True)
class Reading:
    """Replaying. `snapshot` is one whose last row is still to be found in the journal."""

    claim: Claim
    snapshot: Snapshot | None
    retry_at: MonoNs | None


@dataclass(frozen=True, slots=True)
class Claiming:
    """At the end of the journal; our epoch row is on its way to the first free slot."""

    claim: Claim
    row: Row


@dataclass(frozen=True, slots=True)
class Owning:
    """The session is ours until a slot is refused."""


@dataclass(frozen=True, slots=True)
class Resting:
    """No more events; what is written becomes durable and is let out, then it ends."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Over, in an orderly way."""

    reason: StopReason


@dataclass(frozen=True, slots=True)
class Poisoned:
    """Over, by a bug: what was raised first."""

    error: str


State = Unclaimed | Restoring | Reading | Claiming | Owning | Resting | Ended | Poisoned
