import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.model.errors import LimitExceeded
from segue.model.limits import RESPONSE_SEGMENTS_MAX
from segue.voice.playout import MS_PER_LETTER, Place, PlayoutLedger, PlayoutSnapshot

HELLO = "Hello there. "
TABLE = "Your table is booked for Friday."


def spoken() -> PlayoutLedger:
    """Two segments of 1 s and 2 s, all sent."""
    ledger = PlayoutLedger()
    ledger.synthesize(ledger.add(HELLO), 1000)
    ledger.synthesize(ledger.add(TABLE), 2000)
    ledger.complete()
    ledger.send(3000)
    return ledger


def test_a_new_item_has_nothing() -> None:
    ledger = PlayoutLedger()
    assert (ledger.text, ledger.generated_ms, ledger.sent_ms, ledger.heard_ms) == ("", 0, 0, 0)
    assert ledger.duration_ms is None
    assert not ledger.is_heard_out
    assert ledger.text_heard() == ""


def test_segments_are_numbered_and_make_up_the_text() -> None:
    ledger = PlayoutLedger()
    assert [ledger.add(HELLO), ledger.add(TABLE)] == [0, 1]
    assert ledger.text == HELLO + TABLE


def test_what_there_is_counts_up_to_the_first_gap() -> None:
    ledger = PlayoutLedger()
    ledger.add(HELLO)
    ledger.add(TABLE)
    ledger.generate(0, 300)
    ledger.synthesize(1, 2000)
    assert ledger.generated_ms == 300
    ledger.synthesize(0, 1000)
    assert ledger.generated_ms == 3000


def test_generation_of_a_repeated_attempt_does_not_go_back() -> None:
    ledger = PlayoutLedger()
    ledger.add(HELLO)
    ledger.generate(0, 300)
    ledger.generate(0, 100)
    assert ledger.generated_ms == 300


def test_marks_only_grow_and_nothing_is_heard_before_it_is_sent() -> None:
    ledger = PlayoutLedger([(HELLO, 1000)])
    assert ledger.hear(500) is False
    ledger.send(400)
    ledger.send(200)
    assert ledger.sent_ms == 400
    assert ledger.hear(500) is True
    assert ledger.heard_ms == 400
    assert ledger.hear(300) is False
    assert ledger.hear(400) is False
    assert ledger.heard_ms == 400


@pytest.mark.parametrize(
    ("heard_ms", "text"),
    [
        (-5, ""),
        (0, ""),
        (100, ""),
        (500, "Hello"),
        (900, "Hello"),
        (960, "Hello there."),
        (1000, "Hello there."),
        (1040, "Hello there."),
        (1300, "Hello there. Your"),
        (1800, "Hello there. Your table is"),
        (2900, "Hello there. Your table is booked for"),
        (2960, HELLO + TABLE),
        (3000, HELLO + TABLE),
        (9999, HELLO + TABLE),
    ],
)
def test_the_words_heard_end_at_a_word(heard_ms: int, text: str) -> None:
    assert spoken().text_heard(heard_ms) == text


def test_the_words_heard_are_those_up_to_the_mark() -> None:
    ledger = spoken()
    ledger.hear(1300)
    assert ledger.text_heard() == "Hello there. Your"


def test_a_segment_not_synthesized_yet_is_guessed_at_by_its_letters() -> None:
    ledger = PlayoutLedger([(TABLE, None)])
    half_ms = len(TABLE) * MS_PER_LETTER // 2
    assert ledger.text_heard(half_ms) == "Your table is"
    ledger.generate(0, 10 * half_ms)
    assert ledger.text_heard(half_ms) == ""


def test_a_silent_segment_does_not_stop_the_text() -> None:
    ledger = PlayoutLedger([("Yes. ", 500), (" — ", 0), ("No.", 500)])
    assert ledger.text_heard(500) == "Yes."
    assert ledger.text_heard(501) == "Yes.  —"
    assert ledger.text_heard(1000) == "Yes.  — No."


def test_white_space_alone_is_no_word() -> None:
    assert PlayoutLedger([("   ", 1000)]).text_heard(400) == ""


