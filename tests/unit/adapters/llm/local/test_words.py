import pytest

from segue.adapters.llm.local.words import content, is_question, numbered, phrase, sentences, spoken_list, stem, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello, World!", ["hello", "world"]),
        ("At 7:30 p.m., please.", ["at", "7:30", "pm", "please"]),
        ("It\u2019s 1,250 or 3.5", ["it's", "1250", "or", "3.5"]),
        ("seven o'clock", ["seven", "o'clock"]),
        ("24th of May", ["24th", "of", "may"]),
        ("To-morrow, half-past", ["tomorrow", "half", "past"]),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two", "2"),
        ("twenty five people", "25 people"),
        ("seven thirty", "7 30"),
        ("a hundred", "100"),
        ("three hundred", "300"),
        ("a table", "a table"),
        ("twenty", "20"),
    ],
)
def test_numbered(text: str, expected: str) -> None:
    assert " ".join(numbered(text.split())) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [("open", "opening"), ("book", "booking"), ("book", "reservation"), ("price", "costs"), ("close", "closing")],
)
def test_forms_share_a_stem(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("text", "asks"),
    [("What is it", True), ("Is it Rome?", True), ("Well, how are you", True), ("Rome.", False), ("I am fine.", False)],
)
def test_is_question(text: str, asks: bool) -> None:
    assert is_question(text) is asks


def test_small_things() -> None:
    assert phrase("Yes, please!") == " yes please "
    assert content("What is the price of a coffee?") == ["cost", "coff"]
    assert sentences("One. Two!\n- Three") == ["One.", "Two!", "Three"]
    assert [spoken_list(list(parts)) for parts in ("", "a", "ab", "abc")] == ["", "a", "a and b", "a, b and c"]
