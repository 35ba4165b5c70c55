"""What a store must do: put rows if their slots are free, read them back, keep a snapshot, list sessions.

Rules of every implementation, held by one suite in `tests/integration/adapters/store`:

- `put` answers only when its rows are durable (survive a power cut), or raises. Of two puts for one slot exactly one
  wins.
- The rows of one `put` are of one session with consecutive `seq`, and land all or none. Another session's conflict or
  failure in the same commit does not touch them.
- A put whose caller was cancelled, or that raised StoreUnavailable, may or may not have happened: read the slot.
- Nothing acknowledged is ever lost or changed. Snapshots are a cache and carry no such promise.
- Nothing here blocks the event loop; queues are bounded and refuse with StoreUnavailable when full.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from segue.model.errors import LocalProtocolError
from segue.model.ids import Epoch, NodeId, Seq, SessionId
from segue.model.time import WallMs
from segue.session.rows import Row, Snapshot, Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSummary:
    """One session, as listed for people. Wall times are those of the store's clock when the rows were put."""

    session: SessionId
    first_wall_ms: WallMs
    last_wall_ms: WallMs
    head: Seq
    epoch: Epoch
    node: NodeId
    """Who claimed it last."""
    subject: str
    """On whose behalf it runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StampedRow:
    """A row and when the store took it, for people and records."""

    row: Row
    wall_ms: WallMs


class Store(Protocol):
    """The journal of all sessions. One instance belongs to one event loop."""

    async def put(self, rows: Sequence[Row], urgency: Urgency) -> None:
        """Make these rows durable, if every slot is free.

        Raises:
            SlotTaken: A slot holds a row already; `seq` is the first such slot. Nothing of this put was written.
            StoreUnavailable: It is not known whether the rows were written; read the slot before anything else.
        """
        ...

    async def read(self, session: SessionId, from_seq: Seq, limit: int) -> list[Row]:
        """Return up to `limit` durable rows from `from_seq` on, in order; fewer than `limit` means the end was reached.

        Raises:
            StoreUnavailable: It could not be read now.
        """
        ...

    async def read_stamped(self, session: SessionId, from_seq: Seq, limit: int) -> list[StampedRow]:
        """The same with the wall time of each row, for `segue trace`."""
        ...

    async def head(self, session: SessionId) -> Seq:
        """Return the last taken slot, 0 if the session has no rows.

        Raises:
            StoreUnavailable: It could not be read now.
        """
        ...

    async def put_snapshot(self, snapshot: Snapshot) -> None:
        """Keep `snapshot` if none further along is kept.

        Raises:
            StoreUnavailable: It was not kept; the journal is whole without it.
        """
        ...

    async def read_snapshot(self, session: SessionId) -> Snapshot | None:
        """Return the kept snapshot, None if there is none.

        Raises:
            StoreUnavailable: It could not be read now.
        """
        ...

    async def sessions(
        self, *, limit: int, started_before: WallMs | None = None, subject: str | None = None
    ) -> list[SessionSummary]:
        """List sessions, last started first; only those of `subject` if it is given.

        Cost: O(limit); with `subject`, O(all sessions), in pages.
        """
        ...

    async def close(self) -> None:
        """Commit what was accepted, then let go of everything. Later calls raise StoreUnavailable."""
        ...


def check_put(rows: Sequence[Row]) -> None:
    """Refuse a put that no store may accept.

    Raises:
        LocalProtocolError: It is empty, of more than one session, or its slots do not follow one another from 1 on.
    """
    if not rows:
        raise LocalProtocolError("a put needs at least one row")
    session, seq = rows[0].session, rows[0].seq
    if seq < 1:
        raise LocalProtocolError(f"{session}: slots begin at 1, not {seq}")
    for offset, row in enumerate(rows):
        if row.session != session or row.seq != seq + offset:
            raise LocalProtocolError(
                f"{session}: a put is of one session and consecutive slots; got {row.session} {row.seq}"
            )
