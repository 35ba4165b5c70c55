from segue.model.ids import SessionId
from segue.voice import results
from segue.voice.agent import AgentSpec
from segue.voice.contest import ASK_STEP_MS, CONTEST_MS_MAX, Contest, Verdict
from segue.voice.endpointing import Pause
from segue.voice.operations import GivenUp, Operations
from segue.voice.scribe import Scribe


def contest() -> Contest:
    operations = Operations(Scribe(SessionId("sess_x")), AgentSpec(name="host"))
    return Contest(operations, 1_000, 1_100, 1_100)


def heard(text: str) -> results.Transcribed:
    return results.Transcribed(text=text)


def test_words_take_the_floor_while_they_are_spoken() -> None:
    it = contest()
    assert it.handle_window(1_100 + ASK_STEP_MS) is Verdict.OPEN
    assert it.is_asking
    assert it.handle_news(heard("no wait"), is_agents=True) is Verdict.TAKEN


def test_a_backchannel_leaves_it_once_it_is_over() -> None:
    it = contest()
    it.handle_window(1_500)
    assert it.handle_news(heard("mhm"), is_agents=True) is Verdict.OPEN
    it.handle_pause(Pause(at_ms=1_520, spoken_ms=400), 1_600)
    assert it.handle_news(heard("mhm"), is_agents=True) is Verdict.LEFT


def test_what_was_understood_before_the_pause_is_asked_again() -> None:
    it = contest()
    it.handle_window(1_500)
    it.handle_pause(Pause(at_ms=1_520, spoken_ms=400), 1_600)
    assert it.handle_news(heard("mhm"), is_agents=True) is Verdict.OPEN
    assert it.asked_ms == 1_600


def test_yeah_is_an_answer_once_the_agent_has_finished() -> None:
    it = contest()
    it.handle_pause(Pause(at_ms=1_520, spoken_ms=400), 1_600)
    assert it.handle_news(heard("yeah"), is_agents=False) is Verdict.TAKEN


def test_who_speaks_long_wants_the_floor_but_noise_does_not() -> None:
    it = contest()
    assert it.handle_window(1_000 + CONTEST_MS_MAX) is Verdict.TAKEN
    it = contest()
    it.handle_window(1_500)
    it.handle_news(heard(""), is_agents=True)
    assert it.handle_window(1_000 + CONTEST_MS_MAX) is Verdict.LEFT


def test_if_it_cannot_be_told_the_user_is_given_the_floor() -> None:
    assert contest().handle_news(GivenUp("down"), is_agents=True) is Verdict.TAKEN
