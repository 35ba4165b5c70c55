"""When a snapshot is taken, and when it may be saved.

A snapshot is taken of what the kind is now, through the last row written; it may be saved only once each of those rows
is durable, or it would tell of rows that never were. Until then it is held, one at a time.
"""

from typing import Any

from segue.model.ids import Epoch, Seq, SessionId
from segue.session.kind import Kind
from segue.session.rows import Snapshot


class SnapshotKeeper:
    """The snapshots of one session: one every so many rows."""

    def __init__(self, session: SessionId, kind: Kind[Any, Any], rows: int) -> None:
        self._session = session
        self._kind = kind
        self._rows = rows
        self._through = Seq(0)
        self._held: Snapshot | None = None

    def restored(self, through: Seq) -> None:
        """The kind was restored from a snapshot through this row."""
        self._through = through

    def poll(self, last: Seq, epoch: Epoch, durable: Seq, *, is_final: bool) -> Snapshot | None:
        """Take a snapshot if one is due, and return the held one if it may be saved.

        Args:
            last: Last row written, which the kind has folded.
            epoch: In force there.
            durable: Last row known to be durable.
            is_final: Nothing more will be written: any row since the last snapshot makes one due.
        """
        if self._held is None and last - self._through >= (1 if is_final else self._rows):
            self._through = last
            self._held = Snapshot(session=self._session, through=last, epoch=epoch, body=self._kind.snapshot())
        if self._held is None or self._held.through > durable:
            return None
        held, self._held = self._held, None
        return held
