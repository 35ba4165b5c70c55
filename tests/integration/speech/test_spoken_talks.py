"""Whole talks aloud, models only: the voice speaks the user's lines, the recogniser hears, the responder answers."""

import pytest

from segue.adapters.models.local import LocalSpeech
from segue.adapters.models.measure import heard_from_spoken, speak
from tests.unit.adapters.llm.local.talking import Talk, book_table

pytestmark = pytest.mark.models

QUIZ = "You are a quiz master.\nQ: What is the capital of Italy? A: Rome\nQ: How many legs has a spider? A: eight / 8"


async def say(speech: LocalSpeech, talk: Talk, line: str) -> str:
    heard = await speech.stt.transcribe(heard_from_spoken(await speak(speech, line)))
    return talk.say(heard.text)


async def test_a_table_is_booked_once(speech: LocalSpeech) -> None:
    talk = Talk(tools=[book_table()], results={"book_table": ['{"message": "Booked."}']})
    await say(speech, talk, "Hello, I would like to book a table.")
    await say(speech, talk, "For four people, please.")
    await say(speech, talk, "Tomorrow at half past seven.")
    assert await say(speech, talk, "My name is Maria Smith.") == "Booked."
    (call,) = talk.calls
    assert call.arguments["people"] == 4
    assert (call.arguments["day"], call.arguments["time"]) == ("tomorrow", "19:30")
    assert "Smith" in str(call.arguments["name"])


async def test_what_was_said_is_remembered(speech: LocalSpeech) -> None:
    talk = Talk("You are Robin. The kitchen closes at ten in the evening.")
    await say(speech, talk, "My name is Peter.")
    await say(speech, talk, "My favorite color is green.")
    assert await say(speech, talk, "What is my name?") == "Your name is Peter."
    assert await say(speech, talk, "What is my favorite color?") == "Your favorite color is green."
    assert "closes at ten" in await say(speech, talk, "When does the kitchen close?")
    assert await say(speech, talk, "What is seven times eight?") == "7 times 8 is 56."


async def test_a_quiz_is_scored(speech: LocalSpeech) -> None:
    talk = Talk(QUIZ)
    assert "capital of Italy" in talk.say(None)
    assert "legs" in await say(speech, talk, "I think it is Rome.")
    assert await say(speech, talk, "It has eight legs.") == ("Correct. That was the last question. You got 2 out of 2.")
