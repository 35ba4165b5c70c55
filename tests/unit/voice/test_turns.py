"""The user's turns: guessing in pauses, deciding, contesting the floor, and what is kept of the audio."""

from segue.voice import effects, results, rows
from segue.wire.realtime import server
from tests.support.voice_stage import Stage, type_of

SERVER_VAD = '{"audio":{"input":{"turn_detection":{"type":"server_vad","silence_duration_ms":600}}}}'
MANUAL = '{"audio":{"input":{"turn_detection":null}}}'


def playing(stage: Stage) -> Stage:
    """The agent is in the middle of ten seconds of speech."""
    stage.model = lambda _request: [
        results.TextDelta(text="One is the first number there is. Two comes after it, as you know. Three is the last.")
    ]
    stage.ms_per_letter = 120
    stage.say("count for me", silence_ms=1_200)
    stage.forget()
    return stage


def test_a_pause_is_thought_about_and_thrown_away_when_the_user_goes_on() -> None:
    stage = Stage().begin()
    stage.end_probability = 0.1
    stage.words = lambda _from, _to: "i would like"
    stage.audio(800, speech=True)
    stage.audio(200, speech=False)
    guessed = [start for start in stage.started if isinstance(start.request, results.Generate)]
    assert len(guessed) == 1, "it thinks ahead in the pause"
    stage.end_probability = 0.9
    stage.words = lambda _from, _to: "i would like a table for two."
    stage.audio(800, speech=True)
    stage.audio(800, speech=False)
    asked = [start.request for start in stage.started if isinstance(start.request, results.Generate)]
    assert len(asked) == 2
    assert [entry.text for entry in asked[-1].history] == ["i would like a table for two."]
    assert stage.told().count("response.created") == 1
    assert stage.told().count("input_audio_buffer.speech_started") == 1
    failed = [row for row in stage.of(rows.OperationGivenUp) if row.error == "superseded"]
    assert failed or stage.of(rows.OperationSettled)


def test_what_was_guessed_is_released_under_its_own_key() -> None:
    stage = Stage().begin()
    stage.say("what time is it?")
    generated = [start for start in stage.started if isinstance(start.request, results.Generate)]
    assert len(generated) == 1
    started = stage.of(rows.ResponseStarted)[0]
    assert started.key == generated[0].key


def test_server_vad_waits_for_its_silence_and_asks_no_model() -> None:
    stage = Stage().begin(SERVER_VAD)
    stage.words = lambda _from, _to: "and then"
    stage.audio(640, speech=True)
    stage.audio(500, speech=False)
    assert "input_audio_buffer.committed" not in stage.told()
    stage.audio(200, speech=False)
    assert "input_audio_buffer.committed" in stage.told()
    assert not [start for start in stage.started if isinstance(start.request, results.DetectEnd)]


def test_noise_is_dropped_and_answered_by_nobody() -> None:
    stage = Stage().begin()
    stage.say("You", speech_ms=300, silence_ms=1_800)
    assert stage.told()[1:] == ["input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped"]
    assert stage.history == []
    stage.say("hello there")
    assert "response.done" in stage.told()


def test_words_cut_the_agent_at_what_was_heard() -> None:
    stage = playing(Stage(is_aware=True).begin())
    active = next(iter(stage.facts.items.values()), None)
    assert active is not None
    agent_item = stage.facts.order[-1]
    stage.send(f'{{"type":"segue.playout","item_id":"{agent_item}","played_ms":4200,"buffered_ms":9000,"at_ns":1}}')
    stage.words = lambda _from, _to: "no stop that"
    stage.audio(1_000, speech=True)

    told = [type_of(event) for event in stage.events]
    assert told.index("segue.playout.hold") < told.index("input_audio_buffer.speech_started")
    assert "segue.playout.clear" in told
    heard = next(row for row in stage.of(rows.ItemWasHeard) if row.is_cut)
    assert heard.heard_ms == 4_200
    assert heard.text == "One is the first number there is."
    assert ("assistant", "One is the first number there is.") in stage.history


