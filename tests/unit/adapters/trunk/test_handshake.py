import msgspec
import pytest

from segue.adapters.trunk.handshake import Handshake
from segue.adapters.trunk.port import CORE, EDGE, HANDSHAKE_BYTES_MAX, TrunkIdentity
from segue.model.errors import AccessDenied, PeerProtocolError
from segue.wire.trunk import Beat, Proof

KEY = b"k" * 32


def side(role: str, *, key: bytes = KEY, is_dialler: bool, node: str = "", peer: str = "") -> Handshake:
    identity = TrunkIdentity(node=node or f"{role}-1", role=role, fleet_key=key)
    peer_role = peer or (CORE if role == EDGE else EDGE)
    return Handshake(identity, peer_role=peer_role, is_dialler=is_dialler, nonce=role.encode().ljust(16, b"."))


def test_both_sides_prove_themselves_the_dialler_first() -> None:
    edge, core = side(EDGE, is_dialler=True), side(CORE, is_dialler=False)

    assert core.handle(edge.hello()) is None
    edge_proof = edge.handle(core.hello())
    assert edge_proof is not None
    core_proof = core.handle(edge_proof)
    assert core_proof is not None
    assert core.is_done
    assert not edge.is_done
    assert edge.handle(core_proof) is None

    assert edge.is_done
    assert (edge.peer_node, core.peer_node) == ("core-1", "edge-1")


def test_another_fleets_key_is_denied() -> None:
    edge, core = side(EDGE, key=b"x" * 32, is_dialler=True), side(CORE, is_dialler=False)
    core.handle(edge.hello())
    proof = edge.handle(core.hello())
    assert proof is not None

    with pytest.raises(AccessDenied, match="edge-1"):
        core.handle(proof)
    assert not core.is_done


def test_a_listener_cannot_send_the_diallers_proof_back() -> None:
    edge, core = side(EDGE, is_dialler=True), side(CORE, is_dialler=False)
    proof = edge.handle(core.hello())
    assert proof is not None

    with pytest.raises(AccessDenied):
        edge.handle(proof)


def test_a_proof_for_another_nonce_is_denied() -> None:
    edge, core = side(EDGE, is_dialler=True), side(CORE, is_dialler=False)
    core.handle(edge.hello())

    proof = edge.handle(msgspec.structs.replace(core.hello(), nonce=b"0" * 16))
    assert proof is not None
    with pytest.raises(AccessDenied):
        core.handle(proof)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"version": 2}, "version 2"),
        ({"role": EDGE}, "role 'edge'"),
        ({"nonce": b"short"}, "nonce"),
        ({"node": ""}, "node"),
        ({"node": "n" * 65}, "node"),
    ],
)
def test_a_hello_that_does_not_fit_ends_it(change: dict[str, object], match: str) -> None:
    edge, core = side(EDGE, is_dialler=True), side(CORE, is_dialler=False)

    with pytest.raises(PeerProtocolError, match=match):
        edge.handle(msgspec.structs.replace(core.hello(), **change))


def test_frames_out_of_place_end_it() -> None:
    core = side(CORE, is_dialler=False)

    with pytest.raises(PeerProtocolError, match="Proof is out of place"):
        core.handle(Proof(mac=b""))
    with pytest.raises(PeerProtocolError, match="Beat is out of place"):
        core.handle(Beat(sent_ns=1))
    hello = side(EDGE, is_dialler=True).hello()
    core.handle(hello)
    with pytest.raises(PeerProtocolError, match="Hello is out of place"):
        core.handle(hello)


def test_what_comes_before_the_proof_is_bounded() -> None:
    core = side(CORE, is_dialler=False)
    core.count(HANDSHAKE_BYTES_MAX)

    with pytest.raises(PeerProtocolError, match="before the proof"):
        core.count(1)
