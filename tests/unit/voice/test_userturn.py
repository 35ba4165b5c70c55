from segue.voice import results, rows
from tests.support.voice_stage import Stage


def test_a_turn_taken_up_after_a_takeover_does_not_hear_its_padding_as_a_pause() -> None:
    patch = (
        '{"audio":{"input":{"turn_detection":{"type":"server_vad","silence_duration_ms":100,"prefix_padding_ms":500}}}}'
    )
    stage = Stage().begin(patch)
    stage.audio(2_000, speech=False)
    stage.audio(600, speech=True)
    assert stage.facts.turn is not None
    stage.words = lambda _from, _to: ""
    stage.crash()
    assert stage.facts.turn is not None, "neither dropped nor committed"
    assert len(stage.of(rows.TurnOpened)) == 1


def test_the_end_of_turn_model_is_asked_again_while_it_doubts() -> None:
    stage = Stage().begin()
    stage.end_probability = 0.1
    stage.words = lambda _from, _to: "i would like to have"
    stage.audio(800, speech=True)
    stage.audio(1_400, speech=False)
    asked = [start for start in stage.started if isinstance(start.request, results.DetectEnd)]
    assert len(asked) >= 4
    assert "input_audio_buffer.committed" not in stage.told()
    stage.audio(400, speech=False)
    assert "input_audio_buffer.committed" in stage.told()


def test_the_commit_waits_for_the_last_words_and_is_taken_back_if_the_user_goes_on() -> None:
    stage = Stage().begin('{"audio":{"input":{"turn_detection":{"type":"server_vad","silence_duration_ms":200}}}}')
    stage.is_automatic = False
    stage.audio(800, speech=True)
    stage.audio(600, speech=False)
    assert "input_audio_buffer.committed" not in stage.told(), "it is decided, but not understood"
    stage.audio(400, speech=True)
    stage.is_automatic = True
    stage.work()
    assert "input_audio_buffer.committed" not in stage.told()
    stage.audio(600, speech=False)
    assert stage.told().count("input_audio_buffer.committed") == 1


def test_clearing_throws_an_open_turn_away() -> None:
    stage = Stage().begin()
    stage.audio(800, speech=True)
    stage.send('{"type":"input_audio_buffer.clear"}')
    assert stage.told()[-1] == "input_audio_buffer.cleared"
    assert stage.facts.turn is None
    stage.say("what time is it?")
    assert stage.history[0] == ("user", "what time is it?")


def test_the_client_may_commit_an_open_turn_and_then_asks_for_the_answer_itself() -> None:
    stage = Stage().begin()
    stage.audio(800, speech=True)
    stage.send('{"type":"input_audio_buffer.commit"}')
    told = stage.told()
    assert told[told.index("input_audio_buffer.speech_started") + 1] == "input_audio_buffer.speech_stopped"
    assert "response.created" not in told


def test_turn_detection_may_be_turned_off_in_the_middle_of_a_turn() -> None:
    stage = Stage().begin()
    stage.audio(800, speech=True)
    stage.send('{"type":"session.update","session":{"audio":{"input":{"turn_detection":null}}}}')
    stage.audio(2_000, speech=False)
    assert "input_audio_buffer.committed" not in stage.told()
    stage.send('{"type":"input_audio_buffer.commit"}')
    assert stage.history == [("user", "what time is it?")]
