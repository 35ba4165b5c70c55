"""The kernel's own row."""

from dataclasses import replace

import pytest

from segue.model.errors import ConfigError, JournalTooNew
from segue.model.ids import Epoch, NodeId, Seq, SessionId
from segue.session.rows import EpochBody, decode_epoch, encode_epoch

BODY = EpochBody(node=NodeId("core-1"), claim="entropy", subject="ada")
ROW = encode_epoch(SessionId("s"), Seq(3), Epoch(2), BODY)


def test_an_epoch_row_round_trips() -> None:
    assert decode_epoch(ROW) == BODY
    assert (ROW.kind, ROW.seq, ROW.epoch, ROW.version) == ("epoch", 3, 2, 1)


def test_its_bytes_are_those_of_version_one() -> None:
    assert ROW.body == b"\x93\xa6core-1\xa7entropy\xa3ada"


def test_a_newer_or_damaged_one_is_refused() -> None:
    with pytest.raises(JournalTooNew):
        decode_epoch(replace(ROW, version=2))
    with pytest.raises(ConfigError, match="row 3"):
        decode_epoch(replace(ROW, body=b"\xc1"))
