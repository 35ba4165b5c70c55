from segue.voice import inputs, results, rows
from tests.support.voice_stage import Stage


def test_a_response_is_asked_for_under_the_key_in_its_row() -> None:
    stage = Stage().begin()
    stage.is_automatic = False
    stage.send('{"type":"response.create"}')
    assert stage.pending[0].key == stage.of(rows.ResponseStarted)[0].key


def test_after_a_takeover_the_model_is_asked_again_under_the_same_key_and_repeats_nothing() -> None:
    stage = Stage().begin()
    stage.is_automatic = False
    stage.send('{"type":"response.create"}')
    start = stage.pending.pop(0)
    delta = results.TextDelta(text="The first sentence is here. The sec")
    stage.give(inputs.OperationProgressed(key=start.key, attempt=start.attempt, delta=delta))
    stage.crash()
    again = next(one for one in stage.pending if isinstance(one.request, results.Generate))
    assert again.key == start.key
    assert again.request == start.request
    stage.model = lambda _request: [results.TextDelta(text="The first sentence is here. The second one too.")]
    stage.is_automatic = True
    stage.work()
    assert [row.text for row in stage.of(rows.SegmentAdded)] == ["The first sentence is here. ", "The second one too."]


def test_a_finished_answer_is_not_asked_for_again() -> None:
    stage = Stage().begin()
    stage.speaker.is_held = True
    stage.send('{"type":"response.create"}')
    asked = len([start for start in stage.started if isinstance(start.request, results.Generate)])
    stage.crash()
    assert len([start for start in stage.started if isinstance(start.request, results.Generate)]) == asked
    stage.work()
    assert stage.history == [("assistant", "It is noon. Anything else?")]


def test_a_guess_that_fails_is_made_again_when_the_turn_is_over() -> None:
    from tests.support.voice_stage import failing

    stage = Stage().begin()
    stage.fail = lambda start: (
        failing(start, is_retryable=False) if isinstance(start.request, results.Generate) else None
    )
    stage.words = lambda _from, _to: "what time is it?"
    stage.audio(800, speech=True)
    stage.audio(160, speech=False)
    stage.fail = lambda _start: None
    stage.audio(1_500, speech=False)
    assert stage.history[-1] == ("assistant", "It is noon. Anything else?")
