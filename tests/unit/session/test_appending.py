"""The append line: one append at a time, and what becomes of those without an answer."""

import pytest

from segue.model.errors import LocalProtocolError
from segue.model.ids import Epoch, Seq, SessionId
from segue.model.time import MonoNs, ms
from segue.session.appending import AppendLine, Landed, Taken
from segue.session.config import SessionConfig
from segue.session.outputs import Append, ReadRows
from segue.session.rows import Row, Urgency

SESSION = SessionId("s")


def row(seq: int, body: bytes = b"body") -> Row:
    return Row(session=SESSION, seq=Seq(seq), epoch=Epoch(1), kind="k", body=body, version=1)


def at(value_ms: float) -> MonoNs:
    return MonoNs(ms(value_ms))


def line_with(*seqs: int, urgency: Urgency = Urgency.SOON, **config: int) -> AppendLine:
    line = AppendLine(SESSION, SessionConfig(**config))
    for seq in seqs:
        line.push(row(seq), urgency)
    return line


def offered(line: AppendLine, now: float = 0, *, is_awaited: bool = False) -> Append:
    request = line.poll(at(now), is_awaited=is_awaited)
    assert isinstance(request, Append)
    return request


def test_rows_go_in_order_one_append_at_a_time() -> None:
    line = line_with(1, 2, 3, append_rows_max=2)
    assert offered(line).rows == (row(1), row(2))
    assert line.poll(at(0), is_awaited=False) is None
    assert (line.rows, line.body_bytes) == (3, 12)
    assert line.appended(Seq(2)) == Landed(through=Seq(2))
    assert offered(line).rows == (row(3),)
    assert line.appended(Seq(3)) == Landed(through=Seq(3))
    assert (line.rows, line.body_bytes) == (0, 0)
    assert line.poll(at(0), is_awaited=False) is None


@pytest.mark.parametrize(
    ("urgency", "is_awaited", "expected"),
    [
        (Urgency.SOON, False, Urgency.SOON),
        (Urgency.SOON, True, Urgency.GATE),
        (Urgency.GATE, False, Urgency.GATE),
    ],
)
def test_urgency(urgency: Urgency, is_awaited: bool, expected: Urgency) -> None:
    assert offered(line_with(1, urgency=urgency), is_awaited=is_awaited).urgency is expected


def test_an_urgent_row_further_back_hurries_those_before_it() -> None:
    line = line_with(1, 2, append_rows_max=1)
    line.push(row(3), Urgency.GATE)
    assert offered(line).urgency is Urgency.GATE


def test_a_refusal_is_final() -> None:
    line = line_with(1, 2)
    offered(line)
    assert line.refused(Seq(2)) == Taken(seq=Seq(1))
    assert (line.rows, line.body_bytes) == (0, 0)


def test_an_empty_slot_is_offered_the_same_rows_again() -> None:
    line = line_with(1)
    first = offered(line)
    line.push(row(2), Urgency.SOON)
    line.unknown(at(0), Seq(1), "lost")
    assert line.poll(at(0), is_awaited=False) == ReadRows(session=SESSION, from_seq=Seq(1), limit=1)
    assert line.slots_read(()) is None
    assert offered(line).rows == first.rows


def test_our_own_row_in_the_slot_landed() -> None:
    line = line_with(1, 2)
    offered(line)
    line.unknown(at(0), Seq(1), "lost")
    line.poll(at(0), is_awaited=False)
    assert line.slots_read((row(1), row(2))) == Landed(through=Seq(2))


def test_anothers_row_in_the_slot_is_theirs() -> None:
    line = line_with(1)
    offered(line)
    line.unknown(at(0), Seq(1), "lost")
    line.poll(at(0), is_awaited=False)
    assert line.slots_read((row(1, b"other"),)) == Taken(seq=Seq(1))


def test_a_refusal_of_rows_offered_before_is_read_first() -> None:
    line = line_with(1)
    offered(line)
    line.unknown(at(0), Seq(1), "lost")
    line.poll(at(0), is_awaited=False)
    line.slots_read(())
    offered(line)
    assert line.refused(Seq(1)) is None
    assert isinstance(line.poll(at(0), is_awaited=False), ReadRows)
    assert line.slots_read((row(1),)) == Landed(through=Seq(1))


def test_a_store_that_fails_again_is_away_and_asked_later() -> None:
    line = line_with(1, store_retry_ms=100)
    offered(line)
    line.unknown(at(0), Seq(1), "disk full")
    assert line.away(at(0)) is None
    line.poll(at(0), is_awaited=False)
    line.unread(at(0), "gone")
    assert line.away(at(0)) == "gone"
    assert line.poll(at(0), is_awaited=False) is None
    retry_at = line.next_retry()
    assert retry_at is not None
    assert at(100) <= retry_at <= at(125)
    assert isinstance(line.poll(retry_at, is_awaited=False), ReadRows)
    assert line.slots_read((row(1),)) == Landed(through=Seq(1))
    assert line.away(retry_at) is None


def test_silence_counts_as_away_and_is_named_once() -> None:
    line = line_with(1, store_answer_ms=500)
    offered(line)
    assert line.next_slow(at(0)) == at(500)
    assert line.away(at(499)) is None
    assert line.away(at(500)) == "no answer to an append"
    assert line.next_slow(at(500)) is None
    line.appended(Seq(1))
    assert line.away(at(501)) is None


def test_an_append_that_landed_in_part_breaks_the_stores_promise() -> None:
    line = line_with(1, 2)
    offered(line)
    line.unknown(at(0), Seq(1), "lost")
    line.poll(at(0), is_awaited=False)
    with pytest.raises(LocalProtocolError, match="in part"):
        line.slots_read((row(1),))


def test_answers_must_fit_what_was_asked() -> None:
    line = line_with(1, 2)
    for answer in (
        lambda: line.appended(Seq(1)),
        lambda: line.refused(Seq(1)),
        lambda: line.unknown(at(0), Seq(1), ""),
        lambda: line.slots_read(()),
        lambda: line.unread(at(0), ""),
    ):
        with pytest.raises(LocalProtocolError, match="answers no"):
            answer()
    offered(line)
    for answer in (
        lambda: line.appended(Seq(1)),
        lambda: line.refused(Seq(3)),
        lambda: line.unknown(at(0), Seq(2), ""),
    ):
        with pytest.raises(LocalProtocolError):
            answer()
