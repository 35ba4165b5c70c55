"""What the session machine is told: by the core's driver, by the store, and by the world through the kind's events."""

from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from segue.model.ids import NodeId, Seq
from segue.session.rows import Row, Snapshot

E = TypeVar("E")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Take the session, whoever has it now. The first input of every machine.

    `claim` is fresh entropy (16 characters or more), so that this claim's epoch row can be told from any other's.
    """

    node: NodeId
    claim: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRead:
    """Answer to `ReadSnapshot`."""

    snapshot: Snapshot | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsRead:
    """Answer to `ReadRows`: rows in order from the slot asked for; `at_end` says that the slot after them was free."""

    rows: tuple[Row, ...]
    at_end: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLost:
    """A `ReadSnapshot` or `ReadRows` was not answered; it is asked again after a back-off."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """The rows of the last `Append`, up to `through`, are durable."""

    through: Seq


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendRefused:
    """A slot of the last `Append` was taken; nothing of it was written."""

    seq: Seq


@dataclass(frozen=True, slots=True, kw_only=True)
class AppendUnknown:
    """The answer to the last `Append`, whose first row is `seq`, is lost: it is resolved by reading that slot."""

    seq: Seq
    reason: str


class Happened(msgspec.Struct, Generic[E], frozen=True, kw_only=True):
    """An event of the kind. Only an owner may be told one (`Owned` was the output that allowed it)."""

    event: E


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Finish: take no more events, make everything durable and release it, save a snapshot, stop. (Drain, idle.)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """The deadline named by `next_deadline` has come. Any other input at or after it serves as well."""


StoreAnswer = SnapshotRead | RowsRead | StoreLost | Appended | AppendRefused | AppendUnknown
Input = Claim | StoreAnswer | Happened[E] | Rest | Tick
