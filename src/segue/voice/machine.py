"""The voice machine: one session's conversation as a `session.Kind`. It dispatches; its parts decide.

    Turns     the user: onset, pause, decision, the contest for the floor      Operations  attempts, policy, reuse
    Answers   the agent: owed, guessed, spoken, finished, cut (with Calls)     Transcripts what the user said
    Floor     what of the agent's speech reached the ear                       TurnTimes   where a turn's time went
    Control   what the client asks for                                         Scribe      rows, effects, the fold

Rules: what lasts is the fold of the rows (`state.Conversation`); everything in the parts can be lost at any moment and
is made again by `on_owned` and the replayed uplink. See docs/design/voice.md.
"""

from enum import StrEnum
from typing import Final, assert_never

import msgspec

from segue.model.errors import PeerProtocolError
from segue.model.ids import SessionId
from segue.model.time import ClockDomain, Deadline, MonoNs
from segue.session.kind import KindOutput
from segue.session.rows import Row
from segue.voice import customers, inputs, rows
from segue.voice.agent import AgentSpec
from segue.voice.answers import Answers
from segue.voice.control import Control
from segue.voice.effects import VoiceEffect
from segue.voice.floor import Floor
from segue.voice.operations import Operations, Outcome
from segue.voice.scribe import Scribe
from segue.voice.state import Conversation
from segue.voice.timing import TurnTimes
from segue.voice.transcripts import Transcripts
from segue.voice.turns import Turns
from segue.wire.realtime.cursor import Cursor
from segue.wire.realtime.errors import WireErrorCode
from segue.wire.realtime.merge import merge_session
from segue.wire.realtime.server import SegueState
from segue.wire.realtime.session import OutputAudio, Session, SessionAudio

CORE: Final = ClockDomain("core")
"""This process's clock, where nobody gave it a name."""


class VoiceDeadline(StrEnum):
    """What the machine's next deadline is for."""

    OPERATION = "operation"
    """An attempt is late, a pause between attempts is over."""
    PLAYOUT = "playout"
    """More of the agent's speech has been heard."""
    CONTEST = "contest"
    """The user's audio stopped while it was open who has the floor."""
    HOPS = "hops"
    """A turn's record is due."""


