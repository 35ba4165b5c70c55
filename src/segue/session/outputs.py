"""What the session machine wants done. The driver performs each in order and answers those that ask something."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from segue.model.errors import SegueError
from segue.model.ids import Epoch, Seq, SessionId
from segue.session.rows import Row, Snapshot, Urgency

F = TypeVar("F")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSnapshot:
    """Answer with SnapshotRead or StoreLost."""

    session: SessionId


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRows:
    """Answer with RowsRead or StoreLost."""

    session: SessionId
    from_seq: Seq
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """Put these rows if their slots are free; answer with Appended, AppendRefused or AppendUnknown.

    At most one is outstanding per machine: a later row never lands where an earlier one did not.
    """

    rows: tuple[Row, ...]
    urgency: Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveSnapshot:
    """Keep this snapshot if convenient; no answer is expected."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """The session is ours at `epoch`: events may be told from now on. `is_new` if it had no rows before."""

    epoch: Epoch
    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Perform(Generic[F]):
    """The gate released this effect: do it now."""

    effect: F


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReleased:
    """The gate released this row of the kind: its projection may be shown (it waits as a PROMPT effect does)."""

    row: Row
    is_durable: bool
    """False if patience ran out first: it is shown although a crash of this core now would forget it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreNoticed:
    """The store stopped answering this session, or answers again. For metrics and for telling the person."""

    is_available: bool
    reason: str


class StopReason(StrEnum):
    """Why a machine ended."""

    FENCED = "fenced"
    """Another owner's row is in our slot: it owns the session now."""
    RESTED = "rested"
    """Asked to, or idle; everything is durable and released."""
    OVERFULL = "overfull"
    """More rows wait for the store than the limit allows."""
    UNREADABLE = "unreadable"
    """The journal is too new or damaged; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The last output of this machine: release nothing more, close what belongs to the session, drop the machine."""

    reason: StopReason
    error: SegueError | None


StoreRequest = ReadSnapshot | ReadRows | Append | SaveSnapshot
Output = StoreRequest | Owned | Perform[F] | RowReleased | StoreNoticed | Stopped
