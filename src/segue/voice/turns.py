"""The user's turns: onset, pause, guess, decision; and the contest for the floor while the agent has it.

    Listening ──onset──▶ Speaking ◀──resumed── Pausing ──decided and understood──▶ committed (or dropped: noise)
        │                   ▲  └────pause─────────▲
        └─onset, the agent  │
          has the floor──▶ Contest ──words, or too long──▶ (the agent is cut) Speaking / Pausing
                            └──a backchannel, noise──▶ Listening (the agent goes on)

Rules: driven by user audio alone, so a replay of it after a takeover comes to the same; a turn that the fold has open
is taken up, never opened again; audio up to `decided_ms` is not judged twice. Nothing said in a pause is told before
the turn is committed, except captions to clients that ask for them.
"""

from dataclasses import dataclass
from typing import Final, assert_never

from segue.model.limits import STT_AUDIO_MS_MAX, UNRELEASED_AUDIO_MS_MAX
from segue.model.time import MonoNs, ms
from segue.telemetry.marks import MarkName
from segue.voice import decision, endpointing, results, rows
from segue.voice.answers import Answers
from segue.voice.backchannel import Said, classify
from segue.voice.contest import Contest, Verdict
from segue.voice.customers import EndOfTurn, Interjection
from segue.voice.endings import cancelled
from segue.voice.floor import Floor
from segue.voice.inputs import AudioHeard
from segue.voice.operations import News, Operations
from segue.voice.releasing import Releasing
from segue.voice.scribe import Scribe
from segue.voice.timing import TurnTimes
from segue.voice.transcripts import HEARING, NotUnderstood, NotYet, Transcripts, Understood
from segue.wire.realtime.server import TranscriptPartial
from segue.wire.realtime.session import TurnDetection


@dataclass(frozen=True, slots=True)
class Listening:
    """Nobody speaks (or turns are the client's business)."""


@dataclass(slots=True)
class Speaking:
    """The user has the floor and speaks."""


@dataclass(slots=True)
class Pausing:
    """The user has the floor and is silent since `end_ms`."""

    end_ms: int
    spoken_ms: int
    asked_ms: int
    """Silence at which the end-of-turn model was last asked."""
    end_probability: float | None = None
    is_decided: bool = False
    """The turn is over; only its last words are not understood yet."""


State = Listening | Contest | Speaking | Pausing


