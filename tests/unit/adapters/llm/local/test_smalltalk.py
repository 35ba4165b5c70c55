import pytest

from segue.adapters.llm.local.smalltalk import greeting, small_talk, what_i_can_do
from tests.unit.adapters.llm.local.talking import tool


def talk(text: str) -> str | None:
    return small_talk(text, own_name="Kim", tools=(), turn=0)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("Hello!", "This is Kim"),
        ("Good morning.", "How can I help"),
        ("How are you?", "I'm well"),
        ("Are you a robot?", "small offline assistant"),
        ("What can you do?", "remember what you tell me"),
        ("Thanks a lot.", "welcome"),
        ("Bye.", "Goodbye"),
        ("Tell me a joke.", "socket"),
        ("Tell me a story.", "lighthouse"),
        ("Can you hear me?", "I can hear you"),
        ("Okay.", "What else"),
        ("No.", "I'm here"),
        ("Sorry.", "No problem"),
    ],
)
def test_polite(text: str, part: str) -> None:
    said = talk(text)
    assert said is not None
    assert part in said


@pytest.mark.parametrize("text", ["The hippopotamus swims.", "I built a house with no help from anyone else."])
def test_nothing_polite_to_say(text: str) -> None:
    assert talk(text) is None


def test_names() -> None:
    assert greeting(None, None) == "Hello. How can I help?"
    assert greeting("Kim", "Ada") == "Hello, Ada. This is Kim. How can I help?"


def test_tools_are_named() -> None:
    tools = [tool("book_table", "Book a table."), tool("get_weather", "Weather of a city.")]
    assert what_i_can_do(tools).startswith("I can book a table, get weather, ")
