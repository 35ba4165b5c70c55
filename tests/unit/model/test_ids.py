"""Session ids: one spelling for each route word, and refusal of everything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.model.ids import SessionId, session_id_from_word, session_word

words = st.integers(0, 2**64 - 1)


@given(words)
def test_a_word_comes_back_from_its_id(word: int) -> None:
    session = session_id_from_word(word)
    assert session_word(session) == word
    assert len(session) == len("sess_") + 13
    assert session == session.lower()


def test_known_spellings() -> None:
    assert session_id_from_word(0) == "sess_aaaaaaaaaaaaa"
    assert session_id_from_word(2**64 - 1) == "sess_7777777777776"


@pytest.mark.parametrize("word", [-1, 2**64])
def test_a_word_is_64_bits(word: int) -> None:
    with pytest.raises(OverflowError):
        session_id_from_word(word)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sess_",
        "aaaaaaaaaaaaa",
        "sess_aaaaaaaaaaaa",
        "sess_aaaaaaaaaaaaaa",
        "sess_1111111111111",
        "sess_aaaaaaaaaaaaé",
    ],
)
def test_what_is_not_an_id_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="not a session id"):
        session_word(SessionId(text))


@given(st.text(max_size=40))
def test_no_text_raises_anything_else(text: str) -> None:
    for candidate in (text, "sess_" + text):
        try:
            word = session_word(SessionId(candidate))
        except ValueError:
            continue
        assert session_id_from_word(word) == candidate


def test_a_long_text_is_cut_in_the_message() -> None:
    with pytest.raises(ValueError, match="not a session id") as refused:
        session_word(SessionId("x" * 10_000))
    assert len(str(refused.value)) < 200
