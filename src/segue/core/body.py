"""A session's senses and voice: performs the effects of its machine, and turns what came of them into inputs.

Owns the ear, the mouth, the way down and the running operations of one session. It is driven by the session's task and
calls nothing back while it performs: what follows is posted.
"""

from collections.abc import Callable
from typing import assert_never

from segue.core.attachment import Attachment
from segue.core.catchup import SpokenItem, missed_speech
from segue.core.clocks import edge_domain
from segue.core.downlink import Downlink
from segue.core.events import HistoryRead, SoundMade
from segue.core.hearing import Hearing
from segue.core.joining import UplinkStart
from segue.core.operations import OperationDesk
from segue.core.parts import CoreParts
from segue.core.sounds import Sounds
from segue.core.speaker import Chunk, Speaker
from segue.core.tasks import SessionTasks
from segue.core.voicing import audio_format_of
from segue.model.ids import ItemId, Seq, SessionId
from segue.model.time import MonoNs
from segue.session.rows import Row
from segue.telemetry.marks import Mark, MarkName
from segue.voice import effects, rows
from segue.voice.control import hearing_of
from segue.voice.inputs import ClocksRelated, Marked, VoiceInput
from segue.voice.state import Conversation
from segue.voice.timing import CLIENT
from segue.wire.realtime.server import SegueAck, SegueSession, ServerEvent, SessionCreated
from segue.wire.realtime.session import Session
from segue.wire.token import ResumeClaims, issue_resume_token
from segue.wire.trunk import Emitted


