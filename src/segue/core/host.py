"""One live session: exactly one task drives one session machine, and does what it says.

    post(event) → inbox → handle → kernel.handle(now, input) → drain → perform → follow-ups go to the inbox

Rules: nothing handles an input while another one is being handled; outputs are performed in order; whatever performing
one brings about is posted, never handled inside. Store requests and operations run as tasks of the session and end with
it. The task ends with the kernel's `Stopped`, or loudly with a bug of ours: the journal then has all that counts.
"""

import asyncio
from collections import deque
from typing import assert_never

from segue.core.attachment import refuse
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
from segue.core.hearing import Hearing
from segue.core.inbox import Inbox
from segue.core.journal import Journal
from segue.core.parts import CoreParts
from segue.core.reception import SUPERSEDED_CLOSE, Reception
from segue.core.tasks import SessionTasks
from segue.model.errors import PeerProtocolError
from segue.model.ids import Seq, SessionId
from segue.model.time import MonoNs, ms
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
from segue.voice.inputs import ClientSent, StoreState, VoiceInput
from segue.voice.machine import VoiceMachine
from segue.wire.realtime.client import SessionUpdate
from segue.wire.realtime.errors import WireErrorCode

INTERNAL_CLOSE = 1011
PENDING_ROWS_READING = 1_024
"""Rows on their way to a store that answers, above which no more of the client is read: its messages would make more.
A quarter of what ends the session, so that only a store that is away can."""
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
        self._inbox = Inbox()
        self.reception = Reception(parts, session, self._log, self._tell_voice, self._inbox.post)
        self._body: Body | None = None
        self._journal: Journal | None = None
        self._due: MonoNs | None = None
        self._is_due_known = False
        self._is_owned = False
        self._is_resting = False
        self._is_away = False
        self._arrived: deque[Arrived] = deque()
        self._stopped: Stopped | None = None

    @property
    def pending_rows(self) -> int:
        return self._machine.pending_rows

    def post(self, event: HostEvent) -> None:
        """Tell the session something; handled in order, soon."""
        self._inbox.post(event)

    async def run(self) -> StopReason:
        """Drive the session to its end; returns why it ended."""
        parts, post = self._parts, self._inbox.post
        async with asyncio.TaskGroup() as group:
            tasks, writes = SessionTasks(group), SessionTasks(group)
            self._body = Body(parts, self.session, tasks, lambda: self._voice.conversation, self._post_input, post)
            self._journal = Journal(parts.store, writes, parts.clock, parts.metrics, lambda it: post(Answered(it)))
            try:
                reason = await self._drive()
                tasks.cancel_all()
                if reason is StopReason.RESTED:
                    await writes.wait(LAST_WRITES_S)
            finally:
                self._inbox.close()
                tasks.cancel_all()
                writes.cancel_all()
        return reason

    async def _drive(self) -> StopReason:
        claim = Claim(node=self._parts.node, claim=self._parts.entropy(), subject=self.subject)
        self._tell_kernel(claim)
        clock, handled = self._parts.clock, 0
        while self._stopped is None:
            if not self._inbox:
                await self._inbox.wait(clock.mono_ns(), self._next_due())
                handled = 0
            elif handled >= EVENTS_PER_BREATH:
                await asyncio.sleep(0)
                handled = 0
            self._handle_due()
            if self._inbox and self._stopped is None:
                await self._handle(self._inbox.take())
                handled += 1
            self._the_body.pump(clock.mono_ns())
            self.reception.look_after(self._the_body)
        self._end(self._stopped)
        return self._stopped.reason

    def _next_due(self) -> MonoNs | None:
        due = [
            self._machine_due(),
            self._the_body.speaker.next_wake(self._parts.clock.mono_ns()),
            self._rest_at(),
        ]
        return min((at for at in due if at is not None), default=None)

    def _rest_at(self) -> MonoNs | None:
        since = self.reception.idle_since
        if since is None or self._is_resting or not self._is_owned:
            return None
        return MonoNs(since + ms(self._parts.config.session_idle_ms))

    def _machine_due(self) -> MonoNs | None:
        """The machine's next deadline, asked for only when it may have changed."""
        if not self._is_due_known:
            deadline = self._machine.next_deadline()
            self._due = deadline.at if deadline is not None else None
            self._is_due_known = True
        return self._due

    def _handle_due(self) -> None:
        now = self._parts.clock.mono_ns()
        due = self._machine_due()
        if due is not None and now >= due:
            self._tell_kernel(Tick())
        rest_at = self._rest_at()
        if rest_at is not None and now >= rest_at:
            self._rest()

    async def _handle(self, event: HostEvent) -> None:
        body = self._the_body
        match event:
            case Arrived():
                self._arrived.append(event)
                await self._hear_arrived()
            case Answered(answer=answer):
                self._tell_kernel(answer)
                body.release(self._machine.durable_through)
                await self._hear_arrived()
            case Happening(event=happened):
                self._tell_voice(happened)
            case Opening():
                self._open(event, body)
            case FlowClear():
                if self.reception.attachment is not None:
                    self.reception.attachment.flush()
            case FlowGone():
                self.reception.lose(event, body)
            case Reported(frame=frame):
                body.handle_emitted(frame)
            case HistoryRead():
                body.catch_up(event)
            case SoundMade():
                body.sound_made(event)
            case Resting(if_idle=if_idle):
                if not if_idle or self.reception.idle_since is not None:
                    self._rest()
            case _:
                assert_never(event)

    # The machine, and what it says.

    def _open(self, opening: Opening, body: Body) -> None:
        if not self._is_owned:
            self.reception.wait(opening)
        elif opening.wanted.epoch > self._machine.epoch:
            self._give_way(opening)
        elif self._is_resting:
            refuse(opening.link, opening.flow, 503, WireErrorCode.OVERLOADED, "the session is resting", retry=True)
        else:
            assert self._journal is not None
            self.reception.open(opening, body, self._journal, self._machine.epoch, self._voice.conversation)

    def _give_way(self, opening: Opening) -> None:
        """A newer owner had this client while we were paused: we own nothing, and may only claim it anew."""
        self._log.warning("core.session.overtaken", epoch=self._machine.epoch, seen=opening.wanted.epoch)
        self.reception.abandon(SUPERSEDED_CLOSE, "attachment_superseded: the session is held elsewhere")
        refuse(opening.link, opening.flow, 503, WireErrorCode.OVERLOADED, "this core was overtaken", retry=True)
        self._rest()

    def _post_input(self, event: VoiceInput) -> None:
        self.post(Happening(event))

    def _tell_voice(self, event: VoiceInput) -> None:
        if self._is_owned and not self._is_resting:
            self._tell_kernel(Happened(event=event))

    def _tell_kernel(self, event: Input[VoiceInput]) -> None:
        self._is_due_known = False
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
                    self._inbox.post_first([Resting()])
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
        self._inbox.post_first(self.reception.waited())

    def _notice_store(self, is_available: bool, reason: str) -> None:
        self._parts.metrics.store_away.inc(-1 if is_available else 1)
        self._is_away = not is_available
        self._log.warning("core.store.noticed", available=is_available, reason=reason)
        if self._is_owned:
            self._post_input(StoreState(is_available=is_available, reason=reason))

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
                self.reception.abandon(SUPERSEDED_CLOSE, "attachment_superseded: the session is held elsewhere")
            case StopReason.RESTED:
                if self.reception.attachment is not None:
                    self.reception.attachment.drop()
            case StopReason.OVERFULL | StopReason.UNREADABLE:
                self.reception.abandon(INTERNAL_CLOSE, f"{stopped.reason}: {stopped.error}")

    # Client messages.

    async def _hear_arrived(self) -> None:
        """Read what arrived, unless the store has to catch up first: the flow's credit bounds what waits."""
        while self._arrived and (self._machine.pending_rows <= PENDING_ROWS_READING or self._is_away):
            await self._hear(self._arrived.popleft())

    async def _hear(self, arrived: Arrived) -> None:
        attachment, hearing, ear = self.reception.attachment, self._the_body.hearing, self.reception.ear
        is_ours = attachment is not None and (attachment.link, attachment.flow) == (arrived.link, arrived.frame.flow)
        if attachment is None or hearing is None or ear is None or not is_ours or self._is_resting:
            return  # Not released: whoever holds it sends it to the next owner.
        attachment.consumed(len(arrived.frame.payload))
        try:
            is_new = ear.admit(arrived.frame.index)
        except PeerProtocolError as error:
            self._log.error("core.flow.broken", error=error.what)
            attachment.close(INTERNAL_CLOSE, "internal error between edge and core; reconnect to resume")
            self.reception.detach(self._the_body)
            return
        if is_new:
            await self._read(arrived, ear, hearing)
        self._the_body.release(self._machine.durable_through)

    async def _read(self, arrived: Arrived, ear: Ear, hearing: Hearing) -> None:
        for number, event in enumerate(ear.read(arrived), start=1):
            if isinstance(event, ClientSent):
                before = self._last_row
                self._tell_voice(event)
                is_written = self._last_row > before
                hearing.note_control(event.index, self._last_row if is_written else Seq(0))
                if isinstance(event.event, SessionUpdate):
                    self._the_body.configure_hearing()
            else:
                self._tell_voice(event)
            if number % WINDOWS_PER_BREATH == 0:
                self._the_body.desk.hearing_moved(hearing)
                await asyncio.sleep(0)
            if self._stopped is not None:
                return
        self._the_body.desk.hearing_moved(hearing)

    @property
    def _last_row(self) -> Seq:
        return Seq(self._machine.durable_through + self._machine.pending_rows)

    @property
    def _the_body(self) -> Body:
        assert self._body is not None, "the session's task has begun"
        return self._body
