"""What reached the ear, as the client says or as its clock must have it; holding, resuming and cutting."""

from segue.telemetry.marks import MarkName
from segue.voice import effects, rows
from segue.wire.realtime import server
from tests.support.voice_stage import Stage


def spoken(*, is_aware: bool) -> tuple[Stage, str]:
    """An agent item of 2.6 s that has just been sent whole."""
    stage = Stage(is_aware=is_aware).begin()
    stage.ms_per_letter = 100
    stage.send('{"type":"response.create"}')
    item_id = stage.facts.order[-1]
    stage.forget()
    return stage, item_id


def acknowledge(stage: Stage, item_id: str, played_ms: float, *, done: bool = False, more: str = "") -> None:
    flag = "true" if done else "false"
    stage.send(
        f'{{"type":"segue.playout","item_id":"{item_id}","played_ms":{played_ms},"buffered_ms":0,"at_ns":1,'
        f'"done":{flag}{more}}}'
    )


def heard(stage: Stage) -> list[tuple[int, str, bool]]:
    return [(row.heard_ms, row.text, row.is_cut) for row in stage.of(rows.ItemWasHeard)]


def test_without_acknowledgements_what_was_sent_plays_at_its_own_pace() -> None:
    stage, item_id = spoken(is_aware=False)
    stage.pass_ms(1_050)
    assert heard(stage) == [(1_000, "It is", False)]
    stage.pass_ms(5_000)
    assert heard(stage)[-1] == (2_600, "It is noon. Anything else?", False)
    assert stage.facts.items[item_id].heard_text is None


def test_acknowledgements_are_noted_in_steps_and_at_the_end() -> None:
    stage, item_id = spoken(is_aware=True)
    for played_ms in (300, 700, 1_100, 1_500):
        acknowledge(stage, item_id, played_ms)
    assert [ms for ms, _, _ in heard(stage)] == [1_100]
    acknowledge(stage, item_id, 2_600, done=True)
    assert heard(stage)[-1] == (2_600, "It is noon. Anything else?", False)


def test_a_client_never_heard_more_than_it_was_sent() -> None:
    stage, item_id = spoken(is_aware=False)
    stage.pass_ms(500)
    acknowledge(stage, item_id, -5)
    acknowledge(stage, "unknown", 700)
    assert heard(stage) == []


def test_a_client_that_stops_acknowledging_is_taken_to_have_played_it() -> None:
    stage, item_id = spoken(is_aware=True)
    acknowledge(stage, item_id, 400)
    stage.pass_ms(10_000)
    assert heard(stage)[-1][0] == 2_600


def test_the_clients_word_on_a_cut_corrects_ours() -> None:
    stage, item_id = spoken(is_aware=True)
    acknowledge(stage, item_id, 1_200)
    stage.words = lambda _from, _to: "stop it please"
    stage.audio(1_000, speech=True)
    assert heard(stage)[-1] == (1_200, "It is noon.", True)
    acknowledge(stage, item_id, 500, done=True)
    assert heard(stage)[-1][0] == 500
    assert stage.history[-1] == ("assistant", "It is")


def test_a_cut_item_is_not_spoken_any_more() -> None:
    stage, item_id = spoken(is_aware=True)
    stage.words = lambda _from, _to: "stop it please"
    stage.audio(1_000, speech=True)
    assert stage.of(effects.CutSpeech)[0].item_id == item_id
    assert stage.of(server.PlayoutClear)[0].item_id == item_id


def test_playout_is_a_mark_of_the_turn() -> None:
    stage = Stage(is_aware=True).begin()
    stage.say("what time is it?", silence_ms=500)
    item_id = stage.facts.order[-1]
    acknowledge(stage, item_id, 100, more=',"started_at_ns":5000,"received_at_ns":4000')
    stage.pass_ms(200)
    record = stage.of(rows.TurnTimed)[0].record
    names = {mark.name for mark in record.marks}
    assert {MarkName.EAR, MarkName.CLIENT_IN, MarkName.ENDPOINT, MarkName.LLM_FIRST} <= names
    assert record.item_id == item_id


def test_after_a_takeover_acknowledgements_go_on() -> None:
    stage, item_id = spoken(is_aware=True)
    acknowledge(stage, item_id, 400)
    stage.crash()
    acknowledge(stage, item_id, 1_500)
    stage.words = lambda _from, _to: "stop it please"
    stage.audio(1_000, speech=True)
    assert heard(stage)[-1] == (1_500, "It is noon.", True)


def test_a_takeover_in_a_contest_does_not_leave_the_client_silent() -> None:
    stage, item_id = spoken(is_aware=True)
    acknowledge(stage, item_id, 400)
    stage.is_automatic = False
    stage.audio(200, speech=True)
    assert stage.of(server.PlayoutHold)
    stage.forget()
    stage.crash()
    told = stage.told(aware=True)
    assert told.index("segue.playout.resume") < told.index("segue.playout.hold"), "the contest is held again"
    stage.words = lambda _from, _to: "mhm"
    stage.is_automatic = True
    stage.audio(600, speech=False)
    assert stage.told(aware=True)[-1] != "segue.playout.hold"
    assert "input_audio_buffer.speech_started" not in stage.told()


def test_after_a_takeover_what_was_not_heard_to_its_end_still_sounds() -> None:
    stage, _ = spoken(is_aware=False)
    stage.pass_ms(1_100)
    stage.crash()
    stage.words = lambda _from, _to: "stop it please"
    stage.audio(700, speech=True)
    assert heard(stage)[-1][2], "it is cut"
