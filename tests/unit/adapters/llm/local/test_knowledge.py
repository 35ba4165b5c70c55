import pytest

from segue.adapters.llm.local.knowledge import asks_time, known_answer


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("What's two plus two?", "2 plus 2 is 4."),
        ("What is 12 divided by 5?", "12 divided by 5 is 2.4."),
        ("7 * 6", "7 times 6 is 42."),
        ("Five minus eight?", "5 minus 8 is -3."),
        ("What is ten divided by zero?", "You can't divide by zero."),
        ("What's the capital of France?", "The capital of France is Paris."),
        ("The capital of the United States?", "The capital of the United States is Washington, D.C."),
        ("What is the capital of Atlantis?", None),
        ("How many minutes are there in an hour?", "There are 60 minutes in an hour."),
        ("How many days in a year?", "There are 365 days in a year."),
        ("How many cats in a house?", None),
        ("Count to five.", "1, 2, 3, 4, 5."),
        ("How do you spell Ada?", "Ada is spelled A, D, A."),
        ("Please spell hello.", "Hello is spelled H, E, L, L, O."),
        ("What's too plus to?", "2 plus 2 is 4."),
        ("Hello.", None),
    ],
)
def test_known(question: str, answer: str | None) -> None:
    assert known_answer(question) == answer


def test_asks_time() -> None:
    assert asks_time("What time is it?")
    assert asks_time("What's today's date?")
    assert not asks_time("At what time do you open?")
