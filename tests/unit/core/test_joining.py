"""Where a session's uplink goes on when a client joins."""

import json
from typing import Any

import pytest

from segue.adapters.vad.fake import EnergyVadFactory
from segue.core.attachment import Wanted
from segue.core.hearing import Hearing
from segue.core.joining import UplinkStart, received_for, uplink_start
from segue.model.errors import PeerProtocolError
from segue.wire.trunk import Open


def offer(*, session: Any = None, query: dict[str, str] | None = None, **fields: Any) -> Open:
    params = json.dumps({"session": session, "query": query or {}}).encode()
    given = {"flow": 1, "session": "sess_a", "subject": "s", "is_new": False, "is_aware": True, "params": params}
    return Open(**{**given, **fields})


def test_where_a_new_owner_takes_up_the_uplink():
    def start(**fields: Any) -> UplinkStart:
        return uplink_start(Wanted.read(offer(**fields)), control_through=40, decided_ms=1_000)

    assert start(position="7.960", ring_from=8) == UplinkStart(received=7, units=960)
    assert start(query={"position": "9.480"}) == UplinkStart(received=9, units=480)
    assert start(ring_from=12) == UplinkStart(received=11, units=48_000)
    assert start(query={"received": "55"}) == UplinkStart(received=55, units=48_000)
    assert start(is_aware=False) == UplinkStart(received=40, units=48_000)
    with pytest.raises(PeerProtocolError, match="position"):
        start(position="nonsense")


def test_what_an_edge_is_told_to_be_received():
    hearing = Hearing(EnergyVadFactory(), received=10)
    assert hearing.take(11)
    resent = Wanted.read(offer(query={"received": "11"}))
    assert received_for(resent, hearing) == 10
    assert received_for(Wanted.read(offer(position="10.0", ring_from=11)), hearing) == 11
    assert received_for(Wanted.read(offer(is_aware=False)), hearing) == 11
