"""What every store must do, whichever it is."""

import asyncio

import pytest

from segue.adapters.clock.fake import FakeClock
from segue.adapters.store.port import SessionSummary, Store, check_put
from segue.model.errors import LocalProtocolError, SlotTaken, StoreUnavailable
from segue.model.ids import Epoch, NodeId, Seq, SessionId, session_id_from_word
from segue.session.rows import Row, Snapshot, Urgency
from tests.support.journal_rows import ONE, TWO, claim, row


async def test_rows_come_back_as_they_were_put(store: Store) -> None:
    rows = [row(1, b""), row(2, bytes(range(256))), row(3, b"x" * 300_000, epoch=2)]
    await store.put(rows[:1], Urgency.GATE)
    await store.put(rows[1:], Urgency.SOON)
    assert await store.read(ONE, Seq(1), 10) == rows
    assert await store.read(ONE, Seq(2), 1) == rows[1:2]
    assert await store.read(ONE, Seq(4), 10) == []
    assert await store.read(TWO, Seq(1), 10) == []
    assert (await store.head(ONE), await store.head(TWO)) == (3, 0)


async def test_a_taken_slot_is_refused_and_unchanged(store: Store) -> None:
    await store.put([row(1, b"first")], Urgency.GATE)
    with pytest.raises(SlotTaken) as refusal:
        await store.put([row(1, b"second")], Urgency.GATE)
    assert (refusal.value.session, refusal.value.seq) == (ONE, 1)
    assert await store.read(ONE, Seq(1), 10) == [row(1, b"first")]


async def test_the_same_row_again_is_refused_too(store: Store) -> None:
    await store.put([row(1)], Urgency.GATE)
    with pytest.raises(SlotTaken):
        await store.put([row(1)], Urgency.GATE)


async def test_rows_of_one_put_land_all_or_none(store: Store) -> None:
    await store.put([row(1), row(2)], Urgency.GATE)
    with pytest.raises(SlotTaken) as refusal:
        await store.put([row(2, b"x"), row(3, b"x"), row(4, b"x")], Urgency.GATE)
    assert refusal.value.seq == 2
    assert await store.head(ONE) == 2


async def test_a_conflict_fails_alone_in_its_batch(store: Store) -> None:
    """All are in one loop turn, so a store that groups puts them into one commit."""
    sessions = [session_id_from_word(word) for word in range(40)]
    await store.put([row(1, b"taken", session=sessions[7])], Urgency.GATE)
    outcomes = await asyncio.gather(
        *(store.put([row(1, session=name), row(2, session=name)], Urgency.GATE) for name in sessions),
        return_exceptions=True,
    )
    assert [n for n, outcome in enumerate(outcomes) if outcome is not None] == [7]
    assert isinstance(outcomes[7], SlotTaken)
    heads = [await store.head(name) for name in sessions]
    assert heads == [1 if n == 7 else 2 for n in range(40)]


@pytest.mark.parametrize("urgency", Urgency)
async def test_a_race_for_one_slot_has_one_winner(store: Store, urgency: Urgency) -> None:
    for seq in range(1, 21):
        outcomes = await asyncio.gather(
            *(store.put([row(seq, b"writer %d" % n)], urgency) for n in range(20)), return_exceptions=True
        )
        winners = [n for n, outcome in enumerate(outcomes) if outcome is None]
        assert len(winners) == 1
        assert all(isinstance(outcome, SlotTaken) for outcome in outcomes if outcome is not None)
        assert await store.read(ONE, Seq(seq), 1) == [row(seq, b"writer %d" % winners[0])]


async def test_a_large_put_and_a_large_group(store: Store) -> None:
    rows = [row(seq, b"%d" % seq) for seq in range(1, 701)]
    others = [session_id_from_word(word) for word in range(100, 400)]
    await asyncio.gather(
        store.put(rows, Urgency.SOON), *(store.put([row(1, session=name)], Urgency.GATE) for name in others)
    )
    assert await store.read(ONE, Seq(1), 1_000) == rows
    with pytest.raises(SlotTaken):
        await store.put([row(seq) for seq in range(700, 1_000)], Urgency.GATE)
    assert await store.head(ONE) == 700


