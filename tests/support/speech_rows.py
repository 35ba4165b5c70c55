"""Rows of agent speech, as short as tests want them."""

from typing import Any

from segue.model.ids import Epoch, Seq, SessionId
from segue.session.rows import Row
from segue.voice import rows
from segue.wire.realtime.items import Message, OutputAudioPart
from segue.wire.realtime.session import Session

SESSION = Session(id="sess_a", model="m")


def row(seq: int, body: rows.VoiceRow) -> Row:
    kind, data = rows.row_kind(body), rows.encode_body(body)
    return Row(session=SessionId("sess_a"), seq=Seq(seq), epoch=Epoch(1), kind=kind, body=data, version=1)


def started(number: int, *, modality: Any = "audio", conversation: str | None = "conv") -> rows.ResponseStarted:
    return rows.ResponseStarted(
        response_id=f"r{number}", item_id=f"i{number}", origin="o", modality=modality, conversation_id=conversation
    )


def segment(number: int, index: int, text: str = "Hi. ") -> rows.SegmentAdded:
    return rows.SegmentAdded(
        response_id=f"r{number}",
        item_id=f"i{number}",
        segment=index,
        text=text,
        modality="audio",
        key=f"k{number}{index}",
        voice="v",
    )


def made(number: int, index: int, ms: int) -> rows.SegmentSynthesized:
    return rows.SegmentSynthesized(item_id=f"i{number}", segment=index, duration_ms=ms)


def finished(number: int, status: Any = "completed") -> rows.ItemFinished:
    item = Message(id=f"i{number}", role="assistant", content=(OutputAudioPart(transcript="Hi."),), status=status)
    return rows.ItemFinished(
        response_id=f"r{number}", item=item, previous_item_id=None, modality="audio", is_in_conversation=True
    )


def opened() -> rows.SessionOpened:
    return rows.SessionOpened(session=SESSION, agent="a", agent_version="1", subject="s")


def heard(number: int, ms: int, *, cut: bool = False) -> rows.ItemWasHeard:
    return rows.ItemWasHeard(item_id=f"i{number}", heard_ms=ms, text="Hi.", is_cut=cut)
