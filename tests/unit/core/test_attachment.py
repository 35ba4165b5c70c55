"""One connection: what its Open asks for, what waits for credit, how it ends."""

import json
from typing import Any

import pytest

from segue.core import attachment as module
from segue.core.attachment import Attachment, Wanted, refuse
from segue.model.errors import PeerProtocolError
from segue.model.ids import Epoch
from segue.wire.realtime.cursor import START
from segue.wire.trunk import Closed, Down, Open, Opened, Refused, Release
from tests.support.harness import FakeLink


def offer(*, session: Any = None, query: dict[str, str] | None = None, **fields: Any) -> Open:
    params = json.dumps({"session": session, "query": query or {}}).encode()
    given = {"flow": 1, "session": "sess_a", "subject": "s", "is_new": False, "is_aware": True, "params": params}
    return Open(**{**given, **fields})


def test_a_new_client_brings_its_session_and_model():
    wanted = Wanted.read(offer(session={"voice": "x"}, query={"model": "m"}, is_new=True))
    assert json.loads(wanted.session_patch) == {"voice": "x", "model": "m"}
    assert wanted.cursor == START
    assert wanted.received is None
    assert json.loads(Wanted.read(offer(session={"model": "own"}, query={"model": "m"})).session_patch) == {
        "model": "own"
    }
    assert Wanted.read(offer(params=b"")).session_patch == b"{}"


def test_a_resume_brings_its_places():
    wanted = Wanted.read(offer(query={"received": "12", "position": "7.960"}, cursor="event_4_1_a240_e3"))
    assert (wanted.received, wanted.position, wanted.is_same_socket) == (12, "7.960", False)
    assert str(wanted.cursor.place) == "event_4_1_a240"
    kept = Wanted.read(offer(query={"position": "1.0"}, position="9.960", ring_from=10))
    assert (kept.position, kept.is_same_socket) == ("9.960", True)
    plain = Wanted.read(offer(query={"received": "12", "position": "7.960"}, is_aware=False))
    assert (plain.received, plain.position) == (None, "")


def test_a_cursor_of_somebody_else_is_refused():
    with pytest.raises(PeerProtocolError, match="event id"):
        Wanted.read(offer(cursor="event_x"))


def attached() -> tuple[Attachment, FakeLink, list[Any]]:
    frames: list[Any] = []
    link = FakeLink(frames.append)
    return Attachment(link, 5, Epoch(2), 1, Wanted.read(offer()), 4), link, frames


def test_opening_says_where_to_go_on_and_what_to_give_back():
    attachment, _, frames = attached()
    attachment.opened(3, "3.960")
    assert frames == [Opened(5, 2, 4), Release(5, 3, "3.960")]


def test_messages_wait_for_credit_in_order():
    attachment, link, frames = attached()
    assert attachment.is_clear
    link.credit = False
    attachment.send("c1", b"a")
    attachment.send("c2", b"b", report=True)
    assert not attachment.is_clear
    link.credit = True
    assert not attachment.is_clear
    attachment.send("c3", b"c")
    assert frames == []
    attachment.flush()
    assert [(frame.cursor, frame.payload, frame.report) for frame in frames] == [
        ("c1", b"a", False),
        ("c2", b"b", True),
        ("c3", b"c", False),
    ]
    assert attachment.is_clear


def test_a_client_that_takes_nothing_is_closed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "QUEUED_BYTES_MAX", 10)
    attachment, link, frames = attached()
    link.credit = False
    attachment.send("c1", b"123456")
    attachment.send("c2", b"123456")
    assert isinstance(frames[-1], Closed)
    assert frames[-1].code == 1013
    attachment.send("c3", b"x")
    attachment.close(1000, "again")
    attachment.release(1, "1.0")
    attachment.consumed(1)
    assert len(frames) == 1


def test_refusing():
    frames: list[Any] = []
    refuse(FakeLink(frames.append), 9, 404, "session_not_found", "no", retry=False)
    assert frames == [Refused(9, 404, "session_not_found", "no", False)]


def test_down_frames_carry_the_epoch():
    attachment, _, frames = attached()
    attachment.send("c", b"x")
    assert frames == [Down(5, 2, "c", b"x", False)]
