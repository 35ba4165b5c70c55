from segue.voice.facts import ItemState
from segue.voice.history import HISTORY_CHARS_MAX, NO_OUTPUT, bounded, entries_of, entries_of_input
from segue.voice.results import HistoryEntry, ToolCallRecord
from segue.wire.realtime.items import (
    FunctionCall,
    FunctionCallOutput,
    InputAudioPart,
    InputText,
    Item,
    Message,
    OutputAudioPart,
)


def states(*items: Item) -> list[ItemState]:
    return [ItemState(item=item) for item in items]


def test_agent_speech_is_what_was_heard_and_nothing_is_left_out_without_reason() -> None:
    spoken = Message(role="assistant", content=(OutputAudioPart(transcript="One. Two."),))
    assert entries_of([ItemState(item=spoken)]) == [HistoryEntry(role="assistant", text="One. Two.")]
    assert entries_of([ItemState(item=spoken, heard_text="One.")]) == [HistoryEntry(role="assistant", text="One.")]
    assert entries_of([ItemState(item=spoken, heard_text="")]) == []


def test_a_turn_that_is_not_understood_yet_says_nothing() -> None:
    assert entries_of(states(Message(role="user", content=(InputAudioPart(),)))) == []


def test_calls_belong_to_the_words_before_them_and_are_followed_by_their_outputs() -> None:
    entries = entries_of(
        states(
            Message(role="assistant", content=(OutputAudioPart(transcript="One moment."),)),
            FunctionCall(name="a", call_id="1", arguments="{}"),
            FunctionCall(name="b", call_id="2", arguments="{}"),
            Message(role="user", content=(InputText(text="hurry"),)),
            FunctionCallOutput(call_id="1", output="done"),
        )
    )
    calls = (
        ToolCallRecord(call_id="1", name="a", arguments="{}"),
        ToolCallRecord(call_id="2", name="b", arguments="{}"),
    )
    assert entries == [
        HistoryEntry(role="assistant", text="One moment.", tool_calls=calls),
        HistoryEntry(role="tool", text="done", call_id="1"),
        HistoryEntry(role="tool", text=NO_OUTPUT, call_id="2"),
        HistoryEntry(role="user", text="hurry"),
    ]


def test_an_output_without_its_call_is_left_out() -> None:
    assert entries_of_input([FunctionCallOutput(call_id="1", output="x")]) == ()


def test_the_oldest_is_left_out_when_it_is_too_much() -> None:
    long = HistoryEntry(role="user", text="x" * (HISTORY_CHARS_MAX - 1))
    tool = HistoryEntry(role="tool", text="y", call_id="1")
    assert bounded([long, tool, HistoryEntry(role="user", text="z")]) == (HistoryEntry(role="user", text="z"),)
