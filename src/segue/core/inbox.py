"""Where a session's task finds what it is told, in order, and how it waits for more.

One timer serves many waits: a deadline that moves later with every frame is not worth a timer each, so the timer is
moved only when it would ring too late. One that rings too early wakes the task, which looks again and waits on.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from segue.core.events import HostEvent
from segue.model.time import NS_PER_S, MonoNs


class Inbox:
    """Events of one session. One task takes; anything on the same loop may post."""

    def __init__(self) -> None:
        self._events: deque[HostEvent] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = MonoNs(0)

    def __bool__(self) -> bool:
        return bool(self._events)

    def post(self, event: HostEvent) -> None:
        """Tell the session something, after what it was told before."""
        self._events.append(event)
        self._ring()

    def post_first(self, events: Iterable[HostEvent]) -> None:
        """The same, before everything else, in this order."""
        self._events.extendleft(reversed([*events]))
        self._ring()

    def take(self) -> HostEvent:
        """The next event; there is one."""
        return self._events.popleft()

    async def wait(self, now: MonoNs, until: MonoNs | None) -> None:
        """Return when there is something, when `until` has come, or for nothing now and then: the caller looks."""
        if self._events or (until is not None and until <= now):
            return
        if until is not None and (self._timer is None or until < self._timer_at):
            self._set_timer(now, until)
        self._wake = asyncio.get_running_loop().create_future()
        try:
            await self._wake
        finally:
            self._wake = None

    def close(self) -> None:
        """Nobody waits any more: let the timer go."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, now: MonoNs, until: MonoNs) -> None:
        self.close()
        delay_s = (until - now) / NS_PER_S
        self._timer, self._timer_at = asyncio.get_running_loop().call_later(delay_s, self._on_timer), until

    def _on_timer(self) -> None:
        self._timer = None
        self._ring()

    def _ring(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
