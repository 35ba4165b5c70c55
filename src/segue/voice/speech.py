"""The message of a response: its sound asked for ahead, its words published, its speech handed to the speaker.

Rules: words are published in order and before their sound; sound is made a few segments ahead and no further; nobody
speaks before somebody is attached to this owner, so that a takeover begins where the client is.
"""

from typing import Final

from segue.model.ids import ItemId, OperationKey
from segue.telemetry.marks import MarkName
from segue.voice import results, rows
from segue.voice.answer import Answer, Mouth, Sound, Stage
from segue.voice.customers import SoundOf
from segue.voice.effects import CutSpeech, EndSpeech, Speak
from segue.voice.inputs import SpeechSent
from segue.voice.operations import GivenUp, News, Operations, Restarted
from segue.voice.scribe import Scribe
from segue.voice.timing import TurnTimes
from segue.wire.realtime.items import Message, OutputAudioPart, OutputText


class Speech:
    """What responses say, of one session."""

    def __init__(self, scribe: Scribe, operations: Operations, times: TurnTimes) -> None:
        self.has_listener = False
        """Somebody is, or was, attached to this owner."""
        self._scribe = scribe
        self._operations = operations
        self._times = times

    def ask_sound(self, answer: Answer) -> None:
        """Have the next segments synthesized."""
        is_guessed = answer.stage is Stage.GUESSED
        if not answer.is_spoken or not (is_guessed or self.has_listener):
            return
        ahead_max = GUESSED_SOUND_AHEAD_MAX if is_guessed else SOUND_AHEAD_MAX
        asked = sum(segment.sound is Sound.ASKED for segment in answer.segments)
        for number, segment in enumerate(answer.segments):
            if asked >= ahead_max:
                return
            if segment.sound is Sound.UNASKED:
                request = self._request(answer, number)
                customer = SoundOf(answer.response_id, number)
                segment.sound = Sound.ASKED
                segment.key = self._operations.start(answer.name, request, customer)
                asked += 1

    def handle_sound(self, answer: Answer, number: int, news: News) -> str | None:
        """The voice brought something; returns why a segment can never be spoken, if so."""
        if number >= len(answer.segments):
            return None
        match news:
            case results.SpeechDelta():
                self._times.stamp(answer.plan.turn_id, MarkName.TTS_FIRST)
            case results.Synthesized(duration_ms=duration_ms):
                self._times.stamp(answer.plan.turn_id, MarkName.TTS_FIRST)
                answer.segments[number].sound = Sound.MADE
                answer.segments[number].duration_ms = duration_ms
                self._note_duration(answer, number)
            case GivenUp(reason=reason):
                answer.segments[number].sound = Sound.UNASKED
                return reason
            case Restarted():
                pass
            case _:
                raise AssertionError(f"the voice does not bring {type(news).__name__}")
        return None

    def publish(self, answer: Answer) -> None:
        """Put all whole segments in rows, and have them spoken."""
        while answer.published < len(answer.segments):
            self._publish_next(answer)

    def speak_on(self, answer: Answer, skip_ms: int) -> None:
        """Speak what is published, after a takeover: from `skip_ms` of the item on.

        What the client has whole is not made again; the last segment is spoken in any case: its end is reported.
        """
        end_ms = 0
        for number, segment in enumerate(answer.segments[: answer.published]):
            end_ms += segment.duration_ms or 0
            is_with_client = segment.duration_ms is not None and end_ms <= skip_ms
            if is_with_client:
                segment.sound = Sound.MADE
            if not is_with_client or number == answer.published - 1:
                self._speak(answer, number, skip_ms)

    def end(self, answer: Answer) -> None:
        """All words are known: tell the speaker, or be done if there is nothing for it."""
        if answer.mouth is Mouth.SPEAKING:
            answer.mouth = Mouth.ENDING
            self._scribe.perform(EndSpeech(item_id=ItemId(answer.item_id)))
        elif answer.mouth is Mouth.SILENT and not (answer.is_spoken and answer.segments):
            answer.mouth = Mouth.DONE

    def handle_sent(self, answer: Answer, event: SpeechSent) -> None:
        """The speaker has handed audio on."""
        if event.sent_ms > 0:
            self._times.stamp(answer.plan.turn_id, MarkName.CORE_OUT)
        if event.is_drained and answer.mouth is Mouth.ENDING:
            answer.mouth = Mouth.DONE

    def cut(self, answer: Answer) -> None:
        """Nothing more of it is spoken."""
        self.cancel(answer, 0)
        if answer.is_spoken and answer.mouth in (Mouth.SPEAKING, Mouth.ENDING):
            self._scribe.perform(CutSpeech(item_id=ItemId(answer.item_id)))

    def cancel(self, answer: Answer, from_segment: int) -> None:
        """Nobody wants the sound of these segments."""
        for segment in answer.segments[from_segment:]:
            if segment.sound is Sound.ASKED:
                self._operations.cancel(OperationKey(segment.key))

    def finish_item(self, answer: Answer, *, is_complete: bool) -> None:
        """End the message, if it was begun and not ended."""
        state = self._scribe.fold.facts.responses[answer.response_id]
        if not state.is_item_started or state.item is not None:
            return
        text = answer.published_text
        self._scribe.write(
            rows.ItemFinished(
                response_id=answer.response_id,
                item=Message(
                    id=answer.item_id,
                    role="assistant",
                    content=(OutputAudioPart(transcript=text) if answer.is_spoken else OutputText(text=text),),
                    status="completed" if is_complete else "incomplete",
                ),
                previous_item_id=self._scribe.fold.item_before(answer.item_id),
                modality=answer.plan.modality,
                is_in_conversation=answer.is_in_conversation,
            )
        )

    def _publish_next(self, answer: Answer) -> None:
        plan, number = answer.plan, answer.published
        segment = answer.segments[number]
        if number == 0:
            self._start_item(answer)
        if answer.is_spoken and not segment.key:
            segment.key = self._operations.key(answer.name, self._request(answer, number))
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
        self._note_duration(answer, number)
        if answer.is_spoken and self.has_listener:
            self._speak(answer, number, 0)

    def _start_item(self, answer: Answer) -> None:
        self._times.answer(answer.plan.turn_id, answer.item_id)
        self._scribe.write(
            rows.ItemStarted(
                response_id=answer.response_id,
                item_id=answer.item_id,
                previous_item_id=self._scribe.fold.last_item_id,
                modality=answer.plan.modality,
                is_in_conversation=answer.is_in_conversation,
            )
        )

    def _request(self, answer: Answer, number: int) -> results.Synthesize:
        text, voice = answer.segments[number].text, answer.plan.voice
        return results.Synthesize(item_id=ItemId(answer.item_id), segment=number, text=text, voice=voice)

    def _speak(self, answer: Answer, number: int, skip_ms: int) -> None:
        answer.mouth = Mouth.SPEAKING
        key = OperationKey(answer.segments[number].key)
        self._scribe.perform(Speak(item_id=ItemId(answer.item_id), segment=number, key=key, skip_ms=skip_ms))

    def _note_duration(self, answer: Answer, number: int) -> None:
        """The length of a segment is known and published: keep it."""
        duration_ms = answer.segments[number].duration_ms
        known = self._scribe.fold.facts.speech.get(answer.item_id, [])
        if duration_ms is not None and number < len(known) and known[number].duration_ms != duration_ms:
            self._scribe.note(rows.SegmentSynthesized(item_id=answer.item_id, segment=number, duration_ms=duration_ms))


SOUND_AHEAD_MAX: Final = 3
"""Segments being synthesized at once: enough that speech never waits, few enough that a cut wastes little."""

GUESSED_SOUND_AHEAD_MAX: Final = 1
"""The same for an answer nobody may hear."""
