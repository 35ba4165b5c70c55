"""The live sessions of one core: wakes them when a flow asks, refuses what cannot be, puts down what is over.

Nothing is loaded before an edge offers a flow for it: traffic pulls ownership.
"""

from asyncio import CancelledError, Event, Task, TaskGroup
from collections.abc import Coroutine
from typing import Any

import msgspec

from segue.adapters.trunk.port import TrunkLink
from segue.core.attachment import Wanted, refuse
from segue.core.events import FlowClear, FlowGone, HostEvent, Opening, Resting
from segue.core.host import INTERNAL_CLOSE, SessionHost
from segue.core.parts import CoreParts
from segue.model.errors import ConfigError, JournalTooNew, PeerProtocolError, StoreUnavailable
from segue.model.ids import Seq, SessionId
from segue.session.rows import EPOCH_KIND, decode_epoch
from segue.wire.realtime.errors import WireErrorCode
from segue.wire.trunk import Open

_Flow = tuple[TrunkLink, int]


class Sessions:
    """All of them. `group` runs one task per session."""

    def __init__(self, parts: CoreParts, group: TaskGroup) -> None:
        self._parts = parts
        self._group = group
        self._hosts: dict[SessionId, SessionHost] = {}
        self._waking: dict[SessionId, list[Opening]] = {}
        self._flows: dict[_Flow, SessionId] = {}
        self._tasks: set[Task[None]] = set()
        self._idle = Event()
        self._is_stopping = False
        parts.metrics.sessions.set_function(lambda: len(self._hosts))
        parts.metrics.attached.set_function(
            lambda: sum(h.reception.attachment is not None for h in self._hosts.values())
        )
        parts.metrics.gated.set_function(lambda: sum(h.pending_rows for h in self._hosts.values()))

    @property
    def count(self) -> int:
        return len(self._hosts)

    def open(self, link: TrunkLink, frame: Open) -> None:
        """An edge offers a flow: answered with Opened or Refused, now or later."""
        session = SessionId(frame.session)
        try:
            wanted = Wanted.read(frame)
        except PeerProtocolError as error:
            self._refuse(link, frame.flow, 400, WireErrorCode.INVALID_VALUE, error.what)
            return
        except msgspec.DecodeError as error:
            raise PeerProtocolError(f"Open with parameters that are none: {error}") from error
        if self._is_stopping:
            self._refuse(link, frame.flow, 503, WireErrorCode.OVERLOADED, "this core is stopping", retry=True)
            return
        self._flows[link, frame.flow] = session
        opening = Opening(link=link, flow=frame.flow, wanted=wanted)
        host = self._hosts.get(session)
        if host is not None:
            if self._may_join(opening, host.subject, session):
                host.post(opening)
        elif session in self._waking:
            self._waking[session].append(opening)
        elif len(self._hosts) + len(self._waking) >= self._parts.config.sessions_max:
            self._make_room()
            message = f"this core has its {self._parts.config.sessions_max} sessions"
            self._refuse(link, frame.flow, 503, WireErrorCode.OVERLOADED, message, retry=True)
        else:
            self._waking[session] = [opening]
            self._spawn(self._wake(session, wanted), f"wake.{session}")

    def post(self, link: TrunkLink, flow: int, event: HostEvent) -> bool:
        """Hand something about a flow to its session; false if nobody has the flow."""
        session = self._flows.get((link, flow))
        host = self._hosts.get(session) if session is not None else None
        if host is not None:
            host.post(event)
        return host is not None

    def close_flow(self, link: TrunkLink, flow: int) -> None:
        """The client, or its edge, is gone."""
        session = self._flows.pop((link, flow), None)
        if session is None:
            return
        for opening in [it for it in self._waking.get(session, []) if (it.link, it.flow) == (link, flow)]:
            self._waking[session].remove(opening)
        host = self._hosts.get(session)
        if host is not None:
            host.post(FlowGone(link, flow))

    def close_link(self, link: TrunkLink) -> None:
        """All flows of an edge are gone."""
        for owner, flow in [key for key in self._flows if key[0] is link]:
            self.close_flow(owner, flow)

    def clear(self, link: TrunkLink, flow: int | None) -> None:
        """A flow, or all flows of a link, may send again."""
        for owner, number in [key for key in self._flows if key[0] is link and flow in (None, key[1])]:
            self.post(owner, number, FlowClear())

    def stop(self) -> None:
        """Take no more, and have every session make durable what it knows."""
        self._is_stopping = True
        for host in self._hosts.values():
            host.post(Resting())

    async def wait_empty(self) -> None:
        """Until no session is left."""
        while self._tasks:
            self._idle.clear()
            await self._idle.wait()

    def cancel(self) -> None:
        """End whatever still runs; the journal has what counts."""
        for task in self._tasks:
            task.cancel()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: Task[None]) -> None:
        self._tasks.discard(task)
        if not self._tasks:
            self._idle.set()

    def _may_join(self, opening: Opening, owner: str, session: SessionId) -> bool:
        """Whether this bearer may attach: whom it was begun for, or who holds its resume token; refused if not."""
        if opening.wanted.subject in (owner, f"resume:{session}"):
            return True
        self._refuse_unknown(opening)
        return False

    async def _wake(self, session: SessionId, wanted: Wanted) -> None:
        """See whose session it is, then take it; its first row says it without claiming anything."""
        try:
            rows = await self._parts.store.read(session, Seq(1), 1)
            subject = decode_epoch(rows[0]).subject if rows and rows[0].kind == EPOCH_KIND else wanted.subject
        except StoreUnavailable as error:
            self._refuse_waking(session, 503, WireErrorCode.STORE_UNAVAILABLE, str(error), retry=True)
            return
        except (JournalTooNew, ConfigError) as error:
            self._refuse_waking(session, 500, WireErrorCode.INTERNAL, str(error))
            return
        openings = self._waking.pop(session, [])
        if not rows:
            for opening in [opening for opening in openings if not opening.wanted.is_new]:
                openings.remove(opening)
                self._refuse_unknown(opening)
        admitted = [opening for opening in openings if self._may_join(opening, subject, session)]
        if self._is_stopping:
            for opening in admitted:
                self._refuse(opening.link, opening.flow, 503, WireErrorCode.OVERLOADED, "stopping", retry=True)
        elif admitted:
            host = self._hosts[session] = SessionHost(session, self._parts, subject)
            for opening in admitted:
                host.post(opening)
            self._spawn(self._run(host), f"session.{session}")

    async def _run(self, host: SessionHost) -> None:
        reason = "failed"
        try:
            reason = await host.run()
        except CancelledError:
            reason = "cancelled"
            raise
        except Exception as error:  # noqa: BLE001 - a bug of ours ends this one session, loudly, and no other
            self._parts.log.error("core.session.failed", session=host.session, error=_told(error))
            host.reception.abandon(INTERNAL_CLOSE, "internal error in this session; reconnect to resume")
        finally:
            self._parts.metrics.stops.labels(reason=reason).inc()
            self._hosts.pop(host.session, None)
            for flow in [flow for flow, session in self._flows.items() if session == host.session]:
                del self._flows[flow]

    def _make_room(self) -> None:
        """Put the session that has been without a client for longest to rest."""
        idle = [(since, host) for host in self._hosts.values() if (since := host.reception.idle_since) is not None]
        if idle:
            min(idle, key=lambda each: each[0])[1].post(Resting(if_idle=True))

    def _refuse_waking(
        self, session: SessionId, status: int, code: WireErrorCode, message: str, *, retry: bool = False
    ) -> None:
        for opening in self._waking.pop(session, []):
            self._refuse(opening.link, opening.flow, status, code, message, retry=retry)

    def _refuse_unknown(self, opening: Opening) -> None:
        """Said alike of a session that is not there and of one that is somebody else's."""
        message = "there is no such session, or it is not yours"
        self._refuse(opening.link, opening.flow, 404, WireErrorCode.UNKNOWN_SESSION, message)

    def _refuse(
        self, link: TrunkLink, flow: int, status: int, code: WireErrorCode, message: str, *, retry: bool = False
    ) -> None:
        self._flows.pop((link, flow), None)
        self._parts.metrics.refusals.labels(code=code).inc()
        refuse(link, flow, status, code, message, retry=retry)


def _told(error: BaseException) -> str:
    """The first real error of a group and its place; a message only of our own asserts, others may hold speech."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    frame = error.__traceback__
    while frame is not None and frame.tb_next is not None:
        frame = frame.tb_next
    where = f" at {frame.tb_frame.f_code.co_filename}:{frame.tb_lineno}" if frame is not None else ""
    message = f": {error}" if isinstance(error, AssertionError) else ""
    return f"{type(error).__name__}{message}{where}"
