"""What a client that came back has missed of the agent's speech."""

from segue.core.catchup import missed_speech
from segue.model.ids import Seq
from segue.voice import rows
from segue.wire.realtime.cursor import Cursor
from tests.support.speech_rows import finished, heard, made, segment, started

ANSWER = [(Seq(3), started(1)), (Seq(4), segment(1, 0)), (Seq(5), segment(1, 1)), (Seq(6), made(1, 0, 400))]


def test_a_running_item_goes_on_at_the_clients_sample():
    missed = missed_speech(ANSWER, Cursor(Seq(5), 0, 24 * 250))
    assert [(item.item_id, item.at_ms, item.durations) for item in missed.running] == [("i1", 250, {0: 400})]
    assert missed.repeats == ()


def test_a_finished_item_that_did_not_arrive_is_owed():
    rest = [*ANSWER, (Seq(7), made(1, 1, 300)), (Seq(8), finished(1)), (Seq(9), started(2)), (Seq(10), segment(2, 0))]
    missed = missed_speech(rest, Cursor(Seq(5), 0, 24 * 250))
    assert [(item.item_id, item.at_ms, item.length_ms) for item in missed.repeats] == [("i1", 250, 700)]
    assert [item.item_id for item in missed.running] == ["i2"]
    assert missed.repeats[0].requests[1].text == "Hi. "


def test_what_arrived_was_heard_or_was_cut_is_not_owed():
    done = [*ANSWER, (Seq(7), made(1, 1, 300)), (Seq(8), finished(1))]
    assert missed_speech(done, Cursor(Seq(5), 0, 24 * 700)).repeats == ()
    assert missed_speech(done, Cursor(Seq(8), 0, 24 * 700)).repeats == ()
    assert missed_speech([*done, (Seq(9), heard(1, 700))], Cursor(Seq(5), 0, 240)).repeats == ()
    assert missed_speech([*done, (Seq(9), heard(1, 50, cut=True))], Cursor(Seq(5), 0, 240)).repeats == ()
    truncated = rows.ItemTruncated(item_id="i1", content_index=0, audio_end_ms=10, text="", index=1)
    assert missed_speech([*done, (Seq(9), truncated)], Cursor(Seq(5), 0, 240)).repeats == ()
    cut = [*ANSWER, (Seq(8), finished(1, "incomplete"))]
    assert missed_speech(cut, Cursor(Seq(5), 0, 240)).repeats == ()
    text = [(Seq(3), started(1, modality="text")), (Seq(4), started(2, conversation=None))]
    assert missed_speech(text, Cursor(Seq(2))).running == ()


def test_an_item_of_unknown_length_is_owed():
    done = [*ANSWER, (Seq(8), finished(1))]
    missed = missed_speech(done, Cursor(Seq(2)))
    assert [(item.at_ms, item.length_ms) for item in missed.repeats] == [(0, None)]
