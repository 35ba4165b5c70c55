"""A session's inbox: order, waking, deadlines."""

import asyncio

from segue.core.events import FlowClear, Resting
from segue.core.inbox import Inbox
from segue.model.time import MonoNs, ms


async def test_events_come_in_order_and_urgent_ones_first():
    inbox = Inbox()
    inbox.post(FlowClear())
    inbox.post_first([Resting(), Resting()])
    assert [type(inbox.take()) for _ in range(3)] == [Resting, Resting, FlowClear]
    assert not inbox


async def test_waiting_ends_with_an_event_or_the_deadline():
    inbox = Inbox()
    await inbox.wait(MonoNs(5), MonoNs(5))
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(inbox.wait(MonoNs(0), None), name="wait")
        await asyncio.sleep(0)
        assert not waiting.done()
        inbox.post(FlowClear())
    assert inbox
    await inbox.wait(MonoNs(0), None)
    inbox.take()
    await asyncio.wait_for(inbox.wait(MonoNs(0), MonoNs(ms(1))), 2)
