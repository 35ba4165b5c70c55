"""Replay: a kind rebuilt from a snapshot and the rows after it, each row checked against the one before.

Rules: slots have no gaps; an `epoch` row raises the epoch by one; every other row bears the epoch in force. What breaks
these is damage, and is told to the operator; what is newer than this release is left untouched.
"""

from typing import Any

from segue.model.errors import ConfigError, JournalTooNew, PeerProtocolError
from segue.model.ids import Epoch, Seq, SessionId
from segue.session.kind import Kind, SnapshotUnusable
from segue.session.rows import EPOCH_KIND, Row, Snapshot, decode_epoch


class Replay:
    """How far one session has been folded into its kind."""

    def __init__(self, session: SessionId, kind: Kind[Any, Any]) -> None:
        self._session = session
        self._kind = kind
        self.last = Seq(0)
        self.epoch = Epoch(0)

    def restore(self, snapshot: Snapshot, row: Row | None) -> bool:
        """Start from `snapshot` if `row` is its last row, at its epoch, and the kind can read it.

        A snapshot that the journal does not bear out (it was restored from an older backup, say) is not used.
        """
        if row is None or (row.seq, row.epoch) != (snapshot.through, snapshot.epoch):
            return False
        try:
            self._kind.restore(snapshot.body)
        except SnapshotUnusable:
            return False
        self.last, self.epoch = snapshot.through, snapshot.epoch
        return True

    def apply(self, row: Row) -> None:
        """Fold the next row.

        Raises:
            JournalTooNew: A newer release wrote it.
            ConfigError: It does not follow from the rows before it, or cannot be read: the journal is damaged.
        """
        where = f"{self._session} row {row.seq}"
        is_claim = row.kind == EPOCH_KIND
        if row.seq != self.last + 1:
            raise ConfigError(where, f"row {self.last + 1} is missing", hint=_DAMAGED)
        if is_claim:
            decode_epoch(row)
        expected = self.epoch + 1 if is_claim else self.epoch
        if row.epoch != expected or row.epoch == 0:
            raise ConfigError(where, f"its epoch is {row.epoch}, expected {max(expected, 1)}", hint=_DAMAGED)
        if not is_claim:
            self._fold(row, where)
        self.last, self.epoch = row.seq, row.epoch

    def _fold(self, row: Row, where: str) -> None:
        if row.version > self._kind.row_version_max:
            raise JournalTooNew(found=row.version, supported=self._kind.row_version_max, where=where)
        try:
            self._kind.apply_row(row)
        except PeerProtocolError as error:
            raise ConfigError(where, error.what, hint=_DAMAGED) from error


_DAMAGED = "the journal is damaged; restore it from a backup"
