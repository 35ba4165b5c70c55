"""One live session: exactly one task drives one session machine, and does what it says.

    post(event) → inbox → handle → kernel.handle(now, input) → drain → perform → follow-ups go to the inbox

Rules: nothing handles an input while another one is being handled; outputs are performed in order; whatever performing
one brings about is posted, never handled inside. Store requests and operations run as tasks of the session and end with
it. The task ends with the kernel's `Stopped`, or loudly with a bug of ours: the journal then has all that counts.
"""

import asyncio
from collections import deque
from typing import assert_never

from segue.core.attachment import Attachment, refuse
from segue.core.body import Body
from segue.core.ear import WINDOWS_PER_BREATH, Ear
from segue.core.events import (
    Answered,
    Arrived,
    FlowClear,
    FlowGone,
    Happening,
    HistoryRead,
    HostEvent,
    Opening,
    Reported,
    Resting,
    SoundMade,
)
from segue.core.joining import received_for, uplink_start
from segue.core.journal import Journal
from segue.core.parts import CoreParts
from segue.core.tasks import SessionTasks
from segue.model.errors import PeerProtocolError
from segue.model.ids import Seq, SessionId
from segue.model.time import NS_PER_S, MonoNs, ms
from segue.session.inputs import Claim, Happened, Input, Rest, Tick
from segue.session.machine import SessionMachine
from segue.session.outputs import (
    Append,
    Output,
    Owned,
    Perform,
    ReadRows,
    ReadSnapshot,
    RowReleased,
    SaveSnapshot,
    Stopped,
    StopReason,
    StoreNoticed,
)
from segue.voice.effects import CloseSession, ReleaseUplink, VoiceEffect
from segue.voice.inputs import Attached, Begin, ClientSent, Detached, StoreState, VoiceInput
from segue.voice.machine import VoiceMachine
from segue.wire.realtime.errors import WireErrorCode

SUPERSEDED_CLOSE = 4001
INTERNAL_CLOSE = 1011
LAST_WRITES_S = 1.0
"""What a session at rest waits for its snapshot to be kept."""
EVENTS_PER_BREATH = 64
"""Events after which a busy session lets others have their turn."""


