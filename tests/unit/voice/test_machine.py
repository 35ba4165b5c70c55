"""The life of a session, from the first event to the end of the first answer."""

from segue.voice import effects
from tests.support.voice_stage import Stage


def test_a_spoken_turn_is_answered_aloud_in_the_order_clients_depend_on() -> None:
    stage = Stage().begin()

    stage.say("what time is it?")

    assert stage.told() == [
        "session.created",
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        "conversation.item.input_audio_transcription.completed",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_audio_transcript.delta",
        "response.output_audio_transcript.delta",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert stage.history == [("user", "what time is it?"), ("assistant", "It is noon. Anything else?")]
    assert [speak.segment for speak in stage.of(effects.Speak)] == [0, 1]
