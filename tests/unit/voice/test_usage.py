from hypothesis import given
from hypothesis import strategies as st

from segue.voice.usage import response_usage, text_tokens
from segue.wire.realtime.items import InputTokenDetails, OutputTokenDetails, Usage


def test_tokens_of_text_are_a_quarter_of_its_bytes_rounded_up() -> None:
    assert [text_tokens(text) for text in ("", "a", "abcd", "abcde", "héé")] == [0, 1, 1, 2, 2]


def test_half_a_character_is_counted_too() -> None:
    assert text_tokens("\ud800") == 1


def test_audio_and_text_add_up() -> None:
    assert response_usage(
        input_text_tokens=10, input_audio_ms=1_050, output_text_tokens=4, output_audio_ms=1_000
    ) == Usage(
        total_tokens=45,
        input_tokens=21,
        output_tokens=24,
        input_token_details=InputTokenDetails(text_tokens=10, audio_tokens=11),
        output_token_details=OutputTokenDetails(text_tokens=4, audio_tokens=20),
    )


def test_nothing_is_all_zeros_and_no_nulls() -> None:
    assert response_usage() == Usage()
    assert response_usage(input_audio_ms=-5) == Usage()


@given(st.text(), st.text())
def test_a_longer_text_has_no_fewer_tokens(one: str, other: str) -> None:
    assert text_tokens(one + other) >= text_tokens(one)
