"""The whole kernel over real stores: a counter runs, is taken over in the middle, and loses nothing."""

import asyncio
import time

import pytest

from segue.adapters.store.answering import answer
from segue.adapters.store.port import Store
from segue.model.ids import NodeId, Seq
from segue.model.time import MonoNs
from segue.session.config import SessionConfig
from segue.session.inputs import Claim, Happened, Input, Rest, Tick
from segue.session.machine import SessionMachine
from segue.session.outputs import Append, Owned, Perform, ReadRows, ReadSnapshot, SaveSnapshot, Stopped, StopReason
from tests.support.counter_kind import Add, CounterEffect, CounterKind, Event, Receipt, folded
from tests.support.journal_rows import ONE

CONFIG = SessionConfig(snapshot_rows=16, read_rows_max=8)


class Driver:
    """One machine and the one task that drives it, as a core does: wait, handle, drain, perform."""

    def __init__(self, store: Store, node: str) -> None:
        self.store = store
        self.kind = CounterKind()
        self.machine: SessionMachine[Event, CounterEffect] = SessionMachine(ONE, self.kind, CONFIG)
        self.inbox: asyncio.Queue[Input[Event]] = asyncio.Queue()
        self.inbox.put_nowait(Claim(node=NodeId(node), claim=f"claim of {node}", subject="ada"))
        self.receipts: list[Receipt] = []
        self.owned = asyncio.Event()
        self.stopped: Stopped | None = None
        self.answered: asyncio.Condition = asyncio.Condition()

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while self.stopped is None:
                self.machine.handle(MonoNs(time.monotonic_ns()), await self._next())
                while (output := self.machine.poll_output()) is not None:
                    match output:
                        case ReadSnapshot() | ReadRows() | Append() | SaveSnapshot():
                            group.create_task(self._ask(output), name="store")
                        case Perform(effect=Receipt() as receipt):
                            self.receipts.append(receipt)
                        case Owned():
                            self.owned.set()
                        case Stopped():
                            self.stopped = output
                async with self.answered:
                    self.answered.notify_all()

    async def _next(self) -> Input[Event]:
        deadline = self.machine.next_deadline()
        wait_s = None if deadline is None else max(deadline.at - time.monotonic_ns(), 0) / 1e9
        try:
            return await asyncio.wait_for(self.inbox.get(), wait_s)
        except TimeoutError:
            return Tick()

    async def _ask(self, request: ReadSnapshot | ReadRows | Append | SaveSnapshot) -> None:
        told = await answer(self.store, request)
        if told is not None:
            self.inbox.put_nowait(told)

    async def receipt_for(self, count: int) -> None:
        async with self.answered, asyncio.timeout(20):
            await self.answered.wait_for(
                lambda: self.stopped is not None or any(receipt.count >= count for receipt in self.receipts)
            )


@pytest.mark.parametrize("taken_after", [1, 30, 60])
async def test_a_takeover_in_the_middle_loses_nothing(store: Store, taken_after: int) -> None:
    async with asyncio.TaskGroup() as group, asyncio.timeout(30):
        old = Driver(store, "old")
        group.create_task(old.run(), name="old")
        await old.owned.wait()
        for number in range(1, 61):
            old.inbox.put_nowait(Happened(event=Add(number, number)))
        await old.receipt_for(taken_after)
        new = Driver(store, "new")
        group.create_task(new.run(), name="new")
        await new.owned.wait()
        old.inbox.put_nowait(Happened(event=Add(61, 61)))
        for number in range(1, 62):
            new.inbox.put_nowait(Happened(event=Add(number, number)))
        await new.receipt_for(61)
        new.inbox.put_nowait(Rest())
    assert old.stopped is not None
    assert old.stopped.reason is StopReason.FENCED
    assert new.stopped is not None
    assert new.stopped.reason is StopReason.RESTED
    rows = await store.read(ONE, Seq(1), 1_000)
    assert folded(rows).total == new.kind.total == sum(range(1, 62))
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    assert [row.epoch for row in rows] == sorted(row.epoch for row in rows)
    snapshot = await store.read_snapshot(ONE)
    assert snapshot is not None
    assert snapshot.through == rows[-1].seq


async def test_three_owners_racing_leave_one(store: Store) -> None:
    async with asyncio.TaskGroup() as group, asyncio.timeout(30):
        drivers = [Driver(store, f"node-{n}") for n in range(3)]
        for driver in drivers:
            group.create_task(driver.run(), name="driver")
        for driver in drivers:
            await driver.owned.wait()
        for driver in drivers:
            driver.inbox.put_nowait(Happened(event=Add(1, 5)))
        winner = max(drivers, key=lambda driver: driver.machine.epoch)
        await winner.receipt_for(1)
        winner.inbox.put_nowait(Rest())
    reasons = sorted(driver.stopped.reason for driver in drivers if driver.stopped is not None)
    assert reasons == [StopReason.FENCED, StopReason.FENCED, StopReason.RESTED]
    assert sum(len(driver.receipts) for driver in drivers) == 1
    assert folded(await store.read(ONE, Seq(1), 100)).total == 5
