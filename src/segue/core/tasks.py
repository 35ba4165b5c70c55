"""The tasks that work for one session, so that they can all be ended with it."""

from asyncio import Task, TaskGroup, wait
from collections.abc import Coroutine
from typing import Any


class SessionTasks:
    """Spawns in the session's task group and remembers what runs."""

    def __init__(self, group: TaskGroup) -> None:
        self._group = group
        self._running: set[Task[None]] = set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> Task[None]:
        """Run `work`; its failure ends the session."""
        task = self._group.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def wait(self, within_s: float) -> None:
        """Until none runs, or it takes too long."""
        if self._running:
            await wait(self._running, timeout=within_s)

    def cancel_all(self) -> None:
        """End them; the group waits until they have."""
        for task in self._running:
            task.cancel()
