from segue.adapters.llm.local.dialogue import reply_to
from segue.adapters.llm.local.reply import Say
from segue.adapters.llm.port import LlmRequest, SystemMessage, UserMessage
from tests.unit.adapters.llm.local.talking import Talk, book_table


def test_opens_with_a_greeting() -> None:
    assert Talk("You are Robin, a friendly assistant.").say(None) == "Hello. This is Robin. How can I help?"


def test_says_a_line_word_for_word() -> None:
    talk = Talk('Greet the user with "Welcome aboard!". The time is 14:05.')
    assert talk.say(None) == "Welcome aboard!"
    assert talk.say("What time is it?") == "The time is 14:05."


def test_says_a_line_of_the_newest_system_message() -> None:
    request = LlmRequest(history=(UserMessage(text="Hi."), SystemMessage(text='Say: "One moment."')))
    assert reply_to(request) == Say(text="One moment.")


def test_remembers() -> None:
    talk = Talk()
    assert talk.say("My name is Ada.") == "Nice to meet you, Ada."
    assert talk.say("The weather is nice today.")
    assert talk.say("What is my name?") == "Your name is Ada."


def test_repeats() -> None:
    talk = Talk()
    assert talk.say("Please repeat that.") == "I haven't said anything yet."
    first = talk.say("What's two plus two?")
    assert talk.say("Say that again.") == first
    assert talk.say("What did I just say?") == "You said: Say that again."
    assert talk.say("Repeat after me: hello world.") == "Hello world."


def test_first_words_cannot_be_quoted() -> None:
    assert Talk().say("What did I say?") == "That was the first thing you said."


def test_date_from_instructions_and_no_clock_without() -> None:
    assert Talk("Today is 2026-11-24.").say("What's the date?") == "Today is Tuesday, November 24."
    assert "no clock" in Talk().say("What time is it?")


def test_text_in_a_system_message_is_used() -> None:
    history = (SystemMessage(text="The pool is open until nine."), UserMessage(text="When is the pool open?"))
    assert reply_to(LlmRequest(history=history)) == Say(text="The pool is open until nine.")


def test_honest_about_what_it_does_not_know() -> None:
    assert "I can" in Talk().say("Who will win the next election?")
    assert Talk().say("I had a long day.").startswith("I heard: you had a long day.")
    assert Talk().say("...") == "Sorry, I didn't catch that. Could you say it again?"
    long = "I went to the shop and then to the park and then I met a man who sold me seven old clocks."
    assert Talk().say(long).startswith("I see.")


def test_an_open_booking_is_come_back_to() -> None:
    talk = Talk(tools=[book_table()])
    talk.say("I'd like to book a table.")
    assert talk.say("Who is the president of Mars?").endswith("For how many people?")


def test_asked_on_after_its_own_words() -> None:
    talk = Talk()
    talk.say("Hello.")
    assert talk.say(None) == "Is there anything else I can do?"
