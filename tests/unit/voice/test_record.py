from segue.model.ids import SessionId
from segue.session.kind import Write
from segue.session.operations import Completed
from segue.session.rows import Urgency
from segue.voice import results
from segue.voice.record import GeneratedRecord, Record, is_once, kept_news, kind_of
from segue.voice.rows import encode_data
from segue.voice.scribe import Scribe

GENERATE = results.Generate(instructions="", history=(), tools=(), tool_choice="auto", max_output_tokens=None)
BOOK = results.CallTool(call_id="c", name="book", arguments="{}", effect="once")
LOOK = results.CallTool(call_id="c", name="look", arguments="{}", effect="idempotent")
SAY = results.Synthesize(item_id="i", segment=0, text="Hi.", voice="v")  # type: ignore[arg-type]


def test_equal_requests_of_one_turn_have_one_key() -> None:
    record = Record(Scribe(SessionId("sess_x")))
    assert record.key("t", BOOK) == record.key("t", BOOK)
    assert len({record.key("t", BOOK), record.key("u", BOOK), record.key("t", LOOK)}) == 3


def test_somebody_waits_behind_the_intent_of_an_effect_that_happens_once() -> None:
    scribe = Scribe(SessionId("sess_x"))
    record = Record(scribe)
    urgencies = []
    for request in (BOOK, LOOK):
        record.intend(record.key("t", request), request, 1)
        output = scribe.poll()
        assert isinstance(output, Write)
        urgencies.append(output.urgency)
    assert urgencies == [Urgency.GATE, Urgency.SOON]
    assert (is_once(BOOK), is_once(LOOK)) == (True, False)


def test_an_end_without_an_intent_is_no_row() -> None:
    scribe = Scribe(SessionId("sess_x"))
    record = Record(scribe)
    record.settle(record.key("t", LOOK), LOOK, results.ToolReturned(output="x"))
    record.close(record.key("t", LOOK), "gone")
    assert scribe.is_drained


def test_a_whole_answer_is_told_again_and_sound_is_made_again() -> None:
    end = results.Generated(reason="stop", input_tokens=1, output_tokens=2)
    call = results.ToolCallRecord(call_id="c", name="n", arguments="{}")
    kept = Completed(kind="generate", result=encode_data(GeneratedRecord("Hello.", (call,), end)))
    assert kept_news(GENERATE, kept) == [
        results.TextDelta(text="Hello."),
        results.ToolCallDelta(call_id="c", name="n", arguments="{}"),
        end,
    ]
    assert kept_news(SAY, Completed(kind="synthesize", result=b"")) is None
    assert kind_of(SAY) == "synthesize"
