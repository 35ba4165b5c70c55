import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.voice.segmenter import HELD_CHARS_MAX, SegmentConfig, Segmenter, is_speakable

LATER = SegmentConfig(first_sentence_chars_min=24, first_clause_chars_min=160, first_chars_max=240)
"""Cuts the first segment like the others, so that a test sees one rule at a time."""
EACH = SegmentConfig(
    first_sentence_chars_min=1, first_clause_chars_min=500, first_chars_max=500, sentence_chars_min=1,
    clause_chars_min=500, chars_max=500,
)  # fmt: skip
"""Cuts at every sentence, and only there."""


def cut(text: str, config: SegmentConfig | None = None) -> list[str]:
    segmenter = Segmenter(config)
    return segmenter.push(text) + segmenter.flush()


def test_the_first_segment_is_the_first_clause() -> None:
    assert cut("Well, I can certainly help you with that, so let me look.") == [
        "Well, I can certainly help you with that, ",
        "so let me look.",
    ]


def test_a_short_first_sentence_is_said_at_once() -> None:
    assert cut("Sure. The table for four is booked for Friday at seven.") == [
        "Sure. ",
        "The table for four is booked for Friday at seven.",
    ]


def test_a_very_short_first_sentence_is_said_with_the_next() -> None:
    assert cut("Hi. How are you today? Good.") == ["Hi. How are you today? ", "Good."]


def test_a_first_segment_without_punctuation_ends_at_a_word() -> None:
    text = "The nearest restaurant that still has a free table for you tonight at eight is the Olive Tree"
    assert cut(text) == [
        "The nearest restaurant that still has a free table for you tonight ",
        "at eight is the Olive Tree",
    ]


def test_later_segments_are_sentences_and_short_ones_are_joined() -> None:
    assert cut("Okay then. Great. Wonderful. Let me look at that for you. It takes a moment. Done.", LATER) == [
        "Okay then. Great. Wonderful. ",
        "Let me look at that for you. ",
        "It takes a moment. Done.",
    ]


def test_a_long_sentence_is_cut_at_a_clause_and_a_longer_one_at_a_word() -> None:
    clause = "word " * 33 + "end, and then the rest of it goes on."
    assert cut(clause, LATER) == ["word " * 33 + "end, ", "and then the rest of it goes on."]
    words = "word " * 60
    assert cut(words, LATER) == ["word " * 49, "word " * 11]


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("Dr. Jones met Mrs. Smith. They left.", ["Dr. Jones met Mrs. Smith. ", "They left."]),
        ("It opens at 7:30. Come early.", ["It opens at 7:30. ", "Come early."]),
        ("It costs 3.50 euros. Fine?", ["It costs 3.50 euros. ", "Fine?"]),
        ("It costs 3. Then it rises.", ["It costs 3. ", "Then it rises."]),
        ("We open at 7 p.m. We close at 11 p.m. daily.", ["We open at 7 p.m. ", "We close at 11 p.m. daily."]),
        ("See www.example.com. It has more.", ["See www.example.com. ", "It has more."]),
        ("Go to https://a.example/b?c=d. Then log in.", ["Go to https://a.example/b?c=d. ", "Then log in."]),
        ("The U.S. Army is here. Yes.", ["The U.S. Army is here. ", "Yes."]),
        ("J. R. Smith and I. Then he left.", ["J. R. Smith and I. ", "Then he left."]),
        ("Bring fruit, e.g. apples, etc. and water. Bye.", ["Bring fruit, e.g. apples, etc. and water. ", "Bye."]),
        ("It is No. 5 of ten. No. It is six.", ["It is No. 5 of ten. ", "No. ", "It is six."]),
        ("“Really?” she asked. “Yes!” He ran.", ["“Really?” she asked. ", "“Yes!” ", "He ran."]),
        ("Well... maybe not. Wait… no. Hm… Yes.", ["Well... maybe not. ", "Wait… no. ", "Hm… ", "Yes."]),
        ("So... That is it.", ["So... ", "That is it."]),
        ("(He said so.) Then he left.", ["(He said so.) ", "Then he left."]),
        ("**Note.** Read it.", ["**Note.** ", "Read it."]),
        ("1. Preheat the oven. 2. Wait.", ["1. Preheat the oven. ", "2. Wait."]),
        ("Steps:\n- one\n- two\n\nDone", ["Steps:\n", "- one\n", "- two\n\n", "Done"]),
        ("What?! No way! Ok", ["What?! ", "No way! ", "Ok"]),
        ("all lower case. it still works! does it?", ["all lower case. ", "it still works! ", "does it?"]),
        ("今日は晴れです。明日は雨です。", ["今日は晴れです。", "明日は雨です。"]),
        ("Smith Inc. is big. Smith Inc. They sell.", ["Smith Inc. is big. ", "Smith Inc. ", "They sell."]),
    ],
)
def test_where_sentences_end(text: str, segments: list[str]) -> None:
    assert cut(text, EACH) == segments


