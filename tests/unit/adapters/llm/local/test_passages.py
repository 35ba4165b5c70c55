import pytest

from segue.adapters.llm.local.passages import answer_from, named_in

CAFE = """You are Kim, the voice of Cafe Uno. Answer from this text.
The cafe opens at 8 am and closes at 6 pm. A coffee costs 3 euros.
We are at 12 Main Street. The chef is Anna Bell. Never talk about politics."""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When do you open?", "The cafe opens at 8 am and closes at 6 pm."),
        ("What are your opening hours?", "The cafe opens at 8 am and closes at 6 pm."),
        ("How much is a coffee?", "A coffee costs 3 euros."),
        ("Where are you?", "We are at 12 Main Street."),
        ("Who is the chef?", "The chef is Anna Bell."),
        ("Do you sell boats?", None),
        ("What do you think of politics?", None),
        ("What?", None),
    ],
)
def test_answers(question: str, answer: str | None) -> None:
    assert answer_from(CAFE, question) == answer


def test_no_text() -> None:
    assert answer_from("", "When do you open?") is None


def test_own_name() -> None:
    assert named_in(CAFE) == "Kim"
    assert named_in("Your name is Ada.") == "Ada"
    assert named_in("You are a helper.") is None
