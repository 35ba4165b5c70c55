from segue.voice import rows
from segue.voice.answer import Answer, Stage, Waiting, name_of


def answer() -> Answer:
    plan = rows.ResponseStarted(response_id="resp_1", item_id="item_1", origin="turn:1")
    return Answer(plan=plan, stage=Stage.RUNNING, mind=Waiting())


def test_words_become_segments_that_join_to_the_text() -> None:
    it = answer()
    text = "First comes this sentence. And then there is a second one."
    assert it.take(text[:30])
    assert it.take(text[30:])
    assert it.take_rest()
    assert it.text == text
    assert len(it.segments) == 2


def test_a_repeated_attempt_that_says_the_same_adds_only_what_is_new() -> None:
    it = answer()
    it.take("First comes this sentence. And th")
    it.published = len(it.segments)
    it.begin_again()
    assert it.take("First comes this sentence. And then there is more.")
    assert it.take_rest()
    assert it.text == "First comes this sentence. And then there is more."


def test_a_repeated_attempt_that_says_something_else_is_noticed() -> None:
    it = answer()
    it.take("First comes this sentence. And th")
    it.published = len(it.segments)
    it.begin_again()
    assert not it.take("Something else is said in this one. And th")
    it.go_on_from_here()
    assert it.take("The rest of it follows here. ")
    assert it.take_rest()
    assert it.text == "First comes this sentence. The rest of it follows here. "


def test_unpublished_words_of_a_broken_attempt_are_forgotten() -> None:
    it = answer()
    it.take("First comes this sentence. And then")
    it.begin_again()
    assert it.segments == []


def test_later_rounds_have_names_of_their_own() -> None:
    assert name_of("turn:1", 1) == "turn:1"
    assert name_of("turn:1", 2) == "turn:1#2"
