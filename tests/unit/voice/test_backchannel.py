import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.voice.backchannel import Said, classify


@pytest.mark.parametrize(
    "text",
    [
        "Mhm.", "mm-hmm", "Mm hmm.", "Uh-huh.", "uh huh", "Yeah.", "Yeah, yeah.", "Okay.", "OK", "Right.", "I see.",
        "Oh, I see.", "Got it.", "Yeah, that makes sense.", "Hmm.", "Ah.", "Wow!", "That\u2019s right.", "All right.",
        "Oh okay, got it.", "Of course.",
    ],
)  # fmt: skip
def test_listening_sounds_leave_the_floor(text: str) -> None:
    assert classify(text) is Said.BACKCHANNEL


@pytest.mark.parametrize(
    "text",
    [
        "Yes.", "No.", "No no no.", "Stop.", "Wait.", "Sure.", "Yeah, but I want Friday.", "Okay, what about Sunday?",
        "Right?", "Really?", "Hello.", "I see the problem.", "Thank you.", "You", "Actually no.", "okay " * 10, "7:30.",
        "はい",
    ],
)  # fmt: skip
def test_what_could_be_an_answer_takes_the_floor(text: str) -> None:
    assert classify(text) is Said.WORDS


@pytest.mark.parametrize("text", ["", "  ", ".", "...", "[BLANK_AUDIO]", "(music)", "*coughs*", "♪ la la ♪", "♪", "—"])
def test_noise_is_nothing(text: str) -> None:
    assert classify(text) is Said.NOTHING


@pytest.mark.parametrize(
    ("text", "spoken_ms", "said"),
    [
        ("You", 300, Said.NOTHING),
        ("you.", 599, Said.NOTHING),
        ("You", 600, Said.WORDS),
        ("Thank you.", 200, Said.NOTHING),
        ("Thank you.", 500, Said.WORDS),
        ("Thanks for watching!", 300, Said.NOTHING),
        ("Book it.", 100, Said.WORDS),
        ("Mhm.", 96, Said.BACKCHANNEL),
        ("You there", 300, Said.WORDS),
    ],
)
def test_words_nobody_had_the_time_to_say_were_invented(text: str, spoken_ms: int, said: Said) -> None:
    assert classify(text, spoken_ms) is said


@given(st.text(max_size=60), st.none() | st.integers(0, 5000))
def test_any_text_is_judged(text: str, spoken_ms: int | None) -> None:
    assert classify(text, spoken_ms) in Said
