"""Answers what a session machine asks of the store: the one place where store errors become the machine's inputs."""

from segue.adapters.store.port import Store
from segue.model.errors import SlotTaken, StoreUnavailable
from segue.session.inputs import Appended, AppendRefused, AppendUnknown, RowsRead, SnapshotRead, StoreAnswer, StoreLost
from segue.session.outputs import Append, ReadRows, ReadSnapshot, SaveSnapshot, StoreRequest


async def answer(store: Store, request: StoreRequest) -> StoreAnswer | None:
    """Perform `request` and return what to tell the machine that made it; None if it expects nothing.

    Raises:
        ConfigError, JournalTooNew: The operator must act; the session cannot be kept.
    """
    match request:
        case Append(rows=rows, urgency=urgency):
            try:
                await store.put(rows, urgency)
            except SlotTaken as error:
                return AppendRefused(seq=error.seq)
            except StoreUnavailable as error:
                return AppendUnknown(seq=rows[0].seq, reason=error.reason)
            return Appended(through=rows[-1].seq)
        case ReadRows(session=session, from_seq=from_seq, limit=limit):
            try:
                rows = tuple(await store.read(session, from_seq, limit))
            except StoreUnavailable as error:
                return StoreLost(reason=error.reason)
            return RowsRead(rows=rows, at_end=len(rows) < limit)
        case ReadSnapshot(session=session):
            try:
                return SnapshotRead(snapshot=await store.read_snapshot(session))
            except StoreUnavailable as error:
                return StoreLost(reason=error.reason)
        case SaveSnapshot(snapshot=snapshot):
            try:
                await store.put_snapshot(snapshot)
            except StoreUnavailable:
                return None
            return None
