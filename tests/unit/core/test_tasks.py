"""The tasks of a session end with it."""

import asyncio

from segue.core.tasks import SessionTasks


async def test_all_are_cancelled_and_waited_for():
    ended: list[str] = []

    async def work(name: str, gate: asyncio.Event) -> None:
        try:
            await gate.wait()
            ended.append(name)
        except asyncio.CancelledError:
            ended.append(f"{name} cancelled")
            raise

    async with asyncio.TaskGroup() as group:
        tasks = SessionTasks(group)
        await tasks.wait(0.1)
        open_gate, shut_gate = asyncio.Event(), asyncio.Event()
        tasks.spawn(work("a", open_gate), "a")
        tasks.spawn(work("b", shut_gate), "b")
        open_gate.set()
        await tasks.wait(0.01)
        assert ended == ["a"]
        tasks.cancel_all()
    assert ended == ["a", "b cancelled"]
