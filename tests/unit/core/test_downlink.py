"""The way down: cursors, what is told to whom, what waits, and what a client that came back is told again."""

import json
from typing import Any

from segue.core.attachment import Attachment, Wanted
from segue.core.downlink import QUEUED_MAX, RECENT_ROWS_MAX, Downlink
from segue.model.ids import Epoch, ItemId, Seq
from segue.wire.realtime.cursor import START, Cursor
from segue.wire.realtime.server import PlayoutHold, SegueAck, SessionCreated, error_event
from segue.wire.trunk import Closed, Down
from tests.support.harness import FakeLink
from tests.support.speech_rows import SESSION, finished, heard, opened, row, segment, started


def wanted(cursor: Cursor = START, *, is_aware: bool = True, position: str = "") -> Wanted:
    return Wanted(
        is_new=True,
        is_aware=is_aware,
        subject="s",
        session_patch=b"{}",
        cursor=cursor,
        ring_from=0,
        position=position,
        received=None,
        is_same_socket=position != "",
    )


class Way:
    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.owed: set[str] = set()
        self.link = FakeLink(self.frames.append)
        self.downlink = Downlink(lambda item: item in self.owed, lambda _: SegueAck(through=0, position="resume"))

    def attachment(self, want: Wanted, number: int = 1) -> Attachment:
        return Attachment(self.link, 3, Epoch(1), number, want, 0)

    def attach(self, want: Wanted | None = None) -> Attachment:
        attachment = self.attachment(want or wanted())
        self.downlink.attach(attachment, None)
        return attachment

    def told(self) -> list[tuple[str, str]]:
        found = [json.loads(frame.payload) for frame in self.frames if isinstance(frame, Down)]
        return [(event["event_id"], event["type"].removeprefix("response.")) for event in found]


def test_rows_audio_and_asides_have_cursors_in_order():
    way = Way()
    way.attach()
    way.downlink.publish(row(2, opened()))
    way.downlink.publish(row(3, started(1)))
    way.downlink.publish(row(4, segment(1, 0)))
    cursor = way.downlink.send_audio("r1", ItemId("i1"), b"\0" * 96, 60, report=True)
    way.downlink.tell(PlayoutHold(item_id="i1"), only_aware=True)
    way.downlink.publish(row(6, heard(1, 10)))
    way.downlink.publish(row(7, started(2)))
    assert cursor == "event_4_0_a1440"
    assert way.told() == [
        ("event_2_0", "session.created"),
        ("event_2_0_e1", "segue.ack"),
        ("event_3_0", "created"),
        ("event_4_0", "output_audio_transcript.delta"),
        ("event_4_0_a1440", "output_audio.delta"),
        ("event_4_0_a1440_e1", "segue.playout.hold"),
        ("event_6_0_a1440", "segue.item.heard"),
        ("event_7_0", "created"),
    ]
    assert [frame.cursor for frame in way.frames] == [event_id for event_id, _ in way.told()]
    assert [frame.report for frame in way.frames].count(True) == 1


def test_clients_that_did_not_ask_see_none_of_ours():
    way = Way()
    way.attach(wanted(is_aware=False))
    way.downlink.publish(row(2, opened()))
    way.downlink.tell(PlayoutHold(item_id="i"), only_aware=True)
    way.downlink.publish(row(3, heard(1, 10)))
    way.downlink.tell(error_event("invalid_value", "no"))
    assert way.told() == [("event_2_0", "session.created"), ("event_3_0_e1", "error")]


def test_nobody_attached_nothing_said_and_the_next_one_joins_from_here():
    way = Way()
    way.downlink.tell(error_event("invalid_value", "no"))
    way.downlink.publish(row(2, opened()))
    attachment = way.attachment(wanted())
    way.downlink.attach(attachment, SessionCreated(session=SESSION))
    way.downlink.publish(row(3, started(1)))
    assert way.told() == [
        ("event_2_99_e1", "session.created"),
        ("event_2_99_e2", "segue.ack"),
        ("event_3_0", "created"),
    ]
    way.downlink.detach()
    way.downlink.publish(row(4, segment(1, 0)))
    assert len(way.told()) == 3
    assert not way.downlink.may_speak


