"""Snapshots are taken every so many rows, held until durable, and once at the end."""

from segue.model.ids import Epoch, Seq
from segue.session.snapshots import SnapshotKeeper
from tests.support.counter_kind import CounterKind
from tests.support.session_owner import SESSION


def polled(keeper: SnapshotKeeper, last: int, durable: int, *, is_final: bool = False) -> int | None:
    snapshot = keeper.poll(Seq(last), Epoch(1), Seq(durable), is_final=is_final)
    return None if snapshot is None else snapshot.through


def test_one_is_due_every_so_many_rows_and_held_until_durable() -> None:
    keeper = SnapshotKeeper(SESSION, CounterKind(), 3)
    assert polled(keeper, 2, 2) is None
    assert polled(keeper, 3, 2) is None
    assert polled(keeper, 9, 2) is None, "one is held at a time"
    assert polled(keeper, 9, 3) == 3
    assert polled(keeper, 9, 9) == 9


def test_the_last_one_counts_every_row() -> None:
    keeper = SnapshotKeeper(SESSION, CounterKind(), 100)
    keeper.restored(Seq(5))
    assert polled(keeper, 5, 5, is_final=True) is None
    assert polled(keeper, 6, 6, is_final=True) == 6
