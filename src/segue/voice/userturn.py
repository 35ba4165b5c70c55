"""One user turn: open, pausing, decided, committed or dropped. Whether it may begin at all is `turns`' business.

    Closed ──open──▶ Speaking ◀──go on── Pausing ──decided and understood──▶ committed, or dropped: noise
                        └──────pause───────▲

Rules: what is said in a pause is thought about ahead and told to nobody; the guess is released if the turn ends there
and thrown away if the user goes on. A turn the fold has open is taken up, never opened again.
"""

from dataclasses import dataclass
from typing import Final

from segue.model.limits import STT_AUDIO_MS_MAX, UNRELEASED_AUDIO_MS_MAX
from segue.telemetry.marks import MarkName
from segue.voice import decision, results, rows
from segue.voice.answers import Answers
from segue.voice.backchannel import Said, classify
from segue.voice.customers import EndOfTurn
from segue.voice.endpointing import Pause, Silence
from segue.voice.facts import OpenTurn
from segue.voice.operations import News, Operations
from segue.voice.scribe import Scribe
from segue.voice.timing import TurnTimes
from segue.voice.transcripts import HEARING, NotUnderstood, NotYet, Transcripts, Understood
from segue.wire.realtime.server import TranscriptPartial


@dataclass(frozen=True, slots=True)
class Closed:
    """The user does not have the floor."""


@dataclass(frozen=True, slots=True)
class Speaking:
    """The user has the floor and speaks."""


@dataclass(slots=True)
class Pausing:
    """The user has the floor and is silent since `end_ms`; the model last judged `asked_ms` of silence."""

    end_ms: int
    spoken_ms: int
    silence_ms: int = 0
    asked_ms: int = 0
    end_probability: float | None = None
    is_decided: bool = False
    """The turn is over; only its last words are not understood yet."""