def test_nothing_is_said_before_it_is_known_to_be_complete() -> None:
    segmenter = Segmenter()
    assert segmenter.push("It costs 3") == []
    assert segmenter.push(".") == []
    assert segmenter.push("50 euros.") == []
    assert segmenter.push(" ") == []
    assert segmenter.push("Fine") == ["It costs 3.50 euros. "]
    assert segmenter.held == "Fine"


def test_white_space_stays_with_the_segment_before_it() -> None:
    assert cut("  One two three four.   \n\n  Five six seven eight nine ten.  ") == [
        "  One two three four.   \n\n  ",
        "Five six seven eight nine ten.  ",
    ]


def test_a_segment_has_something_to_say() -> None:
    assert cut("--- *** ... !!! Hello there.", EACH) == ["--- *** ... !!! Hello there."]
    assert is_speakable("a") is True
    assert is_speakable("5") is True
    assert is_speakable(" -*!? ") is False


def test_text_without_spaces_is_not_held_for_ever() -> None:
    assert [len(segment) for segment in cut("x" * 1500)] == [HELD_CHARS_MAX, HELD_CHARS_MAX, 300]
    assert [len(segment) for segment in cut("- " * 500)] == [HELD_CHARS_MAX, 400]


def test_flushing_makes_it_ready_for_another_text() -> None:
    segmenter = Segmenter()
    segmenter.push("Sure. It is")
    assert segmenter.flush() == ["It is"]
    assert segmenter.flush() == []
    assert segmenter.push("Fine. And") == ["Fine. "]


texts = st.lists(
    st.sampled_from(
        ["Hello", "Dr", "e.g", "7:30", "3.50", "the", "Table", "U.S", "etc", "yes", "no", ".", ". ", ", ", "? ", "! ",
         " ", "  ", "\n", "…", "(", ")", "—", "。", "longerword", "- ", "x" * 70, "“", "”"]
    )
    | st.text(max_size=6),
    max_size=80,
).map("".join)  # fmt: skip


@given(texts, st.lists(st.integers(0, 400), max_size=30))
def test_segments_join_to_the_text_and_do_not_depend_on_the_chunks(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(place for place in cuts if place < len(text))})
    segmenter = Segmenter()
    segments = []
    for start, end in zip(places, [*places[1:], len(text)], strict=True):
        segments += segmenter.push(text[start:end])
    segments += segmenter.flush()

    assert "".join(segments) == text
    assert segments == cut(text)


@given(texts)
def test_letter_by_letter_is_the_same_as_at_once(text: str) -> None:
    segmenter = Segmenter()
    segments = [segment for letter in text for segment in segmenter.push(letter)]
    assert segments + segmenter.flush() == cut(text)


@given(texts)
def test_only_the_last_segment_may_have_nothing_to_say(text: str) -> None:
    segments = cut(text)
    assert all(is_speakable(segment) or len(segment) >= HELD_CHARS_MAX for segment in segments[:-1])
    assert all(segments)
