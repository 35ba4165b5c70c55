from segue.voice import rows
from segue.voice.projection import is_aware_only, project, running_response, with_text
from segue.wire.realtime import server
from segue.wire.realtime.client import ResponseParams
from segue.wire.realtime.items import FunctionCall, Message, OutputAudioPart, Response
from tests.support.voice_stage import Stage, type_of


def names(row: rows.VoiceRow) -> list[str]:
    return [type_of(event) for event in project(row)]


def test_the_same_row_is_the_same_events_whoever_projects_it() -> None:
    stage = Stage().begin()
    stage.say("what time is it?")
    events = [event for row in stage.rows for event in project(rows.decode_row(row))]  # type: ignore[arg-type]
    told = [event for event in stage.events if type_of(event) != "segue.transcript.partial"]
    assert events == told


def test_a_manual_turn_has_no_speech_stopped_and_a_false_one_is_not_told() -> None:
    committed = rows.TurnCommitted(
        turn_id="t", item_id="i", previous_item_id="p", audio_start_ms=0, audio_end_ms=9, is_manual=True
    )
    assert names(committed) == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert names(rows.TurnDropped(audio_end_ms=9)) == []
    assert names(rows.TurnDropped(audio_end_ms=9, item_id="i")) == ["input_audio_buffer.speech_stopped"]


def test_transcription_is_told_only_to_who_asked_for_it() -> None:
    assert names(rows.TurnTranscribed(item_id="i", text="hi", audio_ms=1_500, is_told=False)) == []
    completed = project(rows.TurnTranscribed(item_id="i", text="hi", audio_ms=1_500))[0]
    assert isinstance(completed, server.TranscriptionCompleted)
    assert completed.usage.seconds == 1.5
    assert names(rows.TranscriptionGivenUp(item_id="i", reason="x", is_told=False)) == []
    assert names(rows.TranscriptionGivenUp(item_id="i", reason="x")) == [
        "conversation.item.input_audio_transcription.failed"
    ]


def test_own_calls_are_told_to_nobody() -> None:
    def call(*, is_own: bool, is_in_conversation: bool = True) -> rows.CallRequested:
        item = FunctionCall(id="i", name="n", call_id="c", arguments="{}")
        return rows.CallRequested(
            response_id="r",
            item=item,
            previous_item_id=None,
            output_index=0,
            is_own=is_own,
            is_in_conversation=is_in_conversation,
        )

    assert names(call(is_own=True)) == []
    assert names(call(is_own=False))[1] == "conversation.item.added"
    assert not any(name.startswith("conversation") for name in names(call(is_own=False, is_in_conversation=False)))


def test_a_failure_is_told_twice_as_clients_expect() -> None:
    failure = rows.ResponseFailure(code="provider_error", message="down")
    row = rows.ResponseFinished(response=Response(id="r", status="failed"), failure=failure)
    assert names(row) == ["response.done", "error"]


def test_a_running_response_echoes_what_was_asked_for() -> None:
    params = ResponseParams(metadata={"a": 1}, max_output_tokens=7)
    started = rows.ResponseStarted(response_id="r", item_id="i", origin="o", modality="text", params=params)
    response = running_response(started)
    assert (response.metadata, response.max_output_tokens, response.output_modalities) == ({"a": 1}, 7, ("text",))
    assert response.conversation_id is None


def test_only_segue_events_are_for_aware_clients_only() -> None:
    heard = project(rows.ItemWasHeard(item_id="i", heard_ms=1, text="", is_cut=False))[0]
    assert is_aware_only(heard)
    assert not is_aware_only(server.AudioCleared())


def test_a_message_may_be_cut_to_what_was_heard() -> None:
    item = Message(role="assistant", content=(OutputAudioPart(transcript="One. Two."),))
    assert with_text(item, "One.").content == (OutputAudioPart(transcript="One."),)