async def test_a_row_that_is_not_urgent_still_lands(store: Store) -> None:
    await asyncio.wait_for(store.put([row(1)], Urgency.SOON), timeout=5)
    assert await store.head(ONE) == 1


async def test_a_cancelled_put_is_whole_or_absent(store: Store) -> None:
    """Its caller does not know: it reads the slot, and goes on from what is there."""
    for seq in range(1, 30):
        put = asyncio.ensure_future(store.put([row(seq)], Urgency.SOON))  # noqa: TID251  # to cancel it midway
        await asyncio.sleep(0)
        put.cancel()
        await asyncio.wait([put])
        if not await store.read(ONE, Seq(seq), 1):
            try:
                await store.put([row(seq)], Urgency.GATE)
            except SlotTaken:
                assert await store.read(ONE, Seq(seq), 1) == [row(seq)], "it landed late: it is our own"
        assert await store.head(ONE) == seq


@pytest.mark.parametrize("rows", [[], [row(0)], [row(1), row(3)], [row(1), row(2, session=TWO)]])
async def test_a_put_no_store_may_accept(store: Store, rows: list[Row]) -> None:
    with pytest.raises(LocalProtocolError):
        check_put(rows)
    with pytest.raises(LocalProtocolError):
        await store.put(rows, Urgency.GATE)


async def test_the_snapshot_furthest_along_is_kept(store: Store) -> None:
    def snapshot(through: int, session: SessionId = ONE) -> Snapshot:
        return Snapshot(session=session, through=Seq(through), epoch=Epoch(2), body=b"state %d" % through)

    assert await store.read_snapshot(ONE) is None
    for through in (3, 9, 5):
        await store.put_snapshot(snapshot(through))
    await store.put_snapshot(snapshot(1, TWO))
    assert await store.read_snapshot(ONE) == snapshot(9)
    assert await store.read_snapshot(TWO) == snapshot(1, TWO)


async def test_sessions_are_listed_last_started_first(store: Store, clock: FakeClock) -> None:
    names = [session_id_from_word(word) for word in range(3)]
    for n, name in enumerate(names):
        await store.put([claim(1, session=name, node=f"node-{n}", subject="ada" if n else "bob")], Urgency.GATE)
        clock.advance(1_000_000_000)
    await store.put([row(2, session=names[0]), claim(3, 2, session=names[0], node="node-9")], Urgency.GATE)
    start = 1_700_000_000_000
    listed = await store.sessions(limit=10)
    assert [summary.session for summary in listed] == names[::-1]
    assert listed[2] == SessionSummary(
        session=names[0],
        first_wall_ms=start,
        last_wall_ms=start + 3_000,
        head=Seq(3),
        epoch=Epoch(2),
        node=NodeId("node-9"),
        subject="subject",
    )
    assert [summary.session for summary in await store.sessions(limit=1)] == names[2:]
    assert [summary.session for summary in await store.sessions(limit=5, subject="ada")] == names[:0:-1]
    earlier = await store.sessions(limit=5, started_before=listed[1].first_wall_ms)
    assert [summary.session for summary in earlier] == names[:1]


async def test_rows_are_stamped_for_people(store: Store, clock: FakeClock) -> None:
    await store.put([row(1)], Urgency.GATE)
    clock.step_wall(-5_000)
    await store.put([row(2)], Urgency.GATE)
    stamped = await store.read_stamped(ONE, Seq(1), 5)
    assert [(one.row.seq, one.wall_ms) for one in stamped] == [(1, 1_700_000_000_000), (2, 1_699_999_995_000)]


async def test_a_closed_store_says_so(store: Store) -> None:
    await store.close()
    await store.close()
    for call in (
        lambda: store.put([row(1)], Urgency.GATE),
        lambda: store.read(ONE, Seq(1), 1),
        lambda: store.head(ONE),
        lambda: store.sessions(limit=1),
        lambda: store.read_snapshot(ONE),
        lambda: store.put_snapshot(Snapshot(session=ONE, through=Seq(1), epoch=Epoch(1), body=b"")),
    ):
        with pytest.raises(StoreUnavailable, match="closed"):
            await call()
