import pytest

from segue.adapters.llm.local.quiz import Question, is_right, quiz_reply, read_quiz
from segue.adapters.llm.port import AssistantMessage, Message, UserMessage
from tests.unit.adapters.llm.local.talking import Talk

QUIZ = """You are a quiz master. Ask these one at a time.
Q: What is the capital of Italy? A: Rome
Q: How many legs has a spider?
A: eight / 8
Q: Which planet is known as the red planet? A: Mars"""


def test_reads_questions() -> None:
    quiz = read_quiz(QUIZ)
    assert [question.text for question in quiz] == [
        "What is the capital of Italy?",
        "How many legs has a spider?",
        "Which planet is known as the red planet?",
    ]
    assert quiz[1].answers == ("eight", "8")


@pytest.mark.parametrize("text", ["", "Be brief.", "Q: Only a question?", "FAQ: none"])
def test_no_quiz(text: str) -> None:
    assert read_quiz(text) == ()


def test_numbered_on_one_line() -> None:
    quiz = read_quiz("Question 1: Two plus two? Answer: four Question 2: Sky color? Answer: blue or azure")
    assert [question.answers for question in quiz] == [("four",), ("blue", "azure")]


@pytest.mark.parametrize(
    ("answer", "said", "right"),
    [
        ("Rome", "Is it Rome?", True),
        ("Rome", "Milan.", False),
        ("eight", "8.", True),
        ("8", "eight legs", True),
        ("8", "18", False),
        ("the Pacific Ocean", "Pacific ocean", True),
        ("Copenhagen", "Copenhagan", True),
        ("Mars", "Marsh mallow", False),
        ("Rome", "", False),
    ],
)
def test_is_right(answer: str, said: str, right: bool) -> None:
    assert is_right(Question(text="?", answers=(answer,)), said) is right


def test_a_whole_game() -> None:
    talk = Talk(QUIZ)
    assert talk.say(None).endswith("First question: What is the capital of Italy?")
    assert talk.say("I'm ready, let's go.") == "What is the capital of Italy?"
    assert talk.say("Is it Rome?").endswith("How many legs has a spider?")
    assert talk.say("Can you repeat the question?") == "How many legs has a spider?"
    assert talk.say("Six.").startswith("Not quite. The answer is eight.")
    assert talk.say("What's my score?").startswith("You have 1 point so far.")
    assert talk.say("It's Mars, I think.").endswith("You got 2 out of 3.")
    assert talk.say("What was the score?") == "You got 2 out of 3."
    assert "capital of Italy" in talk.say("Let's play again.")
    assert talk.say("I don't know.").startswith("No problem. The answer is Rome.")


def test_a_game_that_begins_with_a_name() -> None:
    assert Talk(QUIZ).say("My name is Ada.").startswith("Nice to meet you, Ada. Let's play.")


def test_stopping() -> None:
    talk = Talk(QUIZ)
    talk.say("Start.")
    talk.say("Rome.")
    assert talk.say("Stop the quiz.") == "All right, we stop here. You got 1 out of 1."
    assert "legs" not in talk.say("Thank you.")


def test_a_question_that_was_not_heard_is_asked_again() -> None:
    quiz = read_quiz(QUIZ)
    cut: list[Message] = [
        AssistantMessage(text="What is the capital of Italy?"),
        UserMessage(text="Rome."),
        AssistantMessage(text="That's right. How"),
        UserMessage(text="Wait."),
    ]
    assert quiz_reply(quiz, cut) == "How many legs has a spider?"


def test_a_question_whose_beginning_was_heard_counts_as_asked() -> None:
    quiz = read_quiz(QUIZ)
    cut: list[Message] = [
        AssistantMessage(text="Let's play. First question: What is the capital"),
        UserMessage(text="Rome!"),
    ]
    reply = quiz_reply(quiz, cut)
    assert reply is not None
    assert reply.startswith("That's right.")
