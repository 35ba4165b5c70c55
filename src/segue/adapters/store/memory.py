"""A store in this process's memory: for tests, and to try Segue without a file. It forgets everything when it ends."""

from collections.abc import Callable, Sequence

from segue.adapters.clock.port import Clock
from segue.adapters.store.port import SessionSummary, StampedRow, check_put
from segue.model.errors import SlotTaken, StoreUnavailable
from segue.model.ids import Seq, SessionId
from segue.model.time import WallMs
from segue.session.rows import EPOCH_KIND, Row, Snapshot, Urgency, decode_epoch


class MemoryStore:
    """The same promises as a real store, for as long as the process lives."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._journals: dict[SessionId, dict[int, StampedRow]] = {}
        self._snapshots: dict[SessionId, Snapshot] = {}
        self._is_open = True

    async def put(self, rows: Sequence[Row], urgency: Urgency) -> None:
        self._check_open()
        check_put(rows)
        journal = self._journals.setdefault(rows[0].session, {})
        for row in rows:
            if row.seq in journal:
                raise SlotTaken(row.session, row.seq)
        wall_ms = self._clock.wall_ms()
        journal.update((row.seq, StampedRow(row=row, wall_ms=wall_ms)) for row in rows)

    async def read(self, session: SessionId, from_seq: Seq, limit: int) -> list[Row]:
        return [stamped.row for stamped in await self.read_stamped(session, from_seq, limit)]

    async def read_stamped(self, session: SessionId, from_seq: Seq, limit: int) -> list[StampedRow]:
        self._check_open()
        journal = self._journals.get(session, {})
        return [journal[seq] for seq in sorted(seq for seq in journal if seq >= from_seq)[:limit]]

    async def head(self, session: SessionId) -> Seq:
        self._check_open()
        return Seq(max(self._journals.get(session, {}), default=0))

    async def put_snapshot(self, snapshot: Snapshot) -> None:
        self._check_open()
        kept = self._snapshots.get(snapshot.session)
        if kept is None or kept.through < snapshot.through:
            self._snapshots[snapshot.session] = snapshot

    async def read_snapshot(self, session: SessionId) -> Snapshot | None:
        self._check_open()
        return self._snapshots.get(session)

    async def sessions(
        self, *, limit: int, started_before: WallMs | None = None, subject: str | None = None
    ) -> list[SessionSummary]:
        self._check_open()
        listed = [_summary(journal) for journal in self._journals.values() if _is_claimed(journal)]
        wanted: Callable[[SessionSummary], bool] = lambda summary: (  # noqa: E731  # read once, right below
            (started_before is None or summary.first_wall_ms < started_before)
            and (subject is None or summary.subject == subject)
        )
        listed = sorted(filter(wanted, listed), key=lambda summary: (-summary.first_wall_ms, summary.session))
        return listed[:limit]

    async def close(self) -> None:
        self._is_open = False

    def _check_open(self) -> None:
        if not self._is_open:
            raise StoreUnavailable("it is closed")


def _is_claimed(journal: dict[int, StampedRow]) -> bool:
    return 1 in journal and journal[1].row.kind == EPOCH_KIND


def _summary(journal: dict[int, StampedRow]) -> SessionSummary:
    first, last = journal[1], journal[max(journal)]
    claim = journal[max(seq for seq, stamped in journal.items() if stamped.row.kind == EPOCH_KIND)].row
    body = decode_epoch(claim)
    return SessionSummary(
        session=first.row.session,
        first_wall_ms=first.wall_ms,
        last_wall_ms=last.wall_ms,
        head=last.row.seq,
        epoch=claim.epoch,
        node=body.node,
        subject=body.subject,
    )
