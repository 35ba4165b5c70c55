"""Store errors become the inputs of the session machine, in one place."""

from collections.abc import Sequence

import pytest

from segue.adapters.clock.fake import FakeClock
from segue.adapters.store.answering import answer
from segue.adapters.store.memory import MemoryStore
from segue.model.errors import SlotTaken, StoreUnavailable
from segue.model.ids import Epoch, Seq
from segue.session.inputs import Appended, AppendRefused, AppendUnknown, RowsRead, SnapshotRead, StoreLost
from segue.session.outputs import Append, ReadRows, ReadSnapshot, SaveSnapshot, StoreRequest
from segue.session.rows import Row, Snapshot, Urgency
from tests.support.journal_rows import ONE, row

APPEND = Append(rows=(row(1), row(2)), urgency=Urgency.GATE)
SNAPSHOT = Snapshot(session=ONE, through=Seq(1), epoch=Epoch(1), body=b"state")


class Away(MemoryStore):
    async def put(self, rows: Sequence[Row], urgency: Urgency) -> None:
        raise StoreUnavailable("unplugged")

    read = head = put_snapshot = read_snapshot = put  # type: ignore[assignment]


async def test_a_healthy_store() -> None:
    store = MemoryStore(FakeClock())
    assert await answer(store, APPEND) == Appended(through=Seq(2))
    assert await answer(store, APPEND) == AppendRefused(seq=Seq(1))
    for limit, at_end in ((2, False), (3, True)):
        read = ReadRows(session=ONE, from_seq=Seq(1), limit=limit)
        assert await answer(store, read) == RowsRead(rows=(row(1), row(2)), at_end=at_end)
    assert await answer(store, ReadSnapshot(session=ONE)) == SnapshotRead(snapshot=None)
    assert await answer(store, SaveSnapshot(snapshot=SNAPSHOT)) is None
    assert await answer(store, ReadSnapshot(session=ONE)) == SnapshotRead(snapshot=SNAPSHOT)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (APPEND, AppendUnknown(seq=Seq(1), reason="unplugged")),
        (ReadRows(session=ONE, from_seq=Seq(1), limit=1), StoreLost(reason="unplugged")),
        (ReadSnapshot(session=ONE), StoreLost(reason="unplugged")),
        (SaveSnapshot(snapshot=SNAPSHOT), None),
    ],
)
async def test_an_absent_store(request_: StoreRequest, expected: object) -> None:
    store = Away(FakeClock())
    store.read = store.read_snapshot = store.put_snapshot = lambda *_: store.put((), Urgency.GATE)  # type: ignore[method-assign]
    assert await answer(store, request_) == expected


def test_the_errors_are_those_of_the_port() -> None:
    assert SlotTaken(ONE, Seq(1)).seq == 1
