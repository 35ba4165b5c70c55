"""The life of responses: owed, guessed ahead, begun, spoken, finished, cut.

    owed ──▶ begin ─────────────────────────────▶ RUNNING ──▶ finish (completed | incomplete | failed)
    turn pauses ──▶ guess ──▶ GUESSED ──release──▶   │
                                └──drop (user goes on) └──▶ stop (cancelled)

Rules: at most one response of the conversation runs; out-of-band ones run beside it. Nothing of a guessed answer is
told, spoken or called. Ids come from the origin, so that a guess is released under its own keys.
"""

from typing import assert_never

import msgspec

from segue.model.limits import RESPONSE_SEGMENTS_MAX
from segue.voice import answer as made
from segue.voice import results, rows
from segue.voice.agent import AgentSpec
from segue.voice.answer import Answer, Mouth, Segment, Sound, Stage
from segue.voice.calls import Calls
from segue.voice.endings import COMPLETED, CUT_OFF, Ending, cancelled, failed, finished_response
from segue.voice.facts import OwedAnswer, ResponseState
from segue.voice.inputs import SpeechSent
from segue.voice.operations import News, Operations
from segue.voice.requests import generate_request, plan_of
from segue.voice.scribe import Scribe
from segue.voice.speech import Speech
from segue.voice.state import Conversation
from segue.voice.thinking import Thinking
from segue.voice.timing import TurnTimes
from segue.wire.realtime.client import ResponseParams
from segue.wire.realtime.errors import WireErrorCode


