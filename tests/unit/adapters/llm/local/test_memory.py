import pytest

from segue.adapters.llm.local.memory import acknowledge, find_name, recall, remember, turned


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Ada.", "Ada"),
        ("Hi, I'm Ada Lovelace.", "Ada Lovelace"),
        ("I am Bob and I'd like a table.", "Bob"),
        ("Call me Ishmael.", "Ishmael"),
        ("This is Grace speaking.", "Grace"),
        ("I'm fine.", None),
        ("I'm Sorry.", None),
        ("I'm looking for Paris.", None),
    ],
)
def test_find_name(text: str, name: str | None) -> None:
    assert find_name(text) == name


@pytest.mark.parametrize(
    ("told", "asked", "answer"),
    [
        ("My name is Ada.", "What's my name?", "Your name is Ada."),
        ("My name is Ada.", "Do you remember my name?", "Your name is Ada."),
        ("My favourite color is blue.", "What is my favorite colour?", "Your favorite color is blue."),
        ("My keys are on the table.", "Where are my shoes?", None),
        ("My dog is Rex and my cat is Tom.", "Who is my cat?", "Your cat is Tom."),
        ("I live in Berlin.", "Where do I live?", "You live in Berlin."),
        ("I'd like tea.", "What do I like?", "You haven't told me what you like."),
        ("I really like trains.", "What do I like?", "You like trains."),
        ("Please remember that I parked on level three.", "What did I ask you to remember?", "level three"),
        ("Hello.", "What is my name?", "You haven't told me your name yet."),
        ("Hello.", "What is my favorite food?", "You haven't told me your favorite food yet."),
        ("Hello.", "What is the capital of France?", None),
    ],
)
def test_recall(told: str, asked: str, answer: str | None) -> None:
    found = recall(asked, remember([told, asked]))
    assert found == answer or (answer is not None and found is not None and answer in found)


def test_the_newest_counts() -> None:
    memory = remember(["My name is Ada.", "Call me Bob. My color is red.", "My color is green."])
    assert (memory.name, memory.facts) == ("Bob", {"color": "green"})


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("My name is Ada.", "Nice to meet you, Ada."),
        ("My car is red, and I live in Rome.", "Got it, your car is red and you live in Rome."),
        ("Remember that my meeting is at nine.", "Okay, I'll remember that your meeting is at nine."),
        ("What a day.", None),
    ],
)
def test_acknowledge(text: str, answer: str | None) -> None:
    assert acknowledge(text) == answer


def test_turned() -> None:
    assert turned("I am sure you like my hat.") == "you are sure I like your hat"
