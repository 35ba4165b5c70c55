from segue.model.ids import SessionId
from segue.session.kind import Effect, Gate, Write
from segue.session.rows import Urgency
from segue.voice import rows
from segue.voice.effects import ForgetAudio, Tell
from segue.voice.scribe import Scribe
from segue.wire.realtime.errors import WireErrorCode


def test_a_row_is_folded_as_it_is_written_and_effects_follow_it() -> None:
    scribe = Scribe(SessionId("sess_x"))
    scribe.note(rows.TurnDropped(audio_end_ms=700))
    scribe.complain(WireErrorCode.INVALID_VALUE, "no", event_id="mine")
    assert scribe.fold.facts.decided_ms == 700
    first, second = scribe.poll(), scribe.poll()
    assert isinstance(first, Effect), "a note holds nobody up"
    assert isinstance(first.payload, Tell)
    assert isinstance(second, Write)
    assert (second.kind, second.urgency) == ("turn.dropped", Urgency.SOON)
    assert scribe.is_drained


def test_rows_keep_their_order_and_what_cannot_be_taken_back_waits_for_all_of_them() -> None:
    scribe = Scribe(SessionId("sess_x"))
    scribe.note(rows.TurnDropped(audio_end_ms=1))
    scribe.write(rows.TurnDropped(audio_end_ms=2))
    scribe.note(rows.TurnDropped(audio_end_ms=3))
    scribe.perform(ForgetAudio(audio_ms=3), Gate.DURABLE)
    outputs = []
    while (output := scribe.poll()) is not None:
        outputs.append(output)
    assert [type(output) for output in outputs] == [Write, Write, Write, Effect]
    assert [output.urgency for output in outputs[:3]] == [Urgency.SOON, Urgency.GATE, Urgency.SOON]


def test_names_tell_apart_what_differs() -> None:
    scribe, other = Scribe(SessionId("sess_x")), Scribe(SessionId("sess_y"))
    assert scribe.name("item", "ab", "c") == scribe.name("item", "ab", "c")
    assert scribe.name("item", "ab", "c") != scribe.name("item", "a", "bc")
    assert scribe.name("item", "ab") != other.name("item", "ab")
    before = scribe.fresh_name("turn")
    scribe.note(rows.TurnDropped(audio_end_ms=1))
    assert scribe.fresh_name("turn") != before
