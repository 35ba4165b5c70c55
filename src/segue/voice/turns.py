"""Whose turn it is: the user's audio as the detector hears it, and the contest for the floor while the agent has it.

    onset, the floor is free ────────────────────▶ the user's turn opens (userturn)
    onset, the agent has it ──▶ Contest ──words──▶ the agent is cut at what was heard, and it opens
                                   └──a backchannel, noise──▶ the agent goes on as if nothing had been

Rules: driven by user audio, so that a replay of it after a takeover comes to the same; audio up to `decided_ms` is not
judged twice. Without detection the client decides: its audio is only understood in parts, so that it can be released.
"""

from typing import Final, assert_never

from segue.model.time import MonoNs, ms
from segue.voice import decision, endpointing, rows
from segue.voice.answers import Answers
from segue.voice.contest import Contest, Verdict
from segue.voice.customers import EndOfTurn, Interjection
from segue.voice.endings import cancelled
from segue.voice.floor import Floor
from segue.voice.inputs import AudioHeard
from segue.voice.operations import News, Operations
from segue.voice.releasing import Releasing
from segue.voice.scribe import Scribe
from segue.voice.timing import TurnTimes
from segue.voice.transcripts import Transcripts
from segue.voice.userturn import UserTurn
from segue.wire.realtime.session import TurnDetection


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
        self._transcripts = transcripts
        self._turn = UserTurn(scribe, operations, answers, times, transcripts)
        self._releasing = Releasing(scribe)
        self._endpointer = endpointing.Endpointer(endpointing.EndpointConfig())
        self._detection: TurnDetection | None = None
        self._contest: Contest | None = None
        self._audio_ms = 0
        self._heard_at = MonoNs(0)

    def configure(self) -> None:
        """The session's turn detection changed, or is known for the first time."""
        detection = self._scribe.fold.session.audio.input.turn_detection
        if detection == self._detection:
            return
        self._let_agent_go_on()
        self._detection = detection
        if detection is None:
            self._turn.let_go()
            return
        self._endpointer = endpointing.Endpointer(endpointing.endpoint_config(detection))
        self._turn.configure(decision.decision_config(detection))
        from_ms = self._turn.take_up(self._endpointer.config.prefix_padding_ms)
        if from_ms is not None:
            self._endpointer.reopen(from_ms)

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
            self._turn.handle_speech(self._audio_ms)
        elif event.audio_ms > self._scribe.fold.facts.decided_ms:
            for happened in self._endpointer.handle(event.audio_ms, event.probability):
                self._handle_endpoint(happened)
            self._handle_window()
        self.release()

    def handle_deadline(self) -> None:
        """No audio came to settle the contest: the agent is not kept silent for it."""
        due_at = self.next_deadline()
        if due_at is not None and due_at <= self._scribe.now and self._contest is not None:
            self._leave_floor(self._contest.end_ms)

    def next_deadline(self) -> MonoNs | None:
        """When a contest without audio is over."""
        return MonoNs(self._heard_at + ms(STALL_MS)) if self._contest is not None else None

    def handle_interjection(self, customer: Interjection, news: News) -> None:
        """What was said while the agent has the floor."""
        contest = self._contest
        if contest is not None and contest.onset_ms == customer.onset_ms:
            self._settle_contest(contest, contest.handle_news(news, is_agents=self._is_agents))

    def handle_end(self, customer: EndOfTurn, news: News) -> None:
        """How likely the pause is an end."""
        self._turn.handle_end(customer, news, self._audio_ms)
        self._end_turn()

    def handle_heard(self) -> None:
        """The recogniser brought something about the open turn."""
        self._turn.handle_heard(self._audio_ms)
        self._end_turn()

    def commit_now(self, audio_ms: int, index: int) -> None:
        """The client commits what it has sent."""
        if self._contest is not None:
            self._take_floor(self._contest)
        self._turn.commit_now(audio_ms, index)
        self._end_turn()

    def clear(self, audio_ms: int, index: int) -> None:
        """The client throws away what it has sent."""
        self._let_agent_go_on()
        self._turn.clear(audio_ms, index)
        self._end_turn()

    def release(self, control_through: int | None = None) -> None:
        """Tell how much of the uplink is decided, if that is news."""
        self._releasing.release(self._kept_from_ms(), control_through)

    def _handle_endpoint(self, event: endpointing.EndpointEvent) -> None:
        match event:
            case endpointing.Onset(at_ms=at_ms):
                self._on_onset(at_ms)
            case endpointing.Pause() if self._contest is not None:
                self._contest.handle_pause(event, self._audio_ms)
            case endpointing.Pause() if self._turn.is_open:
                self._turn.pause(event, self._audio_ms)
            case endpointing.SpeechResumed() if self._contest is not None:
                self._contest.handle_resumed()
            case endpointing.SpeechResumed():
                self._turn.go_on(self._audio_ms)
            case endpointing.Silence():
                self._turn.handle_silence(event, self._audio_ms)
            case endpointing.Pause():
                pass
            case _:
                assert_never(event)
        self._end_turn()

    def _on_onset(self, at_ms: int) -> None:
        detection = self._detection
        assert detection is not None, "only a detector hears an onset"
        if self._is_agents and detection.interrupt_response:
            self._contest = Contest(self._operations, at_ms, self._audio_ms, self._audio_ms)
            self._floor.hold(self._answers.said_item)
        else:
            self._turn.open(at_ms)

    def _handle_window(self) -> None:
        if self._contest is not None:
            self._settle_contest(self._contest, self._contest.handle_window(self._audio_ms))
        elif self._turn.is_open:
            self._turn.handle_speech(self._audio_ms)

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
        self._contest = None
        self._turn.open(contest.onset_ms)
        active = self._answers.active
        self._floor.cut(self._answers.said_item)
        if active is not None:
            self._answers.stop(active, cancelled("turn_detected"))
        if contest.pause is not None:
            self._turn.pause(contest.pause, self._audio_ms)

    def _leave_floor(self, end_ms: int) -> None:
        """The user did not want it."""
        self._scribe.note(rows.TurnDropped(audio_end_ms=end_ms))
        self._endpointer.end_turn(end_ms)
        self._let_agent_go_on()

    def _let_agent_go_on(self) -> None:
        if self._contest is not None:
            self._contest = None
            self._floor.go_on()

    def _end_turn(self) -> None:
        """The detector is told of a turn that ended."""
        ended_ms = self._turn.take_end()
        if ended_ms is not None:
            self._endpointer.end_turn(ended_ms)

    @property
    def _is_agents(self) -> bool:
        """Whether the agent has the floor: it speaks, or is about to."""
        return self._floor.is_audible or self._answers.active is not None

    def _kept_from_ms(self) -> int:
        """The first user audio that may still be needed."""
        facts = self._scribe.fold.facts
        needed = [awaited.audio_start_ms for awaited in facts.awaited]
        if self._contest is not None:
            needed.append(self._contest.onset_ms)
        elif self._turn.is_open or self._detection is None:
            needed.append(self._turn.kept_from_ms)
        else:
            needed.append(max(facts.decided_ms, self._audio_ms - PREROLL_MS))
        return min(needed)


STALL_MS: Final = 2_000
"""Without user audio for so long, nobody contests the floor."""
PREROLL_MS: Final = 1_000
"""Silence kept before a possible onset: the detector's delay and the padding, twice."""