class Answers:
    """All responses of one session that have not finished."""

    def __init__(self, scribe: Scribe, operations: Operations, agent: AgentSpec, times: TurnTimes) -> None:
        self._scribe = scribe
        self._operations = operations
        self._agent = agent
        self._times = times
        self._calls = Calls(scribe, operations, agent)
        self._speech = Speech(scribe, operations, times)
        self._thinking = Thinking(scribe, operations, agent, times)
        self._running: dict[str, Answer] = {}
        self._guess: Answer | None = None

    @property
    def active(self) -> Answer | None:
        """The running response of the conversation."""
        return next((answer for answer in self._running.values() if answer.is_in_conversation), None)

    @property
    def said_item(self) -> str | None:
        """The item of the conversation that is being said aloud."""
        active = self.active
        return active.item_id if active is not None and active.is_spoken and active.published else None

    @property
    def has_listener(self) -> bool:
        """Whether somebody is, or was, attached to this owner."""
        return self._speech.has_listener

    def find(self, response_id: str) -> Answer | None:
        """A running response by its id."""
        return self._running.get(response_id)

    # How a response begins.

    def guess(self, turn_id: str, text: str) -> None:
        """Think ahead about a turn that may be over; an earlier guess that expected other words is dropped."""
        plan = plan_of(self._scribe, OwedAnswer(origin=f"turn:{turn_id}", turn_id=turn_id))
        request = generate_request(self._scribe.fold, self._agent, plan, pending=text)
        key = self._operations.key(plan.origin, request)
        if self._guess is not None and self._guess.plan.key == key:
            return
        self.drop_guess()
        plan = msgspec.structs.replace(plan, key=key)
        self._guess = Answer(plan=plan, stage=Stage.GUESSED, mind=made.Waiting())
        self._thinking.ask_ahead(self._guess, request)

    def drop_guess(self) -> None:
        """The user goes on: nobody hears of it."""
        guess, self._guess = self._guess, None
        if guess is not None:
            self._thinking.cancel(guess)
            self._speech.cancel(guess, 0)

    def settle(self) -> None:
        """Begin the answer that is owed, if nothing is in its way; it waits for words still with the recogniser."""
        owed = self._scribe.fold.facts.owed
        if owed is None or self.active is not None or self._scribe.fold.facts.awaited:
            return
        plan = plan_of(self._scribe, owed)
        guess = self._guess
        if guess is not None and self._still_holds(guess, plan):
            self._guess = None
            self._release(guess, plan)
        else:
            self.drop_guess()
            self._begin(plan)

    def create(self, params: ResponseParams, index: int) -> None:
        """The client asks for a response; the caller saw to it that none of the conversation is running."""
        self.drop_guess()
        owed = OwedAnswer(origin=f"client:{index}", turn_id="", params=params)
        self._begin(msgspec.structs.replace(plan_of(self._scribe, owed), index=index))

    def greet(self, text: str) -> None:
        """Say the agent's greeting."""
        plan = plan_of(self._scribe, OwedAnswer(origin="greeting", turn_id=""))
        self._begin(msgspec.structs.replace(plan, script=text))

    def handle_transcripts(self, lost: str | None = None) -> None:
        """Words of the user were understood, or `lost` says why never: whoever waited for the last ones goes on."""
        facts = self._scribe.fold.facts
        if facts.awaited:
            return
        if lost is not None and facts.owed is not None and self.active is None:
            self._enter(Answer(plan=plan_of(self._scribe, facts.owed), stage=Stage.RUNNING, mind=made.Waiting()))
        for answer in list(self._running.values()):
            if not isinstance(answer.mind, made.Waiting):
                continue
            if lost is None:
                self._thinking.think(answer)
            else:
                answer.mind = made.Failing(WireErrorCode.PROVIDER, f"what was said could not be understood: {lost}")
            self._go_on(answer)
        self.settle()

    # What operations and the speaker bring.

    def handle_news(self, response_id: str, news: News) -> None:
        """The model brought something."""
        answer = self._found(response_id)
        if answer is None:
            return
        if self._thinking.handle(answer, news):
            self._speech.cancel(answer, answer.published)
            answer.begin_again()
        self._go_on(answer)

    def handle_sound(self, response_id: str, number: int, news: News) -> None:
        """The voice brought something."""
        answer = self._found(response_id)
        if answer is None:
            return
        reason = self._speech.handle_sound(answer, number, news)
        if reason is not None:
            self._thinking.cancel(answer)
            message = f"speech could not be made: {reason}"
            answer.mind = made.Failing(WireErrorCode.PROVIDER, message, is_mute=True)
        self._go_on(answer)

    def handle_call(self, response_id: str, call_id: str, news: News) -> None:
        """One of the agent's tools brought something."""
        self._calls.handle(response_id, call_id, news)
        answer = self._running.get(response_id)
        if answer is not None:
            self._go_on(answer)

    def handle_sent(self, event: SpeechSent) -> None:
        """The speaker has handed audio on."""
        answer = next((a for a in self._running.values() if a.item_id == event.item_id), None)
        if answer is not None:
            self._speech.handle_sent(answer, event)
            self._go_on(answer)

    def stop(self, answer: Answer, ending: Ending, index: int = 0) -> None:
        """End it before its time: nothing of it is said after this."""
        self._thinking.cancel(answer)
        self._calls.abandon(answer.response_id)
        self._speech.cut(answer)
        self._finish(answer, ending, index)

    # After a takeover.

    def resume(self) -> None:
        """Take up every response of the fold: what is finished is reused, what is not is asked for again."""
        for state in list(self._scribe.fold.facts.responses.values()):
            answer = _rebuilt(self._scribe.fold, state)
            self._running[answer.response_id] = answer
            if _was_cut(self._scribe.fold, state):
                self._finish(answer, cancelled("turn_detected"))
                continue
            if state.started.script is not None or not self._scribe.fold.facts.awaited:
                self._thinking.think(answer)
            self._calls.resume(answer.response_id)
            self._go_on(answer)
        self._calls.resume_cut()
        self.settle()

    def handle_listener(self, skip_ms: int) -> None:
        """Somebody is attached to this owner for the first time: speak, from where they have it."""
        self._speech.has_listener = True
        for answer in list(self._running.values()):
            if answer.is_spoken and answer.mouth is Mouth.SILENT:
                self._speech.speak_on(answer, skip_ms)
            self._go_on(answer)

    # The steps of one response.

    def _still_holds(self, guess: Answer, plan: rows.ResponseStarted) -> bool:
        """Whether what was guessed answers what was said in the end."""
        request = generate_request(self._scribe.fold, self._agent, plan)
        is_same = self._operations.key(plan.origin, request) == guess.plan.key
        return is_same and guess.response_id == plan.response_id and guess.plan.modality == plan.modality

    def _release(self, guess: Answer, plan: rows.ResponseStarted) -> None:
        guess.plan = msgspec.structs.replace(plan, key=guess.plan.key)
        guess.stage = Stage.RUNNING
        self._enter(guess)
        self._go_on(guess)

    def _begin(self, plan: rows.ResponseStarted) -> None:
        is_ready = plan.script is not None or not self._scribe.fold.facts.awaited
        if is_ready and plan.script is None:
            plan = msgspec.structs.replace(plan, key=self._thinking.key_of(plan))
        answer = Answer(plan=plan, stage=Stage.RUNNING, mind=made.Waiting())
        self._enter(answer)
        if is_ready:
            self._thinking.think(answer)
            self._go_on(answer)

    def _enter(self, answer: Answer) -> None:
        self._running[answer.response_id] = answer
        self._scribe.write(answer.plan)

    def _go_on(self, answer: Answer) -> None:
        """Do what can be done next: ask for sound, publish, speak, end."""
        if len(answer.segments) > RESPONSE_SEGMENTS_MAX:
            del answer.segments[RESPONSE_SEGMENTS_MAX:]
            self._thinking.cancel(answer)
            answer.mind = made.Decided(results.Generated(reason="length", input_tokens=0, output_tokens=0))
        mind = answer.mind
        if not (isinstance(mind, made.Failing) and mind.is_mute):
            self._speech.ask_sound(answer)
        if answer is self._guess:
            if isinstance(mind, made.Failing):
                self.drop_guess()
            return
        self._speech.publish(answer)
        match mind:
            case made.Decided(end=end):
                self._calls.request_own(answer.plan, answer.calls)
                self._speech.end(answer)
                if answer.mouth is Mouth.DONE and not self._calls.are_running(answer.response_id):
                    self._finish(answer, CUT_OFF if end.reason == "length" else COMPLETED)
            case made.Failing(code=code, message=message, is_mute=is_mute):
                self._speech.end(answer)
                if is_mute or answer.mouth is Mouth.DONE:
                    self.stop(answer, failed(code, message))
            case made.Waiting() | made.Thinking():
                pass
            case _:
                assert_never(mind)

    def _finish(self, answer: Answer, ending: Ending, index: int = 0) -> None:
        self._speech.finish_item(answer, is_complete=ending.is_complete)
        if ending.is_complete:
            self._calls.request_theirs(answer.plan, answer.calls)
        is_followed = ending.is_complete and answer.is_in_conversation and self._calls.has_own(answer.response_id)
        self._scribe.write(
            rows.ResponseFinished(
                response=finished_response(self._scribe.fold, answer, ending),
                failure=ending.failure,
                is_followed=is_followed,
                index=index,
            )
        )
        del self._running[answer.response_id]
        if not is_followed:
            self._times.finish(answer.plan.turn_id)
        self.settle()

    def _found(self, response_id: str) -> Answer | None:
        if self._guess is not None and self._guess.response_id == response_id:
            return self._guess
        return self._running.get(response_id)


def _was_cut(conversation: Conversation, state: ResponseState) -> bool:
    """Whether the last owner was cutting it when it went away."""
    item = conversation.facts.items.get(state.started.item_id)
    is_ended = state.item is not None and state.item.status == "incomplete"
    return is_ended or (item is not None and item.heard_text is not None)


def _rebuilt(conversation: Conversation, state: ResponseState) -> Answer:
    """A running response as the fold has it. Its words are brought again and held against what was published."""
    known = conversation.facts.speech.get(state.started.item_id, [])
    answer = Answer(plan=state.started, stage=Stage.RUNNING, mind=made.Waiting())
    answer.segments = [Segment(s.text, s.key, Sound.UNASKED, s.duration_ms) for s in known]
    answer.published = len(answer.segments)
    if state.item is not None:
        answer.mouth = Mouth.DONE
    return answer