def test_all_is_heard_when_no_more_follows_and_the_mark_is_at_the_end() -> None:
    ledger = PlayoutLedger([(HELLO, 1000)])
    ledger.send(1000)
    ledger.hear(1000)
    assert not ledger.is_heard_out
    ledger.complete()
    assert ledger.is_heard_out
    assert ledger.duration_ms == 1000


def test_all_is_heard_a_frame_before_the_end_but_not_a_word_before() -> None:
    ledger = spoken()
    ledger.hear(2900)
    assert not ledger.is_heard_out
    ledger.hear(2960)
    assert ledger.is_heard_out


def test_an_item_with_a_gap_is_not_heard_out() -> None:
    ledger = PlayoutLedger([(HELLO, 1000), (TABLE, None)])
    ledger.complete()
    assert ledger.duration_ms is None
    assert not ledger.is_heard_out


@pytest.mark.parametrize(
    ("item_ms", "segment", "offset_ms"),
    [(-1, 0, 0), (0, 0, 0), (999, 0, 999), (1000, 1, 0), (2999, 1, 1999), (3000, 2, 0), (5000, 2, 0)],
)
def test_a_point_of_the_item_is_a_point_of_a_segment(item_ms: int, segment: int, offset_ms: int) -> None:
    assert spoken().place_at(item_ms) == Place(segment=segment, offset_ms=offset_ms)


def test_nothing_follows_the_last_segment() -> None:
    ledger = spoken()
    with pytest.raises(AssertionError):
        ledger.add("More.")


def test_segments_are_bounded() -> None:
    ledger = PlayoutLedger([("x", 1)] * RESPONSE_SEGMENTS_MAX)
    with pytest.raises(LimitExceeded, match="RESPONSE_SEGMENTS_MAX"):
        ledger.add("x")


segments = st.lists(st.tuples(st.text(alphabet="ab c.,\n", max_size=20), st.none() | st.integers(0, 3000)), max_size=6)
steps = st.lists(
    st.tuples(st.sampled_from(["send", "hear", "generate", "synthesize"]), st.integers(0, 9000)), max_size=20
)


def perform(ledger: PlayoutLedger, name: str, value: int) -> None:
    match name:
        case "send":
            ledger.send(value)
        case "hear":
            ledger.hear(value)
        case "generate" if ledger.segments:
            ledger.generate(value % len(ledger.segments), value)
        case "synthesize" if ledger.segments:
            ledger.synthesize(value % len(ledger.segments), value)


@given(segments, steps)
def test_marks_are_monotone_and_restored_at_any_step(
    parts: list[tuple[str, int | None]], run: list[tuple[str, int]]
) -> None:
    ledger, twin = PlayoutLedger(parts), PlayoutLedger(parts)
    sent_ms = heard_ms = 0
    for name, value in run:
        perform(ledger, name, value)
        stored = msgspec.msgpack.encode(twin.snapshot())
        twin = PlayoutLedger.restored(msgspec.msgpack.decode(stored, type=PlayoutSnapshot))
        perform(twin, name, value)
        assert twin.snapshot() == ledger.snapshot()
        assert ledger.sent_ms >= sent_ms
        assert ledger.heard_ms >= heard_ms
        assert ledger.heard_ms <= ledger.sent_ms
        sent_ms, heard_ms = ledger.sent_ms, ledger.heard_ms


@given(segments, st.integers(0, 20_000), st.integers(0, 2_000))
def test_more_is_never_fewer_words(parts: list[tuple[str, int | None]], heard_ms: int, more_ms: int) -> None:
    ledger = PlayoutLedger(parts)
    before, after = ledger.text_heard(heard_ms), ledger.text_heard(heard_ms + more_ms)
    assert after.startswith(before)
    assert ledger.text.startswith(before)


@given(segments, st.integers(0, 20_000))
def test_a_word_is_heard_whole_or_not_at_all(parts: list[tuple[str, int | None]], heard_ms: int) -> None:
    ledger = PlayoutLedger([(text + " ", duration_ms) for text, duration_ms in parts])
    before = ledger.text_heard(heard_ms)
    assert ledger.text.split()[: len(before.split())] == before.split()
