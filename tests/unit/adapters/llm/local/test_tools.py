from segue.adapters.llm.local.reply import CallTool, Say
from segue.adapters.llm.local.tools import matching_tool, open_question, repeat_of, tool_reply
from segue.adapters.llm.port import LlmRequest, NamedTool, ToolCall, UserMessage
from tests.unit.adapters.llm.local.talking import Talk, book_table, tool

TIMER = tool("set_timer", "Set a timer for a number of minutes.", minutes={"type": "number"})
WEATHER = tool("get_weather", "Current weather of a city.", city={"type": "string"})


def test_collects_what_is_missing_then_calls_once() -> None:
    talk = Talk(tools=[book_table()], results={"book_table": ['{"message": "Booked, code K7."}']})
    assert talk.say("Hi, I'd like to book a table.") == "For how many people?"
    assert talk.say("For two, please.").endswith("For which day?")
    assert talk.say("Tomorrow at 7:30.").endswith("What name should I put it under?")
    assert talk.say("Ada Lovelace.") == "Booked, code K7."
    assert [call.arguments for call in talk.calls] == [
        {"people": 2, "day": "tomorrow", "time": "19:30", "name": "Ada Lovelace"}
    ]
    assert talk.say("Thank you.") in ("You're welcome.", "My pleasure.")
    assert len(talk.calls) == 1


def test_takes_everything_from_one_sentence_and_memory() -> None:
    talk = Talk("Today is 2026-11-24.", [book_table()])
    talk.say("My name is Bob.")
    talk.say("Could you book a table for three tonight at eight on the terrace?")
    assert talk.calls[0].arguments == {
        "name": "Bob",
        "people": 3,
        "day": "2026-11-24",
        "time": "20:00",
        "seating": "terrace",
    }


def test_a_second_booking_keeps_the_name() -> None:
    talk = Talk(tools=[book_table()], results={"book_table": ["{}", "{}"]})
    talk.say("Book a table for two tomorrow at eight under Smith, please.")
    talk.say("Book another table for four on Friday at nine, please.")
    assert talk.calls[1].arguments["name"] == "Smith"


def test_another_question_in_between_does_not_lose_the_thread() -> None:
    talk = Talk(tools=[book_table()])
    talk.say("I want to book a table for two tomorrow.")
    assert talk.say("What's my name?") == "You haven't told me your name yet. At what time?"
    assert "name" in talk.say("At seven.")


def test_a_mumble_is_asked_again() -> None:
    talk = Talk(tools=[book_table()])
    talk.say("I want to book a table.")
    assert talk.say("Mhm.") == "Sorry, I didn't catch that. For how many people?"


def test_never_mind() -> None:
    talk = Talk(tools=[book_table()])
    talk.say("I want to book a table.")
    assert talk.say("Never mind.") == "All right, I've dropped that."
    assert talk.say("For two.") != "For which day?"
    assert not talk.calls


def test_a_failed_call_can_be_tried_again() -> None:
    talk = Talk(tools=[TIMER], results={"set_timer": ['{"error": "busy"}', "{}"]})
    assert "didn't work" in talk.say("Set a timer for 5 minutes.")
    talk.say("Please try again.")
    assert [call.arguments for call in talk.calls] == [{"minutes": 5}, {"minutes": 5}]


def test_chooses_the_tool_asked_for() -> None:
    tools = [TIMER, WEATHER, book_table()]
    for text, name in [
        ("Set a timer for five minutes.", "set_timer"),
        ("What's the weather in Paris?", "get_weather"),
        ("I'd like to make a reservation for a table.", "book_table"),
        ("A table for two at seven, tomorrow.", "book_table"),
    ]:
        chosen = matching_tool(text, tools)
        assert chosen is not None, text
        assert chosen.name == name
    for text in ("I read a book on a table yesterday.", "Hello there.", "How are you?"):
        assert matching_tool(text, tools) is None
    assert matching_tool("Hello.", []) is None


def test_tool_choice_is_obeyed() -> None:
    history = (UserMessage(text="Set a timer for 5 minutes."),)
    none = LlmRequest(history=history, tools=(TIMER,), tool_choice="none")
    assert tool_reply(none) is None
    assert open_question(none) is None
    forced = LlmRequest(
        history=(UserMessage(text="Hi."),), tools=(TIMER, WEATHER), tool_choice=NamedTool(name="set_timer")
    )
    assert isinstance(tool_reply(forced), Say)
    required = LlmRequest(history=history, tools=(TIMER,), tool_choice="required")
    assert tool_reply(required) == CallTool(name="set_timer", arguments={"minutes": 5})


def test_a_tool_without_parameters_is_called_at_once() -> None:
    talk = Talk(tools=[tool("get_time", "The time now.")], results={"get_time": ['{"time": "14:05"}']})
    assert talk.say("What time is it?") == "Time: 2:05 pm."


def test_a_call_that_cannot_be_read_is_not_repeated() -> None:
    assert repeat_of(ToolCall(call_id="c", name="x", arguments="{")) is None
    assert repeat_of(ToolCall(call_id="c", name="x", arguments="[]")) is None
    assert repeat_of(ToolCall(call_id="c", name="x", arguments="")) == CallTool(name="x", arguments={})
