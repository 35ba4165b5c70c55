import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.voice.decision import (
    OVERRULES,
    Commit,
    DecisionConfig,
    Veto,
    Wait,
    decide,
    decision_config,
    veto_of,
)
from segue.wire.realtime.session import SemanticVad, ServerVad

SEMANTIC = DecisionConfig()
SERVER = decision_config(ServerVad(silence_duration_ms=500))


def test_server_vad_goes_by_silence_alone() -> None:
    assert decide(0.0, "and the", 499, 900, SERVER) == Wait(1)
    assert decide(None, None, 100, 900, SERVER) == Wait(400)
    assert decide(0.0, "and the", 500, 900, SERVER) == Commit()
    assert not SERVER.is_semantic


def test_no_answer_before_the_least_silence() -> None:
    assert decide(1.0, "Book a table.", 200, 900, SEMANTIC) == Wait(120)
    assert decide(1.0, "Book a table.", 320, 900, SEMANTIC) == Commit()


def test_an_unfinished_sound_waits_and_asks_again_until_the_most_silence() -> None:
    assert decide(0.2, "I think I", 320, 900, SEMANTIC) == Wait(256)
    assert decide(0.2, "Book a table.", 1400, 900, SEMANTIC) == Wait(100)
    assert decide(0.2, "Book a table.", 1500, 900, SEMANTIC) == Commit()


def test_words_veto_a_sure_model() -> None:
    assert decide(0.99, "Book a table for Friday and", 400, 900, SEMANTIC) == Wait(256)
    assert decide(0.99, "Book a table for Friday and", 1500, 900, SEMANTIC) == Commit()


def test_a_weak_veto_yields_to_a_model_that_is_quite_sure() -> None:
    assert decide(OVERRULES - 0.01, "Yes, I would like to", 400, 900, SEMANTIC) == Wait(256)
    assert decide(OVERRULES, "Yes, I would like to", 400, 900, SEMANTIC) == Commit()


def test_without_the_models_answer_punctuation_and_time_decide() -> None:
    assert decide(None, "Book a table.", 400, 900, SEMANTIC) == Commit()
    assert decide(None, "Book a table", 400, 900, SEMANTIC) == Wait(256)
    assert decide(None, "Book a table", 700, 900, SEMANTIC) == Commit()
    assert decide(None, None, 400, 900, SEMANTIC) == Wait(256)
    assert decide(None, None, 700, 900, SEMANTIC) == Commit()
    assert decide(None, "Book a table for", 700, 900, SEMANTIC) == Wait(256)
    assert decide(None, "So.", 400, 200, SEMANTIC) == Wait(256)


@pytest.mark.parametrize(
    "text",
    [
        "Book a table for Friday and", "I want the", "it is my", "Well, um", "I'd", "We're", "They'll", "because,",
        "I was thinking...", "I was thinking…", "on the 5th -", "My number is 555-", "I'm", "I said “the”", "Um.",
        "And.", "they\u2019ve",
    ],
)  # fmt: skip
def test_last_words_that_never_end_a_turn(text: str) -> None:
    assert veto_of(text) is Veto.STRONG


@pytest.mark.parametrize(
    "text",
    [
        "I would like to", "I am waiting for", "The address is", "I think I", "My number is 5 5 5", "My number is 555.",
        "The code is 12-34", "seven four nine", "It's zero eight two", "My phone is 020 7946",
    ],
)  # fmt: skip
def test_last_words_that_seldom_end_a_turn(text: str) -> None:
    assert veto_of(text) is Veto.WEAK


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "Book a table for Friday.", "At 7:30.", "For two.", "What is it for?", "Where are you from?", "Yes.",
        "Table for four at seven.", "My number is 555 123 4567.", "Turn the light on.", "Come in.", "It was in 1999.",
        "What time is it?", "Ich möchte einen Tisch.", "I have two.", "Where were they?",
    ],
)  # fmt: skip
def test_last_words_that_may_end_a_turn(text: str) -> None:
    assert veto_of(text) is Veto.NONE


def test_eagerness_scales_both_patience_and_doubt() -> None:
    low, auto, high = (decision_config(SemanticVad(eagerness=level)) for level in ("low", "auto", "high"))
    assert decision_config(SemanticVad(eagerness="medium")) == auto == DecisionConfig()
    assert low.silence_ms_min > auto.silence_ms_min > high.silence_ms_min
    assert low.silence_ms_max > auto.silence_ms_max > high.silence_ms_max
    assert low.end_probability_min > auto.end_probability_min > high.end_probability_min
    assert all(config.is_semantic for config in (low, auto, high))


def test_a_silence_too_short_to_be_reported_is_lengthened() -> None:
    assert decision_config(ServerVad(silence_duration_ms=0)).silence_ms_min == 64


configs = st.sampled_from([SEMANTIC, SERVER, decision_config(SemanticVad(eagerness="low"))])


@given(st.none() | st.floats(0, 1), st.none() | st.text(max_size=40), st.integers(0, 5000), configs)
def test_every_turn_ends_and_never_early(
    p: float | None, text: str | None, silence_ms: int, config: DecisionConfig
) -> None:
    answer = decide(p, text, silence_ms, 900, config)
    if silence_ms < config.silence_ms_min:
        assert isinstance(answer, Wait)
    if silence_ms >= config.silence_ms_max:
        assert answer == Commit()
    if isinstance(answer, Wait):
        assert answer.recheck_ms > 0
        assert silence_ms + answer.recheck_ms <= config.silence_ms_max


@given(st.text(max_size=60))
def test_any_text_is_judged(text: str) -> None:
    assert veto_of(text) in Veto
