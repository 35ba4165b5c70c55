from segue.voice import results, rows
from tests.support.voice_stage import Stage, failing

MANUAL = '{"audio":{"input":{"turn_detection":null,"transcription":{"language":"de","prompt":"names"}}}}'


def spans(stage: Stage) -> list[tuple[int, int]]:
    asked = [start.request for start in stage.started if isinstance(start.request, results.Transcribe)]
    return [(request.from_ms, request.to_ms) for request in asked]


def test_the_recogniser_is_given_the_sessions_language_and_prompt() -> None:
    stage = Stage().begin(MANUAL)
    stage.audio(1_000, speech=True)
    stage.send('{"type":"input_audio_buffer.commit"}')
    request = next(start.request for start in stage.started)
    assert isinstance(request, results.Transcribe)
    assert (request.language, request.prompt) == ("de", "names")


def test_a_long_manual_buffer_is_understood_part_by_part_and_joined_at_the_commit() -> None:
    stage = Stage().begin(MANUAL)
    stage.is_checked = False
    stage.words = lambda from_ms, _to: f"from{from_ms}"
    stage.audio(32_000, speech=True)
    assert len(stage.of(rows.TurnHeard)) == 2
    assert stage.released.audio_ms >= 27_000
    stage.send('{"type":"input_audio_buffer.commit"}')
    parts = spans(stage)
    assert all(to_ms - from_ms <= 15_000 for from_ms, to_ms in parts)
    assert stage.history == [("user", " ".join(f"from{from_ms}" for from_ms, _ in parts))]


def test_what_was_understood_for_good_survives_a_takeover_without_its_audio() -> None:
    stage = Stage().begin(MANUAL)
    stage.is_checked = False
    stage.words = lambda from_ms, _to: f"from{from_ms}"
    stage.audio(20_000, speech=True)
    stage.crash()
    asked = len(spans(stage))
    stage.send('{"type":"input_audio_buffer.commit"}')
    assert stage.history[0][1].startswith("from0 from")
    assert spans(stage)[asked:][0][0] > 0


def test_a_committed_turn_that_was_not_understood_is_asked_again_by_the_next_owner() -> None:
    stage = Stage().begin(MANUAL)
    stage.is_automatic = False
    stage.audio(1_000, speech=True)
    stage.send('{"type":"input_audio_buffer.commit"}')
    before = spans(stage)
    stage.crash()
    assert spans(stage)[len(before) :] == before
    stage.is_automatic = True
    stage.work()
    assert stage.history == [("user", "what time is it?")]


def test_a_committed_turn_that_cannot_be_understood_fails_the_response_that_waits_for_it() -> None:
    stage = Stage().begin(MANUAL)
    stage.fail = lambda start: (
        failing(start, is_retryable=False) if isinstance(start.request, results.Transcribe) else None
    )
    stage.is_automatic = False
    stage.audio(1_000, speech=True)
    stage.send('{"type":"input_audio_buffer.commit"}')
    stage.send('{"type":"response.create"}')
    stage.is_automatic = True
    stage.work()
    assert "conversation.item.input_audio_transcription.failed" in stage.told()
    assert stage.told()[-2:] == ["response.done", "error"]


def test_without_transcription_the_model_hears_and_the_client_is_not_told() -> None:
    stage = Stage().begin('{"audio":{"input":{"transcription":null}}}')
    stage.say("what time is it?")
    assert stage.history[0] == ("user", "what time is it?")
    assert not any("transcription" in name for name in stage.told())
