"""Replay checks each row against the one before, and each snapshot against the journal."""

import pytest

from segue.model.errors import ConfigError, JournalTooNew
from segue.model.ids import Epoch, NodeId, Seq
from segue.session.replay import Replay
from segue.session.rows import EpochBody, Row, Snapshot, encode_epoch
from tests.support.counter_kind import CounterKind
from tests.support.session_owner import SESSION


def claim(seq: int, epoch: int) -> Row:
    return encode_epoch(SESSION, Seq(seq), Epoch(epoch), EpochBody(node=NodeId("n"), claim="c"))


def added(seq: int, epoch: int, version: int = 1) -> Row:
    return Row(session=SESSION, seq=Seq(seq), epoch=Epoch(epoch), kind="added", body=b"\x92\x01\x02", version=version)


def test_rows_are_folded_in_order() -> None:
    kind = CounterKind()
    replay = Replay(SESSION, kind)
    for row in (claim(1, 1), added(2, 1), claim(3, 2), added(4, 2)):
        replay.apply(row)
    assert (replay.last, replay.epoch, kind.total) == (4, 2, 4)


@pytest.mark.parametrize(
    ("row", "problem"),
    [(added(3, 1), "row 2 is missing"), (added(2, 2), "expected 1"), (claim(2, 1), "expected 2")],
)
def test_damage_is_named(row: Row, problem: str) -> None:
    replay = Replay(SESSION, CounterKind())
    replay.apply(claim(1, 1))
    with pytest.raises(ConfigError, match=problem):
        replay.apply(row)
    assert replay.last == 1


def test_a_newer_row_is_refused() -> None:
    replay = Replay(SESSION, CounterKind())
    replay.apply(claim(1, 1))
    with pytest.raises(JournalTooNew):
        replay.apply(added(2, 1, version=3))


def test_a_snapshot_needs_its_last_row() -> None:
    source = CounterKind()
    source.apply_row(added(2, 1))
    snapshot = Snapshot(session=SESSION, through=Seq(2), epoch=Epoch(1), body=source.snapshot())
    assert not Replay(SESSION, CounterKind()).restore(snapshot, None)
    assert not Replay(SESSION, CounterKind()).restore(snapshot, added(2, 2))
    kind = CounterKind()
    replay = Replay(SESSION, kind)
    assert replay.restore(snapshot, added(2, 1))
    replay.apply(added(3, 1))
    assert kind.total == 4