class UserTurn:
    """The user's turn of one session, if there is one."""

    def __init__(
        self, scribe: Scribe, operations: Operations, answers: Answers, times: TurnTimes, transcripts: Transcripts
    ) -> None:
        self._scribe = scribe
        self._operations = operations
        self._answers = answers
        self._times = times
        self._transcripts = transcripts
        self._state: Closed | Speaking | Pausing = Closed()
        self._decision = decision.DecisionConfig()
        self._ended_ms: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether the user has the floor."""
        return not isinstance(self._state, Closed)

    @property
    def kept_from_ms(self) -> int:
        """The first audio of the open turn (or of what is not committed) that is still needed."""
        facts = self._scribe.fold.facts
        start_ms = facts.turn.audio_start_ms if facts.turn is not None else facts.decided_ms
        return self._transcripts.kept_from_ms(start_ms)

    def configure(self, config: decision.DecisionConfig) -> None:
        """When turns are over, from now on."""
        self._decision = config

    def take_end(self) -> int | None:
        """Where the turn ended, told once."""
        ended_ms, self._ended_ms = self._ended_ms, None
        return ended_ms

    def open(self, start_ms: int) -> None:
        """The user takes the floor."""
        turn_id, item_id = self._scribe.fresh_name("turn"), self._scribe.fresh_name("item")
        self._scribe.write(rows.TurnOpened(turn_id=turn_id, item_id=item_id, audio_start_ms=start_ms))
        self._times.begin(turn_id, item_id)
        self._state = Speaking()

    def take_up(self, padding_ms: int) -> int | None:
        """Go on with the turn that the fold has open, if any; returns from where on it is to be listened to.

        The padding before its first word is no pause in it.
        """
        turn = self._scribe.fold.facts.turn
        if turn is None:
            self._state = Closed()
            return None
        self._times.begin(turn.turn_id, turn.item_id)
        self._state = Speaking()
        return self.kept_from_ms + (0 if self._scribe.fold.facts.heard else padding_ms)

    def let_go(self) -> None:
        """Turns are the client's business from now on; an open one is committed or cleared by it."""
        self._state = Closed()

    def pause(self, pause: Pause, audio_ms: int) -> None:
        """The user is silent: understand what there is, and ask whether it sounds complete."""
        turn = self._open_turn
        self._transcripts.ask(self._transcripts.next_from_ms(turn.audio_start_ms), audio_ms)
        self._state = Pausing(pause.at_ms, pause.spoken_ms, audio_ms - pause.at_ms)
        self._ask_end(self._state, audio_ms)

    def go_on(self, audio_ms: int) -> None:
        """The user speaks on."""
        if not isinstance(self._state, Pausing):
            return
        self._answers.drop_guess()
        if audio_ms - self.kept_from_ms >= SEALED_FROM_MS:
            self._transcripts.seal()
        else:
            self._transcripts.drop_guess()
        self._state = Speaking()

    def handle_silence(self, silence: Silence, audio_ms: int) -> None:
        """The silence is longer."""
        if isinstance(self._state, Pausing):
            self._state.silence_ms = silence.silence_ms
            self._judge(self._state, audio_ms)

    def handle_speech(self, audio_ms: int) -> None:
        """The user speaks, or sends audio that it will commit itself: a part that has become long is understood."""
        if isinstance(self._state, Pausing):
            return
        from_ms = self._transcripts.next_from_ms(self.kept_from_ms)
        if audio_ms - from_ms >= PART_MS_MAX:
            self._transcripts.ask(from_ms, audio_ms)
            self._transcripts.seal()

    def handle_end(self, customer: EndOfTurn, news: News, audio_ms: int) -> None:
        """How likely the pause is an end."""
        state = self._state
        if isinstance(state, Pausing) and state.end_ms == customer.pause_ms and isinstance(news, results.EndDetected):
            state.end_probability = news.probability
            self._judge(state, audio_ms)

    def handle_heard(self, audio_ms: int) -> None:
        """The recogniser brought something about the open turn."""
        state = self._state
        heard = self._transcripts.heard()
        if not isinstance(state, Pausing) or isinstance(heard, NotYet):
            return
        if isinstance(heard, Understood) and heard.text:
            self._think_ahead(state, heard.text)
        if state.is_decided:
            self._commit(state)
        else:
            self._judge(state, audio_ms)

    def commit_now(self, audio_ms: int, index: int) -> None:
        """The client commits what it has sent: the open turn, or all that is undecided."""
        facts = self._scribe.fold.facts
        turn = facts.turn
        start_ms = turn.audio_start_ms if turn is not None else facts.decided_ms
        self._transcripts.drop_guess()
        self._answers.drop_guess()
        from_ms = self._transcripts.next_from_ms(start_ms)
        if audio_ms > from_ms:
            self._transcripts.ask(from_ms, audio_ms)
        if turn is None:
            turn = OpenTurn(self._scribe.fresh_name("turn"), self._scribe.fresh_name("item"), start_ms)
            self._times.begin(turn.turn_id, turn.item_id)
        self._times.stamp(turn.turn_id, MarkName.ENDPOINT)
        self._write_commit(turn, audio_ms, index)

    def clear(self, audio_ms: int, index: int) -> None:
        """The client throws away what it has sent."""
        self._transcripts.drop()
        self._answers.drop_guess()
        self._scribe.write(rows.BufferCleared(audio_ms=audio_ms, index=index))
        self._close(audio_ms)

    def _think_ahead(self, state: Pausing, text: str) -> None:
        turn = self._open_turn
        self._times.restamp(turn.turn_id, MarkName.STT_FINAL)
        self._scribe.tell(TranscriptPartial(item_id=turn.item_id, text=text), only_aware=True)
        if self._wants_answer and classify(text, state.spoken_ms) is not Said.NOTHING:
            self._answers.guess(turn.turn_id, text)

    def _ask_end(self, state: Pausing, audio_ms: int) -> None:
        if self._decision.is_semantic:
            state.asked_ms = state.silence_ms
            from_ms = max(self._open_turn.audio_start_ms, audio_ms - END_AUDIO_MS)
            request = results.DetectEnd(from_ms=from_ms, to_ms=audio_ms)
            self._operations.start(HEARING, request, EndOfTurn(state.end_ms))

    def _judge(self, state: Pausing, audio_ms: int) -> None:
        """Is the turn over?"""
        if state.is_decided:
            return
        heard = self._transcripts.heard()
        text = heard.text if isinstance(heard, Understood) else None
        verdict = decision.decide(state.end_probability, text, state.silence_ms, state.spoken_ms, self._decision)
        if isinstance(verdict, decision.Commit):
            state.is_decided = True
            self._times.stamp(self._open_turn.turn_id, MarkName.ENDPOINT)
            self._commit(state)
        elif state.end_probability is not None and state.silence_ms - state.asked_ms >= self._decision.recheck_ms:
            self._ask_end(state, audio_ms)

    def _commit(self, state: Pausing) -> None:
        """It is over: put it in the conversation once it is understood, or drop it if nothing was said."""
        turn = self._open_turn
        match self._transcripts.heard():
            case NotYet():
                pass
            case Understood(text=text) if classify(text, state.spoken_ms) is Said.NOTHING:
                self._answers.drop_guess()
                self._transcripts.drop()
                self._scribe.write(rows.TurnDropped(item_id=turn.item_id, audio_end_ms=state.end_ms))
                self._close(state.end_ms)
            case Understood() | NotUnderstood():
                self._write_commit(turn, state.end_ms, 0)

    def _write_commit(self, turn: OpenTurn, end_ms: int, index: int) -> None:
        """`index` is of the client's commit, 0 if it did not ask: only then is an answer owed."""
        heard = self._transcripts.heard()
        self._scribe.write(
            rows.TurnCommitted(
                turn_id=turn.turn_id,
                item_id=turn.item_id,
                previous_item_id=self._scribe.fold.last_item_id,
                audio_start_ms=turn.audio_start_ms,
                audio_end_ms=end_ms,
                is_manual=self._scribe.fold.facts.turn is None,
                is_answer_owed=self._wants_answer and not index,
                index=index,
            )
        )
        self._close(end_ms)
        self._transcripts.commit(turn.item_id)
        self._answers.handle_transcripts(heard.reason if isinstance(heard, NotUnderstood) else None)

    def _close(self, at_ms: int) -> None:
        self._state = Closed()
        self._ended_ms = at_ms

    @property
    def _open_turn(self) -> OpenTurn:
        turn = self._scribe.fold.facts.turn
        assert turn is not None, "an open turn is in the fold"
        return turn

    @property
    def _wants_answer(self) -> bool:
        detection = self._scribe.fold.session.audio.input.turn_detection
        return detection is not None and detection.create_response


SEALED_FROM_MS: Final = 8_000
"""A part this long is not recognised again when the user goes on: its cost grows with its length."""
PART_MS_MAX: Final = 14_000
"""Without a pause, a part ends here."""
assert PART_MS_MAX <= STT_AUDIO_MS_MAX < UNRELEASED_AUDIO_MS_MAX, "a part and its recognition fit what is held"
END_AUDIO_MS: Final = 8_000
"""What the end-of-turn model is given."""
