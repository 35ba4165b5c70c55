"""Rows to put into stores."""

from segue.model.ids import Epoch, NodeId, Seq, SessionId, session_id_from_word
from segue.session.rows import EpochBody, Row, encode_epoch

ONE, TWO = session_id_from_word(1), session_id_from_word(2)


def row(seq: int, body: bytes = b"body", *, session: SessionId = ONE, epoch: int = 1) -> Row:
    return Row(session=session, seq=Seq(seq), epoch=Epoch(epoch), kind="kind", body=body, version=1)


def claim(seq: int, epoch: int = 1, *, session: SessionId = ONE, node: str = "node", subject: str = "subject") -> Row:
    return encode_epoch(session, Seq(seq), Epoch(epoch), EpochBody(node=NodeId(node), claim="claim", subject=subject))
