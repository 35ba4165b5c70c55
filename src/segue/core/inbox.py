"""Where a session's task finds what it is told, in order, and how it waits for more."""

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
        """Return when there is something, or when `until` has come."""
        delay_s = None if until is None else (until - now) / NS_PER_S
        if self._events or (delay_s is not None and delay_s <= 0):
            return
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        timer = loop.call_later(delay_s, self._ring) if delay_s is not None else None
        try:
            await self._wake
        finally:
            self._wake = None
            if timer is not None:
                timer.cancel()

    def _ring(self) -> None:
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)
