import pytest

from segue.model.errors import PeerProtocolError
from segue.model.ids import Epoch, Seq, SessionId
from segue.session.rows import Row
from segue.voice import rows
from tests.support.voice_stage import Stage


def row(kind: str, body: bytes, version: int = 1) -> Row:
    return Row(session=SessionId("sess_x"), seq=Seq(1), epoch=Epoch(1), kind=kind, body=body, version=version)


def test_every_row_of_a_conversation_survives_encoding() -> None:
    stage = Stage().begin()
    stage.say("what time is it?")
    for written, body in zip(stage.rows, stage.bodies, strict=True):
        assert rows.decode_row(written) == body
        assert rows.encode_body(body) == written.body
        assert rows.row_kind(body) == written.kind


def test_rows_of_the_next_release_mean_nothing_here() -> None:
    assert rows.decode_row(row("turn.sung", b"\x80", version=2)) is None
    assert rows.decode_row(row("epoch", b"\x80")) is None


def test_an_unknown_field_is_ignored() -> None:
    import msgspec

    body = msgspec.msgpack.encode({"row": "turn.dropped", "audio_end_ms": 5, "mood": "good"})
    assert rows.decode_row(row("turn.dropped", body)) == rows.TurnDropped(audio_end_ms=5)


@pytest.mark.parametrize(
    ("kind", "body"), [("turn.sung", b"\x80"), ("turn.dropped", b"\xc1"), ("turn.dropped", b"\x80")]
)
def test_damage_is_named(kind: str, body: bytes) -> None:
    with pytest.raises(PeerProtocolError, match="sess_x row 1"):
        rows.decode_row(row(kind, body))