class SessionHost:
    """One session of this core. `run` is its task; everything else only posts."""

    def __init__(self, session: SessionId, parts: CoreParts, subject: str) -> None:
        self.session = session
        self.subject = subject
        self._parts = parts
        self._log = parts.log.bind(session=session)
        self._voice = VoiceMachine(session, parts.agent, parts.domain)
        self._machine: SessionMachine[VoiceInput, VoiceEffect] = SessionMachine(
            session, self._voice, parts.session_config
        )
        self._inbox: deque[HostEvent] = deque()
        self._wake: asyncio.Future[None] | None = None
        self._body: Body | None = None
        self._journal: Journal | None = None
        self._ear: Ear | None = None
        self._openings: list[Opening] = []
        self._attachments = 0
        self._is_owned = False
        self._is_resting = False
        self._is_away = False
        self._stopped: Stopped | None = None
        self._detached_at: MonoNs = parts.clock.mono_ns()

    @property
    def attachment(self) -> Attachment | None:
        return self._body.downlink.attachment if self._body is not None else None

    @property
    def idle_since(self) -> MonoNs | None:
        """Since when nobody is attached; None while somebody is, or wants to be."""
        return None if self.attachment is not None or self._openings else self._detached_at

    @property
    def pending_rows(self) -> int:
        return self._machine.pending_rows

    @property
    def has_events(self) -> bool:
        """Whether something waits to be handled."""
        return bool(self._inbox)

    def post(self, event: HostEvent) -> None:
        """Tell the session something; handled in order, soon."""
        self._inbox.append(event)
        if self._wake is not None and not self._wake.done():
            self._wake.set_result(None)

    async def run(self) -> StopReason:
        """Drive the session to its end; returns why it ended."""
        async with asyncio.TaskGroup() as group:
            tasks, writes = SessionTasks(group), SessionTasks(group)
            self._body = Body(
                self._parts, self.session, tasks, lambda: self._voice.conversation, self._post_input, self.post
            )
            self._journal = Journal(
                self._parts.store, writes, self._parts.clock, self._parts.metrics, lambda it: self.post(Answered(it))
            )
            try:
                reason = await self._drive()
                tasks.cancel_all()
                if reason is StopReason.RESTED:
                    await writes.wait(LAST_WRITES_S)
            finally:
                tasks.cancel_all()
                writes.cancel_all()
        return reason

    def abandon(self, code: int, reason: str) -> None:
        """The task is over, or never began: whoever waits for it is told."""
        attachment = self.attachment
        if attachment is not None:
            attachment.close(code, reason)
        for opening in self._openings:
            refuse(opening.link, opening.flow, 500, WireErrorCode.INTERNAL, reason, retry=True)
        self._openings.clear()

    async def _drive(self) -> StopReason:
        claim = Claim(node=self._parts.node, claim=self._parts.entropy(), subject=self.subject)
        self._tell_kernel(claim)
        handled = 0
        while self._stopped is None:
            if not self._inbox:
                await self._wait()
                handled = 0
            elif handled >= EVENTS_PER_BREATH:
                await asyncio.sleep(0)
                handled = 0
            self._handle_due()
            if self._inbox and self._stopped is None:
                await self._handle(self._inbox.popleft())
                handled += 1
            self._the_body.pump(self._parts.clock.mono_ns())
        self._end(self._stopped)
        return self._stopped.reason

    async def _wait(self) -> None:
        """Until something is posted or a deadline comes."""
        loop = asyncio.get_running_loop()
        self._wake = loop.create_future()
        due = self._next_due()
        timer = None
        if due is not None:
            delay_s = (due - self._parts.clock.mono_ns()) / NS_PER_S
            if delay_s <= 0:
                return
            timer = loop.call_later(delay_s, self._ring, self._wake)
        try:
            await self._wake
        finally:
            self._wake = None
            if timer is not None:
                timer.cancel()

    @staticmethod
    def _ring(wake: asyncio.Future[None]) -> None:
        if not wake.done():
            wake.set_result(None)

    def _next_due(self) -> MonoNs | None:
        deadline = self._machine.next_deadline()
        due = [
            deadline.at if deadline is not None else None,
            self._the_body.speaker.next_wake(self._parts.clock.mono_ns()),
            self._rest_at(),
        ]
        return min((at for at in due if at is not None), default=None)

    def _rest_at(self) -> MonoNs | None:
        since = self.idle_since
        if since is None or self._is_resting or not self._is_owned:
            return None
        return MonoNs(since + ms(self._parts.config.session_idle_ms))

    def _handle_due(self) -> None:
        now = self._parts.clock.mono_ns()
        deadline = self._machine.next_deadline()
        if deadline is not None and now >= deadline.at:
            self._tell_kernel(Tick())
        rest_at = self._rest_at()
        if rest_at is not None and now >= rest_at:
            self._post_rest()

    async def _handle(self, event: HostEvent) -> None:
        body = self._the_body
        match event:
            case Arrived():
                await self._hear(event)
            case Answered(answer=answer):
                self._tell_kernel(answer)
                body.release(self._machine.durable_through)
            case Happening(event=happened):
                self._tell_voice(happened)
            case Opening():
                self._open(event)
            case FlowClear():
                if self.attachment is not None:
                    self.attachment.flush()
            case FlowGone():
                self._lose(event)
            case Reported(frame=frame):
                body.handle_emitted(frame)
            case HistoryRead():
                body.catch_up(event)
            case SoundMade():
                body.sound_made(event)
            case Resting():
                self._rest()
            case _:
                assert_never(event)

    # The machine, and what it says.

    def _post_input(self, event: VoiceInput) -> None:
        self.post(Happening(event))

    def _tell_voice(self, event: VoiceInput) -> None:
        if self._is_owned and not self._is_resting:
            self._tell_kernel(Happened(event=event))

    def _tell_kernel(self, event: Input[VoiceInput]) -> None:
        self._machine.handle(self._parts.clock.mono_ns(), event)
        while (output := self._machine.poll_output()) is not None:
            self._perform(output)

    def _perform(self, output: Output[VoiceEffect]) -> None:
        match output:
            case Append() | ReadRows() | ReadSnapshot() | SaveSnapshot():
                assert self._journal is not None
                self._journal.ask(output)
            case Owned():
                self._take_over(output)
            case Perform(effect=effect):
                self._the_body.perform(effect)
                if isinstance(effect, ReleaseUplink):
                    self._the_body.release(self._machine.durable_through)
                elif isinstance(effect, CloseSession):
                    self._post_rest()
            case RowReleased(row=row):
                self._the_body.publish(row)
            case StoreNoticed(is_available=is_available, reason=reason):
                self._notice_store(is_available, reason)
            case Stopped():
                self._stopped = output
            case _:
                assert_never(output)

    def _take_over(self, owned: Owned) -> None:
        self._is_owned = True
        facts = self._voice.conversation.facts
        self._the_body.downlink.forget_before(Seq(self._machine.durable_through + 1))
        if facts.session is not None:
            self._the_body.take_session(facts.session)
        how = "new" if owned.is_new else "taken_over"
        self._parts.metrics.wakes.labels(how=how).inc()
        self._log.info("core.session.owned", epoch=owned.epoch, how=how)
        self._inbox.extendleft(reversed(self._openings))
        self._openings.clear()

    def _notice_store(self, is_available: bool, reason: str) -> None:
        self._parts.metrics.store_away.inc(-1 if is_available else 1)
        self._is_away = not is_available
        self._log.warning("core.store.noticed", available=is_available, reason=reason)
        if self._is_owned:
            self._post_input(StoreState(is_available=is_available, reason=reason))

    def _post_rest(self) -> None:
        self._inbox.appendleft(Resting())

    def _rest(self) -> None:
        if not self._is_resting:
            self._is_resting = True
            self._tell_kernel(Rest())

    def _end(self, stopped: Stopped) -> None:
        if self._is_away:
            self._parts.metrics.store_away.dec()
        self._the_body.desk.cancel_all()
        self._log.info("core.session.stopped", reason=stopped.reason, error=str(stopped.error or ""))
        match stopped.reason:
            case StopReason.FENCED:
                self.abandon(SUPERSEDED_CLOSE, "attachment_superseded: the session is held elsewhere")
            case StopReason.RESTED:
                if self.attachment is not None:
                    self.attachment.drop()
            case StopReason.OVERFULL | StopReason.UNREADABLE:
                self.abandon(INTERNAL_CLOSE, f"{stopped.reason}: {stopped.error}")

    # Client messages.

    async def _hear(self, arrived: Arrived) -> None:
        attachment, hearing, ear = self.attachment, self._the_body.hearing, self._ear
        is_ours = attachment is not None and (attachment.link, attachment.flow) == (arrived.link, arrived.frame.flow)
        if attachment is None or hearing is None or ear is None or not is_ours or self._is_resting:
            return  # Not released: whoever holds it sends it to the next owner.
        attachment.consumed(len(arrived.frame.payload))
        windows = 0
        try:
            for event in ear.read(arrived):
                before = self._last_row
                self._tell_voice(event)
                if isinstance(event, ClientSent):
                    changed = self._last_row > before
                    hearing.note_control(event.index, self._last_row if changed else Seq(0))
                windows += 1
                if windows % WINDOWS_PER_BREATH == 0:
                    self._the_body.desk.hearing_moved(hearing)
                    await asyncio.sleep(0)
                if self._stopped is not None:
                    return
        except PeerProtocolError as error:
            self._log.error("core.flow.broken", error=error.what)
            attachment.close(INTERNAL_CLOSE, "internal error between edge and core; reconnect to resume")
            self._detach()
            return
        self._the_body.desk.hearing_moved(hearing)
        self._the_body.release(self._machine.durable_through)

    @property
    def _last_row(self) -> Seq:
        return Seq(self._machine.durable_through + self._machine.pending_rows)

    # Clients that come and go.

    def _open(self, opening: Opening) -> None:
        if not self._is_owned:
            self._openings.append(opening)
            return
        if self._is_resting:
            refuse(opening.link, opening.flow, 503, WireErrorCode.OVERLOADED, "the session is resting", retry=True)
            return
        wanted = opening.wanted
        self._supersede(opening)
        self._tell_voice(Begin(subject=wanted.subject, session_patch=wanted.session_patch))
        body, facts = self._the_body, self._voice.conversation.facts
        try:
            start = uplink_start(wanted, control_through=facts.control_through, decided_ms=facts.decided_ms)
        except PeerProtocolError as error:
            refuse(opening.link, opening.flow, 400, WireErrorCode.INVALID_VALUE, error.what)
            return
        if body.hearing is None:
            self._ear = Ear(self._parts, body.begin_hearing(start), body.speaker, body.downlink)
        hearing = body.hearing
        assert hearing is not None
        self._attachments += 1
        received = received_for(wanted, hearing)
        attachment = Attachment(opening.link, opening.flow, self._machine.epoch, self._attachments, wanted, received)
        attachment.opened(hearing.released, hearing.position)
        if body.attach(attachment):
            self._read_history(attachment)
        cursor = str(wanted.cursor) if wanted.cursor.seq else ""
        self._tell_voice(
            Attached(attachment=attachment.number, is_aware=wanted.is_aware, is_resumed=bool(cursor), cursor=cursor)
        )
        self._log.info("core.flow.attached", aware=wanted.is_aware, resumed=bool(cursor), edge=opening.link.peer_node)

    def _read_history(self, attachment: Attachment) -> None:
        """Fetch what the client missed, unless memory has all of it."""
        cursor = attachment.wanted.cursor
        if self._the_body.downlink.remembers(cursor):
            self._the_body.catch_up(HistoryRead(number=attachment.number, rows=None))
            return
        assert self._journal is not None
        self._journal.read_history(
            self.session, cursor, lambda rows: self.post(HistoryRead(number=attachment.number, rows=rows))
        )

    def _supersede(self, opening: Opening) -> None:
        old = self.attachment
        if old is None:
            return
        if old.link is opening.link and old.flow == opening.flow:
            raise AssertionError("an edge numbers each Open anew")
        old.close(SUPERSEDED_CLOSE, "attachment_superseded: another connection resumed this session")
        self._detach()

    def _lose(self, gone: FlowGone) -> None:
        self._openings = [it for it in self._openings if (it.link, it.flow) != (gone.link, gone.flow)]
        attachment = self.attachment
        if attachment is not None and attachment.link is gone.link and attachment.flow == gone.flow:
            attachment.drop()
            self._detach()

    def _detach(self) -> None:
        attachment = self.attachment
        self._the_body.downlink.detach()
        self._detached_at = self._parts.clock.mono_ns()
        if attachment is not None:
            self._tell_voice(Detached(attachment=attachment.number))
            self._log.info("core.flow.detached")

    @property
    def _the_body(self) -> Body:
        assert self._body is not None, "the session's task has begun"
        return self._body