def test_a_cut_response_is_cancelled_in_the_order_clients_depend_on() -> None:
    stage = Stage().begin()
    stage.is_automatic = True
    stage.model = lambda _request: [results.TextDelta(text="First comes a long sentence that is spoken. Then")]
    stage.speaker.is_held = True
    stage.say("tell me a story")
    stage.forget()
    stage.words = lambda _from, _to: "wait a moment"
    stage.audio(1_000, speech=True)
    assert stage.told() == [
        "input_audio_buffer.speech_started",
        "response.output_audio.done",
        "response.output_audio_transcript.done",
        "response.content_part.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    done = stage.of(server.ResponseDone)[0].response
    assert (done.status, done.status_details.type, done.status_details.reason) == (
        "cancelled",
        "cancelled",
        "turn_detected",
    )
    assert stage.of(effects.CutSpeech)


def test_a_backchannel_does_not_take_the_floor() -> None:
    stage = playing(Stage(is_aware=True).begin())
    stage.words = lambda _from, _to: "mhm"
    stage.audio(350, speech=True)
    stage.audio(600, speech=False)
    told = [type_of(event) for event in stage.events]
    assert "segue.playout.hold" in told
    assert "segue.playout.resume" in told
    assert "input_audio_buffer.speech_started" not in told
    assert stage.of(effects.GoOnSpeech)
    assert [row.item_id for row in stage.of(rows.TurnDropped)] == [""]


def test_interrupt_response_false_never_contests_and_answers_after() -> None:
    patch = '{"audio":{"input":{"turn_detection":{"type":"semantic_vad","interrupt_response":false}}}}'
    stage = Stage().begin(patch)
    stage.speaker.is_held = True
    stage.say("first question please")
    assert stage.told().count("response.created") == 1
    stage.say("second question please")
    assert stage.told().count("response.created") == 1
    assert stage.told().count("input_audio_buffer.committed") == 2
    stage.speaker.is_held = False
    stage.work()
    assert stage.told().count("response.done") == 2


def test_create_response_false_only_transcribes() -> None:
    patch = '{"audio":{"input":{"turn_detection":{"type":"server_vad","create_response":false}}}}'
    stage = Stage().begin(patch)
    stage.say("hello there")
    assert "conversation.item.input_audio_transcription.completed" in stage.told()
    assert "response.created" not in stage.told()
    stage.send('{"type":"response.create"}')
    assert "response.done" in stage.told()


def test_a_manual_turn_is_committed_by_the_client_and_answered_when_asked() -> None:
    stage = Stage().begin(MANUAL)
    stage.audio(1_000, speech=True)
    stage.forget()
    stage.send('{"type":"input_audio_buffer.commit"}')
    assert stage.told()[:3] == [
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
    ]
    assert "response.created" not in stage.told()
    stage.send('{"type":"response.create"}')
    assert stage.told()[-1] == "response.done"
    assert stage.history[0] == ("user", "what time is it?")


def test_a_response_asked_for_before_the_words_are_known_waits_for_them() -> None:
    stage = Stage().begin(MANUAL)
    stage.is_automatic = False
    stage.audio(1_000, speech=True)
    stage.send('{"type":"input_audio_buffer.commit"}')
    stage.send('{"type":"response.create"}')
    assert stage.told()[-1] == "response.created"
    assert not [start for start in stage.started if isinstance(start.request, results.Generate)]
    stage.work()
    request = next(start.request for start in stage.started if isinstance(start.request, results.Generate))
    assert [entry.text for entry in request.history] == ["what time is it?"]
    assert stage.told()[-1] == "response.done"


def test_long_speech_is_understood_in_parts_and_its_audio_released() -> None:
    stage = Stage().begin()
    stage.is_checked = False
    stage.words = lambda from_ms, _to: f"part{from_ms // 1000}"
    stage.audio(40_000, speech=True)
    assert stage.audio_ms - stage.released.audio_ms <= 16_000
    stage.audio(2_000, speech=False)
    spans = [start.request for start in stage.started if isinstance(start.request, results.Transcribe)]
    assert all(span.to_ms - span.from_ms <= 15_000 for span in spans)
    text = stage.history[0][1]
    assert text.split()[0] == "part0"
    assert len(text.split()) >= 3


def test_silence_is_released_but_for_the_preroll() -> None:
    stage = Stage().begin()
    stage.audio(10_000, speech=False)
    assert 1_000 <= stage.audio_ms - stage.released.audio_ms <= 1_600
    assert not stage.bodies[1:]


def test_the_agent_is_not_kept_silent_for_a_contest_whose_audio_stopped() -> None:
    stage = playing(Stage(is_aware=True).begin())
    stage.is_automatic = False
    stage.audio(200, speech=True)
    assert stage.of(effects.HoldSpeech)
    stage.pass_ms(2_500)
    assert stage.of(effects.GoOnSpeech)
    assert "segue.playout.resume" in stage.told(aware=True)


def test_a_turn_that_was_over_before_it_took_the_floor_is_answered_without_more_audio() -> None:
    stage = playing(Stage().begin())
    stage.words = lambda _from, _to: "what is the time?"
    stage.is_automatic = False
    stage.audio(700, speech=True)
    stage.audio(900, speech=False)
    stage.is_automatic = True
    stage.work()
    assert "input_audio_buffer.committed" in stage.told()
    assert stage.told()[-1] == "response.done"
