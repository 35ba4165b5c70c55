import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.model.errors import PeerProtocolError
from segue.model.ids import Seq
from segue.wire.realtime.cursor import START, Cursor

counts = st.integers(min_value=0, max_value=10**18 - 1)
cursors = st.builds(Cursor, seq=counts, part=st.integers(0, 10**9 - 1), audio_samples=counts, ephemeral=counts)


@pytest.mark.parametrize(
    ("text", "cursor"),
    [
        ("event_0_0", START),
        ("event_12_3", Cursor(Seq(12), 3)),
        ("event_12_3_a4800", Cursor(Seq(12), 3, 4800)),
        ("event_12_3_e2", Cursor(Seq(12), 3, 0, 2)),
        ("event_12_3_a4800_e2", Cursor(Seq(12), 3, 4800, 2)),
    ],
)
def test_text_and_cursor_are_two_spellings_of_one_thing(text: str, cursor: Cursor) -> None:
    assert Cursor.parse(text) == cursor
    assert str(cursor) == text


@given(cursors)
def test_every_cursor_reads_back(cursor: Cursor) -> None:
    assert Cursor.parse(str(cursor)) == cursor


def test_cursors_are_ordered_as_they_are_told() -> None:
    told = ["event_0_0", "event_1_0", "event_1_0_e1", "event_1_1", "event_1_1_a9", "event_1_1_a10", "event_10_0_a10"]
    cursors = [Cursor.parse(text) for text in told]
    shuffled = [cursors[n] for n in (3, 6, 0, 5, 1, 4, 2)]
    assert sorted(shuffled) == cursors


@given(cursors, cursors)
def test_the_order_is_total(one: Cursor, other: Cursor) -> None:
    assert (one < other) + (one == other) + (one > other) == 1


def test_the_place_of_an_ephemeral_event_is_the_event_before_it() -> None:
    assert Cursor.parse("event_4_1_a9_e3").place == Cursor.parse("event_4_1_a9")
    plain = Cursor.parse("event_4_1")
    assert plain.place is plain


@pytest.mark.parametrize(
    "text",
    [
        "", "event", "event_", "event_1", "event_1_", "event_01_0", "event_1_00", "event_1_0_a0", "event_1_0_e0",
        "event_1_0_e1_a1", "event_-1_0", "event_1_0 ", "event_1_0\n", "Event_1_0", "event_1_0_a", "event_1_0_x1",
        "event_\u0661_0", "event_" + "9" * 19 + "_0", "evt_abc", "event_1_0_a1_e1_e1",
    ],
)  # fmt: skip
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(PeerProtocolError, match="not an event id") as caught:
        Cursor.parse(text)
    assert caught.value.param == "after"


@given(st.text())
def test_no_text_does_worse_than_be_refused(text: str) -> None:
    for spelling in (text, "event_" + text):
        try:
            assert str(Cursor.parse(spelling)) == spelling
        except PeerProtocolError:
            pass