class VoiceMachine:
    """One voice session.

    Args:
        session: Its id; all ids of the conversation are derived from it.
        agent: Whose conversation this is.
        domain: The clock of this process, as the marks of a turn name it.
    """

    row_version = rows.ROW_VERSION
    row_version_max = rows.ROW_VERSION_MAX

    def __init__(self, session: SessionId, agent: AgentSpec, domain: ClockDomain = CORE) -> None:
        self._agent = agent
        scribe = self._scribe = Scribe(session)
        self._operations = Operations(scribe, agent)
        self._times = TurnTimes(scribe, domain)
        self._transcripts = Transcripts(scribe, self._operations, self._times)
        self._answers = Answers(scribe, self._operations, agent, self._times)
        self._floor = Floor(scribe, self._times)
        self._turns = Turns(scribe, self._operations, self._answers, self._floor, self._times, self._transcripts)
        self._control = Control(scribe, agent, self._turns, self._answers, self._floor, self._times)
        self._started_at: dict[str, int] = {}
        self._timers = (
            (self._operations.next_deadline, VoiceDeadline.OPERATION),
            (self._floor.next_deadline, VoiceDeadline.PLAYOUT),
            (self._turns.next_deadline, VoiceDeadline.CONTEST),
            (self._times.next_deadline, VoiceDeadline.HOPS),
        )

    @property
    def conversation(self) -> Conversation:
        """The fold of the rows so far; to be read only."""
        return self._scribe.fold

    def handle(self, now: MonoNs, event: inputs.VoiceInput) -> None:
        """Take one input."""
        self._enter(now)
        match event:
            case inputs.Begin():
                self._begin(event)
            case inputs.Attached():
                self._attach(event)
            case inputs.Detached():
                pass
            case inputs.ClientSent():
                self._control.handle(event)
                self._turns.release(event.index)
            case inputs.ClientFault():
                self._complain(event)
                self._turns.release(event.index)
            case inputs.AudioHeard():
                self._turns.handle_audio(event)
            case inputs.OperationProgressed():
                self._operations.handle_progress(event)
            case inputs.OperationCompleted():
                self._operations.handle_completed(event)
            case inputs.OperationFailed():
                self._operations.handle_failed(event)
            case inputs.SpeechSent():
                self._floor.handle_sent(event)
                self._answers.handle_sent(event)
            case inputs.Marked():
                self._times.mark(event.item_id, event.mark)
            case inputs.ClocksRelated(fix=fix):
                self._times.relate(fix)
            case inputs.StoreState():
                self._tell_store(event)
            case inputs.Tick():
                self._handle_due()
            case _:
                assert_never(event)
        self._drain_operations()

    def handle_deadline(self, now: MonoNs) -> None:
        """The instant that `next_deadline` named has come."""
        self._enter(now)
        self._handle_due()
        self._drain_operations()

    def poll_output(self) -> KindOutput[VoiceEffect] | None:
        """Take the next row or effect."""
        return self._scribe.poll()

    def next_deadline(self) -> Deadline[str] | None:
        """When to call again, and why."""
        due: tuple[MonoNs, VoiceDeadline] | None = None
        for next_deadline, reason in self._timers:
            at = next_deadline()
            if at is not None and (due is None or at < due[0]):
                due = at, reason
        return Deadline(at=due[0], reason=due[1]) if due is not None else None

    def apply_row(self, row: Row) -> None:
        """Fold a row of the journal (replay)."""
        body = rows.decode_row(row)
        if body is None:
            return
        if isinstance(body, rows.ResponseStarted):
            self._started_at[body.response_id] = row.seq
        if isinstance(body, rows.ResponseFinished):
            self._started_at.pop(body.response.id, None)
        self._scribe.fold.apply(body)

    def snapshot(self) -> bytes:
        """Encode what the rows so far add up to."""
        return self._scribe.fold.snapshot()

    def restore(self, snapshot: bytes) -> None:
        """Become what `snapshot` was taken of. Raises SnapshotUnusable."""
        self._scribe.fold = Conversation.restored(snapshot)

    def on_owned(self, now: MonoNs) -> None:
        """The session is ours: take up what the last owner left unfinished."""
        self._enter(now)
        if self._scribe.fold.facts.session is None:
            return
        self._scribe.fold.operations.doubt()
        self._control.configure_hearing()
        self._floor.resume()
        self._turns.resume()
        self._answers.resume()
        self._drain_operations()
        self._operations.abandon_unclaimed()

    def _enter(self, now: MonoNs) -> None:
        assert self._scribe.is_drained, "outputs are drained before the next input"
        assert now >= self._scribe.now, "time does not go back"
        self._scribe.now = now

    def _begin(self, event: inputs.Begin) -> None:
        if self._scribe.fold.facts.session is not None:
            return
        session = self._agent_session()
        try:
            session = merge_session(session, msgspec.json.decode(event.session_patch, type=dict))
        except (PeerProtocolError, msgspec.MsgspecError) as error:
            self._scribe.write(self._opened(session, event.subject))
            self._scribe.complain(WireErrorCode.INVALID_VALUE, f"the session asked for cannot be had: {error}")
        else:
            self._scribe.write(self._opened(self._with_known_voice(session), event.subject))
        self._control.configure_hearing()
        self._turns.configure()

    def _opened(self, session: Session, subject: str) -> rows.SessionOpened:
        agent = self._agent
        return rows.SessionOpened(session=session, agent=agent.name, agent_version=agent.version, subject=subject)

    def _agent_session(self) -> Session:
        agent = self._agent
        base = Session(
            id=self._scribe.session_id,
            model=agent.model,
            instructions=agent.instructions,
            audio=SessionAudio(output=OutputAudio(voice=agent.voice)),
        )
        return merge_session(base, agent.session)

    def _with_known_voice(self, session: Session) -> Session:
        """Whoever asks for a voice we do not have (one of OpenAI's) gets the agent's own, and sees it in the echo."""
        voices = self._agent.voices
        if not voices or session.audio.output.voice in voices:
            return session
        output = msgspec.structs.replace(session.audio.output, voice=self._agent.voice)
        return msgspec.structs.replace(session, audio=msgspec.structs.replace(session.audio, output=output))

    def _attach(self, event: inputs.Attached) -> None:
        self._times.is_aware = event.is_aware
        facts = self._scribe.fold.facts
        if facts.session is None:
            return
        if not self._answers.has_listener:
            self._floor.handle_listener()
            self._answers.handle_listener(self._skip_ms(event.cursor))
        if self._agent.greeting and not facts.has_greeted and not facts.order and not facts.responses:
            self._answers.greet(self._agent.greeting)

    def _skip_ms(self, cursor: str) -> int:
        """How much of the running response's audio the client has, by the last event id it got."""
        active = self._answers.active
        if active is None:
            return 0
        state = self._scribe.fold.facts.items.get(active.item_id)
        heard_ms = state.heard_ms if state is not None else 0
        try:
            place = Cursor.parse(cursor)
        except PeerProtocolError:
            return heard_ms
        if place.seq < self._started_at.get(active.response_id, 0):
            return 0
        return place.audio_samples // SAMPLES_PER_MS

    def _complain(self, event: inputs.ClientFault) -> None:
        known = WireErrorCode.__members__.values()
        code = next((one for one in known if one == event.code), WireErrorCode.INVALID_VALUE)
        self._scribe.complain(code, event.message, param=event.param, event_id=event.event_id)

    def _tell_store(self, event: inputs.StoreState) -> None:
        state = SegueState(store="ok" if event.is_available else "away", message=event.reason)
        self._scribe.tell(state, only_aware=True)

    def _handle_due(self) -> None:
        self._operations.handle_deadline()
        self._floor.handle_deadline()
        self._turns.handle_deadline()
        self._times.handle_deadline()

    def _drain_operations(self) -> None:
        """Hand on what operations brought, until nothing more comes of it."""
        while (outcome := self._operations.poll()) is not None:
            self._deliver(outcome)

    def _deliver(self, outcome: Outcome) -> None:
        customer, news = outcome.customer, outcome.news
        match customer:
            case customers.PartOfTurn():
                lost = self._transcripts.handle(customer, news)
                self._turns.handle_heard()
                self._answers.handle_transcripts(lost)
                self._turns.release()
            case customers.EndOfTurn():
                self._turns.handle_end(customer, news)
            case customers.Interjection():
                self._turns.handle_interjection(customer, news)
            case customers.AnswerOf(response_id=response_id):
                self._answers.handle_news(response_id, news)
            case customers.SoundOf(response_id=response_id, segment=segment):
                self._answers.handle_sound(response_id, segment, news)
            case customers.CallOf(response_id=response_id, call_id=call_id):
                self._answers.handle_call(response_id, call_id, news)
            case _:
                assert_never(customer)


SAMPLES_PER_MS: Final = 24