class Turns:
    """The user's side of one session."""

    def __init__(
        self,
        scribe: Scribe,
        operations: Operations,
        answers: Answers,
        floor: Floor,
        times: TurnTimes,
        transcripts: Transcripts,
    ) -> None:
        self._scribe = scribe
        self._operations = operations
        self._answers = answers
        self._floor = floor
        self._times = times
        self._transcripts = transcripts
        self._state: State = Listening()
        self._detection: TurnDetection | None = None
        self._endpointer = endpointing.Endpointer(endpointing.EndpointConfig())
        self._decision = decision.DecisionConfig()
        self._audio_ms = 0
        self._heard_at = MonoNs(0)
        self._releasing = Releasing(scribe)

    @property
    def audio_ms(self) -> int:
        """User audio received so far, as far as we were told."""
        return self._audio_ms

    def configure(self) -> None:
        """The session's turn detection changed, or is known for the first time."""
        detection = self._scribe.fold.session.audio.input.turn_detection
        if detection == self._detection:
            return
        if isinstance(self._state, Contest):
            self._floor.go_on()
        self._detection = detection
        self._state = Listening()
        if detection is not None:
            self._endpointer = endpointing.Endpointer(endpointing.endpoint_config(detection))
            self._decision = decision.decision_config(detection)
            self._take_up()

    def resume(self) -> None:
        """After a takeover: take up the open turn; its audio is about to be replayed."""
        self._audio_ms = self._scribe.fold.facts.decided_ms
        self.configure()
        self._transcripts.resume()

    def handle_audio(self, event: AudioHeard) -> None:
        """One window of user audio."""
        self._audio_ms = max(event.audio_ms, self._audio_ms)
        self._heard_at = self._scribe.now
        if self._detection is None:
            self._seal_if_long(self._scribe.fold.facts.decided_ms)
        elif event.audio_ms > self._scribe.fold.facts.decided_ms:
            for happened in self._endpointer.handle(event.audio_ms, event.probability):
                self._handle_endpoint(happened)
            self._handle_window()
        self.release()

    def handle_deadline(self) -> None:
        """No audio came to settle the contest: the agent is not kept silent for it."""
        due_at = self.next_deadline()
        if due_at is not None and due_at <= self._scribe.now and isinstance(self._state, Contest):
            self._leave_floor(self._state.end_ms)

    def next_deadline(self) -> MonoNs | None:
        """When a contest without audio is over."""
        return MonoNs(self._heard_at + ms(STALL_MS)) if isinstance(self._state, Contest) else None

    def handle_interjection(self, customer: Interjection, news: News) -> None:
        """What was said while the agent has the floor."""
        state = self._state
        if isinstance(state, Contest) and state.onset_ms == customer.onset_ms:
            self._settle_contest(state, state.handle_news(news, is_agents=self._is_agents))

    def handle_end(self, customer: EndOfTurn, news: News) -> None:
        """How likely the pause is an end."""
        state = self._state
        if isinstance(state, Pausing) and state.end_ms == customer.pause_ms and isinstance(news, results.EndDetected):
            state.end_probability = news.probability
            self._judge(self._audio_ms - state.end_ms)

    def handle_heard(self) -> None:
        """The recogniser brought something about the unfinished turn."""
        state, turn = self._state, self._scribe.fold.facts.turn
        heard = self._transcripts.heard()
        if not isinstance(state, Pausing) or turn is None or isinstance(heard, NotYet):
            return
        if isinstance(heard, Understood) and heard.text:
            self._times.restamp(turn.turn_id, MarkName.STT_FINAL)
            self._scribe.tell(TranscriptPartial(item_id=turn.item_id, text=heard.text), only_aware=True)
            if self._wants_answer and classify(heard.text, state.spoken_ms) is not Said.NOTHING:
                self._answers.guess(turn.turn_id, heard.text)
        if state.is_decided:
            self._commit(state)
        else:
            self._judge(self._audio_ms - state.end_ms)

    def commit_now(self, audio_ms: int, index: int) -> None:
        """The client commits what it has sent: the open turn, or all that is undecided."""
        if isinstance(self._state, Contest):
            self._take_floor(self._state)
        facts = self._scribe.fold.facts
        turn = facts.turn
        start_ms = turn.audio_start_ms if turn is not None else facts.decided_ms
        self._transcripts.drop_guess()
        self._answers.drop_guess()
        from_ms = self._transcripts.next_from_ms(start_ms)
        if audio_ms > from_ms:
            self._transcripts.ask(from_ms, audio_ms)
        item_id = turn.item_id if turn is not None else self._scribe.fresh_name("item")
        turn_id = turn.turn_id if turn is not None else self._scribe.fresh_name("turn")
        self._write_commit(turn_id, item_id, start_ms, audio_ms, index=index)

    def clear(self, audio_ms: int, index: int) -> None:
        """The client throws away what it has sent."""
        if isinstance(self._state, Contest):
            self._floor.go_on()
        self._transcripts.drop()
        self._answers.drop_guess()
        self._scribe.write(rows.BufferCleared(audio_ms=audio_ms, index=index))
        self._end_turn(audio_ms)

    def release(self, control_through: int | None = None) -> None:
        """Tell how much of the uplink is decided, if that is news."""
        self._releasing.release(self._kept_from_ms(), control_through)

    # What the endpointer says.

    def _handle_endpoint(self, event: endpointing.EndpointEvent) -> None:
        match event:
            case endpointing.Onset(at_ms=at_ms):
                self._on_onset(at_ms)
            case endpointing.Pause():
                self._on_pause(event)
            case endpointing.Silence(silence_ms=silence_ms):
                if isinstance(self._state, Pausing):
                    self._judge(silence_ms)
            case endpointing.SpeechResumed():
                self._on_resumed()

    def _on_onset(self, at_ms: int) -> None:
        detection = self._detection
        assert detection is not None
        if self._is_agents and detection.interrupt_response:
            self._state = Contest(self._operations, at_ms, self._audio_ms, self._audio_ms)
            self._floor.hold(self._answers.said_item)
        else:
            self._open(at_ms)

    def _on_pause(self, pause: endpointing.Pause) -> None:
        match self._state:
            case Contest() as contest:
                contest.handle_pause(pause, self._audio_ms)
            case Speaking():
                self._pause(pause)
            case Listening() | Pausing():
                pass

    def _on_resumed(self) -> None:
        match self._state:
            case Contest() as contest:
                contest.handle_resumed()
            case Pausing():
                self._answers.drop_guess()
                turn = self._scribe.fold.facts.turn
                assert turn is not None
                if self._audio_ms - self._transcripts.kept_from_ms(turn.audio_start_ms) >= SEALED_FROM_MS:
                    self._transcripts.seal()
                else:
                    self._transcripts.drop_guess()
                self._state = Speaking()
            case Listening() | Speaking():
                pass

    def _handle_window(self) -> None:
        state = self._state
        match state:
            case Contest():
                self._settle_contest(state, state.handle_window(self._audio_ms))
            case Speaking():
                turn = self._scribe.fold.facts.turn
                assert turn is not None
                self._seal_if_long(turn.audio_start_ms)
            case Listening() | Pausing():
                pass

    # The contest.

    def _settle_contest(self, contest: Contest, verdict: Verdict) -> None:
        match verdict:
            case Verdict.TAKEN:
                self._take_floor(contest)
            case Verdict.LEFT:
                self._leave_floor(contest.end_ms)
            case Verdict.OPEN:
                pass
            case _:
                assert_never(verdict)

    def _take_floor(self, contest: Contest) -> None:
        """The user wants it: open the turn, and cut the agent at what was heard."""
        self._open(contest.onset_ms)
        active = self._answers.active
        self._floor.cut(self._answers.said_item)
        if active is not None:
            self._answers.stop(active, cancelled("turn_detected"))
        if contest.pause is not None:
            self._pause(contest.pause)

    def _leave_floor(self, end_ms: int) -> None:
        """The user did not want it: the agent goes on as if nothing had been."""
        self._scribe.note(rows.TurnDropped(audio_end_ms=end_ms))
        self._end_turn(end_ms)
        self._floor.go_on()

    @property
    def _is_agents(self) -> bool:
        """Whether the agent has the floor: it speaks, or is about to."""
        return self._floor.is_audible or self._answers.active is not None

    # The turn.

    def _open(self, start_ms: int) -> None:
        turn_id, item_id = self._scribe.fresh_name("turn"), self._scribe.fresh_name("item")
        self._scribe.write(rows.TurnOpened(turn_id=turn_id, item_id=item_id, audio_start_ms=start_ms))
        self._times.begin(turn_id, item_id)
        self._state = Speaking()

    def _take_up(self) -> None:
        """A turn the fold has open goes on, from the first audio that is not understood."""
        turn = self._scribe.fold.facts.turn
        if turn is not None:
            self._endpointer.reopen(self._transcripts.kept_from_ms(turn.audio_start_ms))
            self._times.begin(turn.turn_id, turn.item_id)
            self._state = Speaking()

    def _pause(self, pause: endpointing.Pause) -> None:
        turn = self._scribe.fold.facts.turn
        assert turn is not None
        self._transcripts.ask(self._transcripts.next_from_ms(turn.audio_start_ms), self._audio_ms)
        self._state = Pausing(pause.at_ms, pause.spoken_ms, 0)
        self._ask_end(self._state)

    def _ask_end(self, state: Pausing) -> None:
        turn = self._scribe.fold.facts.turn
        if turn is not None and self._decision.is_semantic:
            state.asked_ms = self._audio_ms - state.end_ms
            from_ms = max(turn.audio_start_ms, self._audio_ms - END_AUDIO_MS)
            self._operations.start(
                HEARING, results.DetectEnd(from_ms=from_ms, to_ms=self._audio_ms), EndOfTurn(state.end_ms)
            )

    def _judge(self, silence_ms: int) -> None:
        state = self._state
        if not isinstance(state, Pausing) or state.is_decided:
            return
        heard = self._transcripts.heard()
        text = heard.text if isinstance(heard, Understood) else None
        verdict = decision.decide(state.end_probability, text, silence_ms, state.spoken_ms, self._decision)
        if isinstance(verdict, decision.Commit):
            state.is_decided = True
            turn = self._scribe.fold.facts.turn
            assert turn is not None
            self._times.stamp(turn.turn_id, MarkName.ENDPOINT)
            self._commit(state)
        elif state.end_probability is not None and silence_ms - state.asked_ms >= self._decision.recheck_ms:
            self._ask_end(state)

    def _commit(self, state: Pausing) -> None:
        """The turn is over: put it in the conversation once it is understood, or drop it if nothing was said."""
        turn = self._scribe.fold.facts.turn
        assert turn is not None
        heard = self._transcripts.heard()
        match heard:
            case NotYet():
                return
            case Understood(text=text) if classify(text, state.spoken_ms) is Said.NOTHING:
                self._answers.drop_guess()
                self._transcripts.drop()
                self._scribe.write(rows.TurnDropped(item_id=turn.item_id, audio_end_ms=state.end_ms))
                self._end_turn(state.end_ms)
            case Understood() | NotUnderstood():
                self._write_commit(turn.turn_id, turn.item_id, turn.audio_start_ms, state.end_ms)

    def _write_commit(self, turn_id: str, item_id: str, start_ms: int, end_ms: int, index: int = 0) -> None:
        facts = self._scribe.fold.facts
        heard = self._transcripts.heard()
        is_asked = index > 0
        if is_asked and facts.turn is None:
            self._times.begin(turn_id, item_id)
        self._times.stamp(turn_id, MarkName.ENDPOINT)
        self._scribe.write(
            rows.TurnCommitted(
                turn_id=turn_id,
                item_id=item_id,
                previous_item_id=self._scribe.fold.last_item_id,
                audio_start_ms=start_ms,
                audio_end_ms=end_ms,
                is_manual=facts.turn is None,
                is_answer_owed=self._wants_answer and not is_asked,
                index=index,
            )
        )
        self._end_turn(end_ms)
        self._transcripts.commit(item_id)
        self._answers.handle_transcripts(heard.reason if isinstance(heard, NotUnderstood) else None)

    def _end_turn(self, at_ms: int) -> None:
        self._endpointer.end_turn(at_ms)
        self._state = Listening()

    @property
    def _wants_answer(self) -> bool:
        return self._detection is not None and self._detection.create_response

    # What is kept of the user's audio.

    def _seal_if_long(self, start_ms: int) -> None:
        from_ms = self._transcripts.next_from_ms(start_ms)
        if self._audio_ms - from_ms >= PART_MS_MAX:
            self._transcripts.ask(from_ms, self._audio_ms)
            self._transcripts.seal()

    def _kept_from_ms(self) -> int:
        """The first user audio that may still be needed."""
        facts = self._scribe.fold.facts
        needed = [awaited.audio_start_ms for awaited in facts.awaited]
        match self._state:
            case Contest(onset_ms=onset_ms):
                needed.append(onset_ms)
            case Speaking() | Pausing():
                start_ms = facts.turn.audio_start_ms if facts.turn is not None else facts.decided_ms
                needed.append(self._transcripts.kept_from_ms(start_ms))
            case Listening() if self._detection is not None:
                needed.append(max(facts.decided_ms, self._audio_ms - PREROLL_MS))
            case Listening():
                needed.append(self._transcripts.kept_from_ms(facts.decided_ms))
        return min(needed)


SEALED_FROM_MS: Final = 8_000
"""A part this long is not recognised again when the user goes on: its cost grows with its length."""
PART_MS_MAX: Final = 14_000
"""Without a pause, a part ends here."""
assert PART_MS_MAX <= STT_AUDIO_MS_MAX < UNRELEASED_AUDIO_MS_MAX, "a part and its recognition fit what is held"
END_AUDIO_MS: Final = 8_000
"""What the end-of-turn model is given."""
STALL_MS: Final = 2_000
"""Without user audio for so long, nobody contests the floor."""
PREROLL_MS: Final = 1_000
"""Silence kept before a possible onset: the detector's delay and the padding, twice."""
