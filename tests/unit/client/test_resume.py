"""ResumeLedger: numbering, release, and what is sent again."""

import pytest

from segue.client import resume
from segue.client.resume import ResumeLedger, encode_event
from segue.model.errors import LimitExceeded


def session_event(*, received: int) -> dict[str, object]:
    return {
        "type": "segue.session",
        "session_id": "sess_x",
        "resume_token": "rt_y",
        "uplink_received": received,
        "uplink_position": f"{received}.0",
    }


def test_messages_are_numbered_from_one_and_kept_until_released() -> None:
    ledger = ResumeLedger()
    assert [ledger.keep(b"a"), ledger.keep(b"b"), ledger.keep(b"c")] == [1, 2, 3]

    ledger.note_event({"type": "segue.ack", "event_id": "event_4_0_e1", "through": 2, "position": "2.960"})

    assert ledger.unacknowledged() == [(3, b"c")]
    assert ledger.released_through == 2


def test_a_new_session_asks_for_nothing_and_a_resume_presents_the_cursor() -> None:
    ledger = ResumeLedger()
    assert ledger.query() == {"segue": "1"}

    ledger.note_event(session_event(received=0))
    ledger.keep(b"a")
    ledger.note_event({"type": "response.done", "event_id": "event_41_2_a72000"})

    assert ledger.query() == {
        "segue": "1",
        "session_id": "sess_x",
        "after": "event_41_2_a72000",
        "received": "1",
        "position": "0.0",
    }
    assert ledger.resume_token == "rt_y"


def test_what_the_server_has_is_not_sent_again() -> None:
    ledger = ResumeLedger()
    for letter in (b"a", b"b", b"c"):
        ledger.keep(letter)

    ledger.note_event(session_event(received=1))

    assert ledger.unacknowledged() == [(2, b"b"), (3, b"c")]
    assert ledger.unacknowledged(after=2) == [(3, b"c")]


def test_events_without_a_cursor_do_not_move_it() -> None:
    ledger = ResumeLedger()
    ledger.note_event({"type": "x", "event_id": "event_1_0"})
    ledger.note_event({"type": "y"})
    ledger.note_event({"type": "z", "event_id": "something"})
    assert ledger.cursor == "event_1_0"


def test_a_full_ring_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resume, "UPLINK_RING_MESSAGES_MAX", 2)
    ledger = ResumeLedger()
    ledger.keep(b"a")
    ledger.keep(b"b")
    with pytest.raises(LimitExceeded, match="UPLINK_RING_MESSAGES_MAX: 3"):
        ledger.keep(b"c")

    monkeypatch.setattr(resume, "UPLINK_RING_BYTES_MAX", 3)
    with pytest.raises(LimitExceeded, match="UPLINK_RING_BYTES_MAX: 4"):
        ledger.keep(b"cc")


def test_encoding_is_compact_json() -> None:
    assert encode_event({"type": "a", "n": 1}) == b'{"type":"a","n":1}'
