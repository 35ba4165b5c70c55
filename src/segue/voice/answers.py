"""The life of responses: owed, guessed ahead, begun, spoken, finished, cut.

    owed ──▶ begin ─────────────────────────────▶ RUNNING ──▶ finish (completed | incomplete | failed)
    turn pauses ──▶ guess ──▶ GUESSED ──release──▶   │
                                └──drop (user goes on) └──▶ stop (cancelled)

Rules: at most one response of the conversation runs; out-of-band ones run beside it, silently queued by nobody. Nothing
of a guessed answer is told, spoken or called. Ids come from the origin, so that a guess is released under its own keys.
"""

from dataclasses import dataclass
from typing import Final, assert_never

import msgspec

from segue.model.ids import ItemId, OperationKey
from segue.model.limits import RESPONSE_SEGMENTS_MAX
from segue.telemetry.marks import MarkName
from segue.voice import answer as made
from segue.voice import results, rows
from segue.voice.agent import AgentSpec
from segue.voice.answer import Answer, Mouth, Segment, Sound, Stage
from segue.voice.calls import Calls
from segue.voice.customers import AnswerOf, SoundOf
from segue.voice.effects import CutSpeech, EndSpeech, Speak
from segue.voice.inputs import SpeechSent
from segue.voice.operations import GivenUp, News, Operations, Restarted
from segue.voice.requests import continuation, generate_request
from segue.voice.scribe import Scribe
from segue.voice.state import OwedAnswer, ResponseState
from segue.voice.timing import TurnTimes
from segue.voice.usage import response_usage, text_tokens
from segue.wire.realtime.client import ResponseParams
from segue.wire.realtime.errors import WireErrorCode
from segue.wire.realtime.items import (
    Item,
    Message,
    OutputAudioPart,
    OutputText,
    Response,
    ResponseStatus,
    StatusDetails,
    StatusError,
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a response ends."""

    status: ResponseStatus
    details: StatusDetails | None = None
    failure: rows.ResponseFailure | None = None


COMPLETED: Final = Ending("completed")
CUT_OFF: Final = Ending("incomplete", StatusDetails(type="incomplete", reason="max_output_tokens"))


def cancelled(reason: str) -> Ending:
    """Cancelled by the user's turn (`turn_detected`) or by the client (`client_cancelled`)."""
    return Ending("cancelled", StatusDetails(type="cancelled", reason=reason))


def failed(code: str, message: str) -> Ending:
    """Given up; the client is told why."""
    error = StatusError(type="server_error", code=code)
    return Ending("failed", StatusDetails(type="failed", error=error), rows.ResponseFailure(code=code, message=message))


class Answers:
    """All responses of one session that have not finished."""

    def __init__(self, scribe: Scribe, operations: Operations, agent: AgentSpec, times: TurnTimes) -> None:
        self._scribe = scribe
        self._operations = operations
        self._agent = agent
        self._times = times
        self._calls = Calls(scribe, operations, agent)
        self._running: dict[str, Answer] = {}
        self._guess: Answer | None = None
        self._has_listener = False

    @property
    def active(self) -> Answer | None:
        """The running response of the conversation."""
        return next((answer for answer in self._running.values() if answer.is_in_conversation), None)

    def find(self, response_id: str) -> Answer | None:
        """A running response by its id."""
        return self._running.get(response_id)

    # How a response begins.

    def guess(self, turn_id: str, text: str) -> None:
        """Think ahead about a turn that may be over; an earlier guess that expected other words is dropped."""
        owed = OwedAnswer(origin=f"turn:{turn_id}", turn_id=turn_id)
        plan = self._plan(owed)
        request = generate_request(self._scribe.fold, self._agent, plan, pending=text)
        key = self._operations.key(plan.origin, request)
        if self._guess is not None and self._guess.plan.key == key:
            return
        self.drop_guess()
        self._times.forget(turn_id, MarkName.LLM_FIRST, MarkName.TTS_FIRST)
        self._guess = Answer(plan=msgspec.structs.replace(plan, key=key), stage=Stage.GUESSED, mind=made.Thinking(key))
        self._operations.start(plan.origin, request, AnswerOf(plan.response_id), key=key)

    def drop_guess(self) -> None:
        """The user goes on: nobody hears of it."""
        guess, self._guess = self._guess, None
        if guess is not None:
            self._cancel_work(guess)

    def settle(self) -> None:
        """Begin the answer that is owed, if nothing is in its way; it waits for words still with the recogniser."""
        owed = self._scribe.fold.facts.owed
        if owed is None or self.active is not None or self._scribe.fold.facts.awaited:
            return
        plan = self._plan(owed)
        guess, self._guess = self._guess, None
        if guess is not None and guess.response_id == plan.response_id and self._still_holds(guess, plan):
            self._release(guess, plan)
            return
        if guess is not None:
            self._cancel_work(guess)
        self._begin(plan)

    def create(self, params: ResponseParams, index: int) -> None:
        """The client asks for a response; the caller saw to it that none of the conversation is running."""
        self.drop_guess()
        owed = OwedAnswer(origin=f"client:{index}", turn_id="", params=params)
        self._begin(msgspec.structs.replace(self._plan(owed), index=index))

    def greet(self, text: str) -> None:
        """Say the agent's greeting."""
        plan = self._plan(OwedAnswer(origin="greeting", turn_id=""))
        self._begin(msgspec.structs.replace(plan, script=text))

    def handle_transcripts(self, lost: str | None = None) -> None:
        """Words of the user were understood, or `lost` says why never: whoever waited for the last ones goes on."""
        if self._scribe.fold.facts.awaited:
            return
        owed = self._scribe.fold.facts.owed
        if lost is not None and owed is not None and self.active is None:
            plan = self._plan(owed)
            self._running[plan.response_id] = Answer(plan=plan, stage=Stage.RUNNING, mind=made.Waiting())
            self._scribe.write(plan)
        for answer in list(self._running.values()):
            if not isinstance(answer.mind, made.Waiting):
                continue
            if lost is None:
                self._think(answer)
            else:
                answer.mind = made.Failing(WireErrorCode.PROVIDER, f"what was said could not be understood: {lost}")
                self._go_on(answer)
        self.settle()

    # What operations bring.

    def handle_news(self, response_id: str, news: News) -> None:
        """The model brought something."""
        answer = self._found(response_id)
        if answer is None or not isinstance(answer.mind, made.Thinking):
            return
        match news:
            case results.TextDelta(text=text):
                self._times.stamp(answer.plan.turn_id, MarkName.LLM_FIRST)
                if not answer.take(text):
                    self._continue_differently(answer, answer.mind)
            case results.ToolCallDelta() as call:
                self._times.stamp(answer.plan.turn_id, MarkName.LLM_FIRST)
                answer.calls.append(
                    results.ToolCallRecord(call_id=call.call_id, name=call.name, arguments=call.arguments)
                )
            case results.Generated() as end:
                if answer.take_rest():
                    answer.mind = made.Decided(end)
                else:
                    self._continue_differently(answer, answer.mind)
            case Restarted():
                self._forget_unpublished(answer)
                answer.begin_again()
            case GivenUp(reason=reason):
                answer.mind = made.Failing(WireErrorCode.PROVIDER, f"no answer could be made: {reason}")
            case _:
                raise AssertionError(f"the dialogue model does not bring {type(news).__name__}")
        self._go_on(answer)

    def handle_sound(self, response_id: str, number: int, news: News) -> None:
        """The voice brought something."""
        answer = self._found(response_id)
        if answer is None or number >= len(answer.segments):
            return
        segment = answer.segments[number]
        match news:
            case results.SpeechDelta():
                self._times.stamp(answer.plan.turn_id, MarkName.TTS_FIRST)
            case results.Synthesized(duration_ms=duration_ms):
                self._times.stamp(answer.plan.turn_id, MarkName.TTS_FIRST)
                segment.sound = Sound.MADE
                segment.duration_ms = duration_ms
                if number < answer.published:
                    self._note_duration(answer, number)
            case GivenUp(reason=reason):
                self._cancel_mind(answer)
                answer.mind = made.Failing(WireErrorCode.PROVIDER, f"speech could not be made: {reason}", True)
            case Restarted():
                pass
            case _:
                raise AssertionError(f"the voice does not bring {type(news).__name__}")
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
        if answer is None:
            return
        if event.sent_ms > 0:
            self._times.stamp(answer.plan.turn_id, MarkName.CORE_OUT)
        if event.is_drained and answer.mouth is Mouth.ENDING:
            answer.mouth = Mouth.DONE
            self._go_on(answer)

    # How a response ends before its time.

    def stop(self, answer: Answer, ending: Ending, index: int = 0) -> None:
        """End it now: nothing of it is said after this."""
        self._cancel_work(answer)
        self._calls.abandon(answer.response_id)
        if answer.is_spoken and answer.mouth in (Mouth.SPEAKING, Mouth.ENDING):
            self._scribe.perform(CutSpeech(item_id=ItemId(answer.item_id)))
        self._finish(answer, ending, index)

    # After a takeover.

    def resume(self) -> None:
        """Take up every response of the fold: what is finished is reused, what is not is asked for again."""
        for state in list(self._scribe.fold.facts.responses.values()):
            answer = self._rebuilt(state)
            self._running[answer.response_id] = answer
            if self._was_cut(state):
                self._finish(answer, cancelled("turn_detected"))
                continue
            if state.started.script is not None or not self._scribe.fold.facts.awaited:
                self._think(answer)
            self._calls.resume(answer.response_id)
        self.settle()

    def handle_listener(self, skip_ms: int) -> None:
        """Somebody is attached to this owner for the first time: speak, from where they have it."""
        if self._has_listener:
            return
        self._has_listener = True
        for answer in list(self._running.values()):
            if answer.is_spoken and answer.mouth is Mouth.SILENT:
                self._speak_on(answer, skip_ms)
            self._go_on(answer)

    # The parts of one response.

    def _plan(self, owed: OwedAnswer) -> rows.ResponseStarted:
        session, params = self._scribe.fold.session, owed.params
        name = owed.origin if owed.round == 1 else f"{owed.origin}#{owed.round}"
        modality = (params.output_modalities or session.output_modalities)[0]
        is_apart = params.conversation == "none"
        facts = self._scribe.fold.facts
        return rows.ResponseStarted(
            response_id=self._scribe.name("resp", name),
            item_id=self._scribe.name("item", name),
            origin=owed.origin,
            turn_id=owed.turn_id,
            round=owed.round,
            after=facts.order[-1] if facts.order else None,
            modality=modality,
            voice=_voice(params) or session.audio.output.voice,
            conversation_id=None if is_apart else self._scribe.name("conv"),
            params=params,
        )

    def _still_holds(self, guess: Answer, plan: rows.ResponseStarted) -> bool:
        """Whether what was guessed answers what was said in the end."""
        request = generate_request(self._scribe.fold, self._agent, plan)
        return self._operations.key(plan.origin, request) == guess.plan.key and guess.plan.modality == plan.modality

    def _release(self, guess: Answer, plan: rows.ResponseStarted) -> None:
        guess.plan = msgspec.structs.replace(plan, key=guess.plan.key)
        guess.stage = Stage.RUNNING
        self._running[plan.response_id] = guess
        self._scribe.write(guess.plan)
        self._go_on(guess)

    def _begin(self, plan: rows.ResponseStarted) -> None:
        answer = Answer(plan=plan, stage=Stage.RUNNING, mind=made.Waiting())
        self._running[plan.response_id] = answer
        self._scribe.write(plan)
        if plan.script is not None or not self._scribe.fold.facts.awaited:
            self._think(answer)

    def _think(self, answer: Answer) -> None:
        plan = answer.plan
        if plan.script is not None:
            answer.take(plan.script)
            answer.take_rest()
            answer.mind = made.Decided(results.Generated(reason="stop", input_tokens=0, output_tokens=0))
            self._go_on(answer)
            return
        request = generate_request(self._scribe.fold, self._agent, plan)
        key = OperationKey(plan.key) if plan.key else self._operations.key(_name(plan), request)
        answer.mind = made.Thinking(key)
        self._operations.start(_name(plan), request, AnswerOf(plan.response_id), key=key)

    def _continue_differently(self, answer: Answer, mind: made.Thinking) -> None:
        """A repeated attempt says something else: have it go on from what was said, instead."""
        self._operations.cancel(mind.key, "the new attempt says something else than was already said")
        answer.go_on_from_here()
        request = continuation(generate_request(self._scribe.fold, self._agent, answer.plan), answer.text)
        key = self._operations.key(_name(answer.plan), request)
        answer.mind = made.Thinking(key)
        self._operations.start(_name(answer.plan), request, AnswerOf(answer.response_id), key=key)

    def _go_on(self, answer: Answer) -> None:
        """Do what can be done next: ask for sound, publish, speak, end."""
        self._ask_sound(answer)
        if answer.stage is Stage.GUESSED or answer.response_id not in self._running:
            return
        if len(answer.segments) > RESPONSE_SEGMENTS_MAX:
            del answer.segments[RESPONSE_SEGMENTS_MAX:]
            self._cancel_mind(answer)
            answer.mind = made.Decided(results.Generated(reason="length", input_tokens=0, output_tokens=0))
        while answer.published < len(answer.segments):
            self._publish(answer, answer.published)
        match answer.mind:
            case made.Decided(end=end):
                self._calls.request_own(answer.plan, answer.calls)
                self._end_speech(answer)
                if answer.mouth is Mouth.DONE and not self._calls.are_running(answer.response_id):
                    self._finish(answer, CUT_OFF if end.reason == "length" else COMPLETED)
            case made.Failing(code=code, message=message, is_mute=is_mute):
                self._end_speech(answer)
                if is_mute or answer.mouth is Mouth.DONE:
                    self.stop(answer, failed(code, message))
            case made.Waiting() | made.Thinking():
                pass
            case _:
                assert_never(answer.mind)

    def _ask_sound(self, answer: Answer) -> None:
        is_heard = answer.stage is Stage.GUESSED or self._has_listener
        if not answer.is_spoken or not is_heard:
            return
        ahead_max = SOUND_AHEAD_MAX if answer.stage is Stage.RUNNING else GUESSED_SOUND_AHEAD_MAX
        asked = sum(segment.sound is Sound.ASKED for segment in answer.segments)
        for number, segment in enumerate(answer.segments):
            if asked >= ahead_max:
                return
            if segment.sound is Sound.UNASKED:
                request = self._sound_request(answer, number)
                customer = SoundOf(answer.response_id, number)
                segment.sound = Sound.ASKED
                segment.key = self._operations.start(_name(answer.plan), request, customer)
                asked += 1

    def _sound_request(self, answer: Answer, number: int) -> results.Synthesize:
        text, voice = answer.segments[number].text, answer.plan.voice
        return results.Synthesize(item_id=ItemId(answer.item_id), segment=number, text=text, voice=voice)

    def _publish(self, answer: Answer, number: int) -> None:
        plan, segment = answer.plan, answer.segments[number]
        if number == 0:
            self._times.answer(plan.turn_id, answer.item_id)
            self._scribe.write(
                rows.ItemStarted(
                    response_id=answer.response_id,
                    item_id=answer.item_id,
                    previous_item_id=self._scribe.fold.last_item_id,
                    modality=plan.modality,
                    is_in_conversation=answer.is_in_conversation,
                )
            )
        if answer.is_spoken and not segment.key:
            segment.key = self._operations.key(_name(plan), self._sound_request(answer, number))
        self._scribe.write(
            rows.SegmentAdded(
                response_id=answer.response_id,
                item_id=answer.item_id,
                segment=number,
                text=segment.text,
                modality=plan.modality,
                key=segment.key,
                voice=plan.voice if answer.is_spoken else "",
            )
        )
        answer.published += 1
        if segment.duration_ms is not None:
            self._note_duration(answer, number)
        if answer.is_spoken and self._has_listener:
            self._speak(answer, number, 0)

    def _speak(self, answer: Answer, number: int, skip_ms: int) -> None:
        answer.mouth = Mouth.SPEAKING
        key = OperationKey(answer.segments[number].key)
        self._scribe.perform(Speak(item_id=ItemId(answer.item_id), segment=number, key=key, skip_ms=skip_ms))

    def _speak_on(self, answer: Answer, skip_ms: int) -> None:
        """Speak what is published, after a takeover: from `skip_ms` of the item on."""
        end_ms = 0
        for number, segment in enumerate(answer.segments[: answer.published]):
            end_ms += segment.duration_ms or 0
            if segment.duration_ms is not None and end_ms <= skip_ms:
                segment.sound = Sound.MADE
            else:
                self._speak(answer, number, skip_ms)
        if answer.published:
            answer.mouth = Mouth.SPEAKING

    def _note_duration(self, answer: Answer, number: int) -> None:
        duration_ms = answer.segments[number].duration_ms
        known = self._scribe.fold.facts.speech.get(answer.item_id, [])
        if duration_ms is not None and number < len(known) and known[number].duration_ms != duration_ms:
            self._scribe.note(rows.SegmentSynthesized(item_id=answer.item_id, segment=number, duration_ms=duration_ms))

    def _end_speech(self, answer: Answer) -> None:
        """All words are known: tell the speaker, or be done if there is nothing for it."""
        if answer.mouth is Mouth.SPEAKING:
            answer.mouth = Mouth.ENDING
            self._scribe.perform(EndSpeech(item_id=ItemId(answer.item_id)))
        elif answer.mouth is Mouth.SILENT and not (answer.is_spoken and answer.segments):
            answer.mouth = Mouth.DONE

    def _finish(self, answer: Answer, ending: Ending, index: int = 0) -> None:
        state = self._scribe.fold.facts.responses[answer.response_id]
        if state.is_item_started and state.item is None:
            self._finish_item(answer, ending.status == "completed")
        if ending.status == "completed":
            self._calls.request_theirs(answer.plan, answer.calls)
        is_followed = ending.status == "completed" and answer.is_in_conversation and _has_returned(state)
        self._scribe.write(
            rows.ResponseFinished(
                response=self._response(answer, state, ending),
                failure=ending.failure,
                is_followed=is_followed,
                index=index,
            )
        )
        if not is_followed:
            self._times.finish(answer.plan.turn_id)
        del self._running[answer.response_id]
        self.settle()

    def _finish_item(self, answer: Answer, is_complete: bool) -> None:
        text = answer.published_text
        part = OutputAudioPart(transcript=text) if answer.is_spoken else OutputText(text=text)
        self._scribe.write(
            rows.ItemFinished(
                response_id=answer.response_id,
                item=Message(
                    id=answer.item_id,
                    role="assistant",
                    content=(part,),
                    status="completed" if is_complete else "incomplete",
                ),
                previous_item_id=self._previous(answer.item_id),
                modality=answer.plan.modality,
                is_in_conversation=answer.is_in_conversation,
            )
        )

    def _previous(self, item_id: str) -> str | None:
        facts = self._scribe.fold.facts
        if item_id not in facts.items:
            return None
        before = facts.order[: facts.order.index(item_id)]
        return next((i for i in reversed(before) if not facts.items[i].is_own_call), None)

    def _response(self, answer: Answer, state: ResponseState, ending: Ending) -> Response:
        plan = answer.plan
        output: list[Item] = [state.item] if state.item is not None else []
        output += [call.item for call in state.calls if not call.is_own]
        end = answer.mind.end if isinstance(answer.mind, made.Decided) else None
        known = self._scribe.fold.facts.speech.get(answer.item_id, [])
        return Response(
            id=plan.response_id,
            status=ending.status,
            output=tuple(output),
            conversation_id=plan.conversation_id,
            output_modalities=(plan.modality,),
            metadata=plan.params.metadata,
            status_details=ending.details,
            usage=response_usage(
                input_text_tokens=end.input_tokens if end is not None else 0,
                output_text_tokens=(end.output_tokens if end is not None else 0) or text_tokens(answer.published_text),
                output_audio_ms=sum(segment.duration_ms or 0 for segment in known),
            ),
            max_output_tokens=plan.params.max_output_tokens or self._scribe.fold.session.max_output_tokens,
        )

    def _was_cut(self, state: ResponseState) -> bool:
        """Whether the last owner was cutting it when it went away."""
        item = self._scribe.fold.facts.items.get(state.started.item_id)
        is_ended = state.item is not None and state.item.status == "incomplete"
        return is_ended or (item is not None and item.heard_text is not None)

    def _rebuilt(self, state: ResponseState) -> Answer:
        """A running response as the fold has it. Its words are brought again and held against what was published."""
        plan = state.started
        known = self._scribe.fold.facts.speech.get(plan.item_id, [])
        answer = Answer(plan=plan, stage=Stage.RUNNING, mind=made.Waiting())
        answer.segments = [Segment(s.text, s.key, Sound.UNASKED, s.duration_ms) for s in known]
        answer.published = len(answer.segments)
        if state.item is not None:
            answer.mouth = Mouth.DONE
        return answer

    def _forget_unpublished(self, answer: Answer) -> None:
        for segment in answer.segments[answer.published :]:
            if segment.sound is Sound.ASKED:
                self._operations.cancel(OperationKey(segment.key))

    def _cancel_work(self, answer: Answer) -> None:
        self._cancel_mind(answer)
        for segment in answer.segments:
            if segment.sound is Sound.ASKED:
                self._operations.cancel(OperationKey(segment.key))

    def _cancel_mind(self, answer: Answer) -> None:
        if isinstance(answer.mind, made.Thinking):
            self._operations.cancel(answer.mind.key)

    def _found(self, response_id: str) -> Answer | None:
        if self._guess is not None and self._guess.response_id == response_id:
            return self._guess
        return self._running.get(response_id)


def _name(plan: rows.ResponseStarted) -> str:
    """Under which name the operations of a response are known."""
    return plan.origin if plan.round == 1 else f"{plan.origin}#{plan.round}"


def _has_returned(state: ResponseState) -> bool:
    return any(call.is_own and call.is_returned for call in state.calls)


def _voice(params: ResponseParams) -> str | None:
    output = (params.audio or {}).get("output")
    voice = output.get("voice") if isinstance(output, dict) else None
    return voice if isinstance(voice, str) and voice else None


SOUND_AHEAD_MAX: Final = 3
"""Segments being synthesized at once: enough that speech never waits, few enough that a cut wastes little."""

GUESSED_SOUND_AHEAD_MAX: Final = 1
"""The same for an answer nobody may hear."""
