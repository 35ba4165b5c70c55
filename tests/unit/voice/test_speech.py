"""After a takeover speech goes on where the client is: what it has is not made again, the rest is."""

from segue.voice import effects, results, rows
from segue.wire.realtime import server
from tests.support.voice_stage import Stage


def interrupted() -> tuple[Stage, str]:
    """Three segments are published, the first two are made; the core dies while it speaks."""
    stage = Stage().begin()
    stage.is_automatic = False
    stage.ms_per_letter = 100
    stage.model = lambda _request: [
        results.TextDelta(text="This is sentence one. This is the second sentence. And this is the third one.")
    ]
    stage.send('{"type":"response.create"}')
    for _ in range(3):
        stage.answer(stage.pending.pop(0))
    stage.speaker.is_held = True
    item_id = stage.facts.order[-1]
    stage.forget()
    return stage, item_id


def test_nothing_is_spoken_before_somebody_is_attached() -> None:
    stage, _ = interrupted()
    stage.crash(is_attached=False)
    assert not stage.of(effects.Speak)
    assert not [start for start in stage.started if isinstance(start.request, results.Synthesize)]


def test_speech_goes_on_from_the_sample_the_client_has() -> None:
    stage, item_id = interrupted()
    first_ms = stage.facts.speech[item_id][0].duration_ms
    seq = len(stage.rows)
    stage.crash(cursor=f"event_{seq}_0_a{(first_ms + 250) * 24}")
    spoken = stage.of(effects.Speak)
    assert [(speak.segment, speak.skip_ms) for speak in spoken] == [(1, first_ms + 250), (2, first_ms + 250)]
    made = [start.request.segment for start in stage.started if isinstance(start.request, results.Synthesize)]
    assert made == [1, 2]
    stage.is_automatic = True
    stage.work()
    assert stage.of(server.ResponseDone)[0].response.status == "completed"


def test_a_cursor_from_before_the_response_has_none_of_it() -> None:
    stage, _ = interrupted()
    stage.crash(cursor="event_1_0_a99000")
    assert {speak.skip_ms for speak in stage.of(effects.Speak)} == {0}


def test_an_item_that_was_sent_whole_is_ended_all_the_same() -> None:
    stage, item_id = interrupted()
    stage.answer(stage.pending.pop(0))
    length_ms = sum(segment.duration_ms for segment in stage.facts.speech[item_id])
    stage.crash(cursor=f"event_{len(stage.rows)}_0_a{length_ms * 24}")
    assert [speak.segment for speak in stage.of(effects.Speak)] == [2]
    stage.is_automatic = True
    stage.work()
    assert stage.of(effects.EndSpeech)
    assert stage.of(server.ResponseDone)[0].response.status == "completed"


def test_the_lengths_of_segments_are_kept() -> None:
    stage = Stage().begin()
    stage.say("what time is it?")
    lengths = [row.duration_ms for row in stage.of(rows.SegmentSynthesized)]
    assert lengths == [len("It is noon. ") * 50, len("Anything else?") * 50]