def test_a_spoken_item_is_not_done_before_its_audio_was_sent():
    way = Way()
    way.attach()
    way.owed.add("i1")
    way.downlink.publish(row(2, finished(1)))
    way.downlink.publish(row(3, started(2)))
    assert way.told() == []
    way.owed.clear()
    way.downlink.drain()
    assert next(kind for _, kind in way.told()) == "output_audio.done"
    assert way.told()[-1] == ("event_3_0", "created")
    way.owed.add("i3")
    way.downlink.publish(row(4, finished(3, "incomplete")))
    assert way.told()[-1][0].startswith("event_4_"), "a cut one is over at once"


def test_a_client_that_came_back_is_told_the_rest_in_order():
    way = Way()
    for seq, body in enumerate([opened(), started(1), segment(1, 0)], start=2):
        way.downlink.publish(row(seq, body))
    back = way.attachment(wanted(Cursor(Seq(3), 0)))
    way.downlink.attach_behind(back)
    way.downlink.publish(row(5, segment(1, 1)))
    way.downlink.tell(PlayoutHold(item_id="i1"))
    assert [kind for _, kind in way.told()] == ["segue.ack"]
    assert not way.downlink.may_speak
    way.downlink.catch_up([(Seq(3), started(1)), (Seq(4), segment(1, 0))])
    assert [event_id for event_id, _ in way.told()] == ["event_3_0_e1", "event_4_0", "event_5_0", "event_5_0_e1"]
    assert way.downlink.may_speak


def test_a_cursor_in_the_middle_of_a_row_gets_its_other_events():
    way = Way()
    back = way.attachment(wanted(Cursor(Seq(2), 1, 480, 7), position="1.0"))
    way.downlink.attach_behind(back)
    way.downlink.catch_up([(Seq(2), finished(1))])
    assert [event_id for event_id, _ in way.told()] == ["event_2_2_a480", "event_2_3_a480", "event_2_4_a480"]
    way.downlink.tell(error_event("invalid_value", "x"))
    assert way.told()[-1][0] == "event_2_4_a480_e1"


def test_memory_is_bounded_and_says_what_it_has():
    way = Way()
    for seq in range(2, RECENT_ROWS_MAX + 12):
        way.downlink.publish(row(seq, heard(1, seq)))
    assert not way.downlink.remembers(Cursor(Seq(5)))
    assert way.downlink.remembers(Cursor(Seq(100)))
    assert not way.downlink.remembers(Cursor(Seq(100), 0, 240)), "the response's beginning is needed too"
    assert len(way.downlink.recent_rows(Seq(0))) == RECENT_ROWS_MAX
    way.downlink.forget_before(Seq(1000))
    assert not way.downlink.remembers(Cursor(Seq(100)))


def test_a_client_too_far_behind_is_closed():
    way = Way()
    way.downlink.attach_behind(way.attachment(wanted(Cursor(Seq(1)))))
    for seq in range(2, QUEUED_MAX + 4):
        way.downlink.publish(row(seq, heard(1, seq)))
    assert isinstance(way.frames[-1], Closed)
    assert way.frames[-1].code == 1013
    assert way.downlink.attachment is None


def test_an_answer_to_the_instant_passes_what_waits():
    way = Way()
    way.downlink.tell_now(PlayoutHold(item_id="nobody hears"))
    way.downlink.attach_behind(way.attachment(wanted(Cursor(Seq(1)), position="1.0")))
    way.downlink.tell_now(PlayoutHold(item_id="i"))
    assert way.told() == [("event_1_0_e1", "segue.playout.hold")]