class Body:
    """What one session hears, says and has done.

    Args:
        parts: The core's.
        session: Whose.
        tasks: Where operations run.
        conversation: What the machine's rows add up to; read only.
        post: Takes inputs for the machine, in order.
        post_sound: Takes the end of a sound that was made again.
    """

    def __init__(
        self,
        parts: CoreParts,
        session: SessionId,
        tasks: SessionTasks,
        conversation: Callable[[], Conversation],
        post: Callable[[VoiceInput], None],
        post_sound: Callable[[SoundMade], None],
    ) -> None:
        self._parts = parts
        self._session = session
        self._conversation = conversation
        self._post = post
        self._post_sound = post_sound
        self._sounds = Sounds()
        self.speaker = Speaker(self._sounds, self._send_chunk, lambda: self.downlink.may_speak)
        self.downlink = Downlink(self.speaker.owes, self._session_event)
        self.desk = OperationDesk(session, parts.worker, tasks, self._sounds, post)
        self.hearing: Hearing | None = None
        self._effective: Session | None = None
        self._release_ms = 0
        self._reported: dict[str, ItemId] = {}
        self._responses: dict[ItemId, str] = {}

    # What the machine wants done.

    def perform(self, effect: effects.VoiceEffect) -> None:
        """Do it now."""
        match effect:
            case effects.StartOperation():
                self.desk.start(effect, self.hearing)
            case effects.CancelOperation(key=key):
                self.desk.cancel(key)
            case effects.Speak() | effects.EndSpeech() | effects.HoldSpeech() | effects.GoOnSpeech():
                self._perform_speech(effect)
            case effects.CutSpeech(item_id=item_id):
                self.speaker.cut(item_id)
                self._parts.metrics.barge_ins.inc()
            case effects.Tell(event=event, only_aware=only_aware):
                self.downlink.tell(event, only_aware=only_aware)
            case effects.ReleaseUplink(audio_ms=audio_ms):
                self._release_ms = max(self._release_ms, audio_ms)
            case effects.ConfigureHearing():
                self.configure_hearing()
            case effects.ForgetAudio(audio_ms=audio_ms):
                if self.hearing is not None:
                    self.hearing.forget(audio_ms)
            case effects.CloseSession(code=code, reason=reason):
                if self.downlink.attachment is not None:
                    self.downlink.attachment.close(code, reason)
            case _:
                assert_never(effect)

    def publish(self, row: Row) -> None:
        """A row was released: tell the client, and see to what it means here."""
        body = self.downlink.publish(row)
        self._parts.metrics.rows.inc()
        match body:
            case rows.SessionOpened(session=session) | rows.SessionConfigured(session=session):
                self.take_session(session)
            case rows.TurnCommitted():
                self._parts.metrics.turns.inc()
                self._mark_turn(body)
            case rows.ItemStarted(item_id=item_id, response_id=response_id):
                self._responses[ItemId(item_id)] = response_id
                while len(self._responses) > _REPORTS_MAX:
                    del self._responses[next(iter(self._responses))]
            case rows.ResponseFinished(response=response):
                self._parts.metrics.responses.labels(status=response.status).inc()
            case rows.TurnTimed(record=record):
                self._parts.metrics.record(record)
            case _:
                pass

    def pump(self, now: MonoNs) -> None:
        """Send what may be sent now."""
        for report in self.speaker.pump(now):
            self._post(report)
        self.downlink.drain()

    def release(self, durable: Seq) -> None:
        """Let go of the client messages that are decided and durable."""
        hearing = self.hearing
        released = hearing.release(self._release_ms, durable) if hearing is not None else None
        attachment = self.downlink.attachment
        if released is not None and attachment is not None:
            attachment.release(*released)
            self.downlink.tell(SegueAck(through=released[0], position=released[1]), only_aware=True)

    def take_session(self, session: Session) -> None:
        """The effective session."""
        self._effective = session
        self.speaker.configure(audio_format_of(session.audio.output.format))

    # Clients that come and go.

    def begin_hearing(self, start: UplinkStart) -> Hearing:
        """Open the ear where the uplink goes on."""
        hearing = self.hearing = Hearing(self._parts.vad, received=start.received, units=start.units)
        self.configure_hearing()
        return hearing

    def configure_hearing(self) -> None:
        """Hear as the session says now: what a client sends after an update is in the new format already."""
        session = self._conversation().facts.session
        if self.hearing is not None and session is not None:
            wanted = hearing_of(session)
            self.hearing.configure(wanted.format_type, wanted.rate_hz, is_detecting=wanted.is_detecting)

    def attach(self, attachment: Attachment) -> bool:
        """Bind a client; true if the journal has to be read before it can be told what it missed.

        One whose owner died before it was told anything has missed all there is.
        """
        wanted, session = attachment.wanted, self._effective
        is_untold = session is not None and (wanted.is_new or wanted.is_same_socket)
        if wanted.cursor.seq == 0 and not is_untold:
            self.downlink.attach(attachment, SessionCreated(session=session) if session is not None else None)
            return False
        self.downlink.attach_behind(attachment)
        return True

    def catch_up(self, read: HistoryRead) -> None:
        """Bring the attached client up to date from the journal, or from memory if the store is away."""
        attachment = self.downlink.attachment
        if attachment is None or attachment.number != read.number:
            return
        cursor = attachment.wanted.cursor
        known = read.rows if read.rows is not None else tuple(self.downlink.recent_rows(Seq(0)))
        missed = missed_speech(known, cursor)
        for item in reversed(missed.repeats):
            self._repeat(item)
        for item in missed.running:
            self.speaker.expect(item.item_id, item.at_ms)
            self.speaker.know_durations(item.item_id, item.durations)
        self.downlink.catch_up(known)

    def sound_made(self, made: SoundMade) -> None:
        """A sound was made again; without it the client goes on with what comes after."""
        if not made.is_made:
            self.speaker.cut(ItemId(made.item_id))

    def handle_emitted(self, frame: Emitted) -> None:
        """An edge says when the first audio of an item passed it."""
        item_id = self._reported.pop(frame.cursor, None)
        attachment = self.downlink.attachment
        if item_id is None or attachment is None:
            return
        node = attachment.link.peer_node
        domain = edge_domain(node)
        fix = self._parts.edges.fix(node, self._parts.clock.mono_ns())
        if fix is not None:
            self._post(ClocksRelated(fix=fix))
        for name, at_ns in ((MarkName.EDGE_RECEIVED, frame.in_ns), (MarkName.EDGE_OUT, frame.out_ns)):
            self._post(Marked(item_id=item_id, mark=Mark(name=name, domain=domain, at_ns=at_ns)))

    def _perform_speech(
        self, effect: effects.Speak | effects.EndSpeech | effects.HoldSpeech | effects.GoOnSpeech
    ) -> None:
        match effect:
            case effects.Speak(item_id=item_id, segment=segment, key=key, skip_ms=skip_ms):
                self.speaker.speak(item_id, self._response_of(item_id), segment, key, skip_ms)
                self.speaker.know_durations(item_id, self._durations_of(item_id))
            case effects.EndSpeech(item_id=item_id):
                self.speaker.end(item_id)
            case effects.HoldSpeech(item_id=item_id):
                self.speaker.hold(item_id)
            case effects.GoOnSpeech(item_id=item_id):
                self.speaker.go_on(item_id)
            case _:
                assert_never(effect)

    def _response_of(self, item_id: ItemId) -> str:
        """Which response an item belongs to; one of before a takeover is still running."""
        if item_id not in self._responses:
            for response in self._conversation().facts.responses.values():
                if response.started.item_id == item_id:
                    self._responses[item_id] = response.started.response_id
        return self._responses.get(item_id, "")

    def _durations_of(self, item_id: ItemId) -> dict[int, int]:
        known = self._conversation().facts.speech.get(item_id, [])
        return {n: segment.duration_ms for n, segment in enumerate(known) if segment.duration_ms is not None}

    def _mark_turn(self, committed: rows.TurnCommitted) -> None:
        attachment = self.downlink.attachment
        if self.hearing is None or attachment is None:
            return
        node = attachment.link.peer_node
        for marked in self.hearing.marks(
            ItemId(committed.item_id), committed.audio_end_ms, CLIENT, edge_domain(node), self._parts.domain
        ):
            self._post(marked)

    def _repeat(self, item: SpokenItem) -> None:
        self.speaker.repeat(item.item_id, item.response_id, item.keys, item.at_ms)
        self.speaker.know_durations(item.item_id, item.durations)
        end_ms = 0
        for segment, request in sorted(item.requests.items()):
            end_ms += item.durations.get(segment, 0)
            if segment in item.durations and end_ms <= item.at_ms:
                continue
            provider = self._parts.agent.policies.synthesize.provider
            self.desk.make_again(item.keys[segment], request, provider, self._sound_poster(item.item_id))

    def _sound_poster(self, item_id: ItemId) -> Callable[[bool], None]:
        return lambda is_made: self._post_sound(SoundMade(item_id, is_made))

    def _send_chunk(self, chunk: Chunk) -> None:
        if chunk.is_first:
            mark = Mark(name=MarkName.CORE_OUT, domain=self._parts.domain, at_ns=self._parts.clock.mono_ns())
            self._post(Marked(item_id=chunk.item_id, mark=mark))
        cursor = self.downlink.send_audio(
            chunk.response_id, chunk.item_id, chunk.audio, chunk.to_ms, report=chunk.is_first
        )
        if chunk.is_first:
            self._reported[cursor] = chunk.item_id
            while len(self._reported) > _REPORTS_MAX:
                del self._reported[next(iter(self._reported))]

    def _session_event(self, attachment: Attachment) -> ServerEvent:
        hearing = self.hearing
        assert hearing is not None, "a client is attached only after the ear is open"
        parts = self._parts
        expires_at_s = parts.clock.wall_ms() // 1000 + parts.config.resume_ttl_s
        claims = ResumeClaims(session=self._session, expires_at_s=expires_at_s)
        return SegueSession(
            session_id=self._session,
            resume_token=issue_resume_token(parts.keys, claims),
            epoch=attachment.epoch,
            resumed=attachment.wanted.cursor.seq > 0,
            uplink_received=attachment.received,
            uplink_position=hearing.position,
            expires_at=expires_at_s,
        )


_REPORTS_MAX = 64
