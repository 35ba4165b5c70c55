"""The mutual proof that both ends of a link hold the fleet key. Pure: nonces come in, frames go out.

    dialler    Hello ->            both say who they are and give 16 random bytes
    listener         <- Hello
    dialler    Proof ->            the dialler proves first, so that a listener signs nothing for a stranger
    listener         <- Proof

Each proof covers the other side's nonce and the signer's own node and role; roles differ, so that a proof cannot be
sent back to its maker. It authenticates the two ends, it does not hide or seal what follows: across machines the link
runs in TLS.
"""

import hashlib
import hmac
from typing import assert_never

from segue.adapters.trunk.port import HANDSHAKE_BYTES_MAX, TrunkIdentity
from segue.model.errors import AccessDenied, PeerProtocolError
from segue.wire.trunk import TRUNK_VERSION, AnyFrame, Hello, Proof

NONCE_BYTES = 16
NODE_CHARS_MAX = 64
_LABEL = b"segue trunk 1"


class Handshake:
    """One side of it; `is_done` once the peer is proven and so are we."""

    def __init__(self, identity: TrunkIdentity, *, peer_role: str, is_dialler: bool, nonce: bytes) -> None:
        assert len(nonce) == NONCE_BYTES, "the caller draws the nonce"
        assert identity.role != peer_role, "a proof must not be good for its own maker"
        self._identity = identity
        self._peer_role = peer_role
        self.is_dialler = is_dialler
        self._nonce = nonce
        self._peer: Hello | None = None
        self._received_bytes = 0
        self.is_done = False

    @property
    def peer_node(self) -> str:
        """Who the other side says it is; proven only when `is_done`."""
        return self._peer.node if self._peer is not None else ""

    def hello(self) -> Hello:
        """The frame to begin with."""
        return Hello(version=TRUNK_VERSION, node=self._identity.node, role=self._identity.role, nonce=self._nonce)

    def count(self, received_bytes: int) -> None:
        """Bytes came before the proof.

        Raises:
            PeerProtocolError: More than a handshake takes.
        """
        self._received_bytes += received_bytes
        if self._received_bytes > HANDSHAKE_BYTES_MAX:
            raise PeerProtocolError(f"trunk: more than {HANDSHAKE_BYTES_MAX} bytes before the proof")

    def handle(self, frame: AnyFrame) -> Proof | None:
        """Take a frame of the peer; return the one to answer with.

        Raises:
            PeerProtocolError: A frame that does not belong here, another version or another role.
            AccessDenied: The proof is not one of this fleet key.
        """
        match frame:
            case Hello() if self._peer is None:
                self._take_hello(frame)
                return self._proof() if self.is_dialler else None
            case Proof() if self._peer is not None and not self.is_done:
                self._take_proof(frame, self._peer)
                return None if self.is_dialler else self._proof()
            case _:
                raise PeerProtocolError(f"trunk handshake: {type(frame).__name__} is out of place")
        assert_never(frame)

    def _take_hello(self, hello: Hello) -> None:
        if hello.version != TRUNK_VERSION:
            raise PeerProtocolError(
                f"trunk version {hello.version} of {hello.node[:NODE_CHARS_MAX]!r}, this release speaks {TRUNK_VERSION}"
            )
        if hello.role != self._peer_role:
            raise PeerProtocolError(f"trunk role {hello.role[:NODE_CHARS_MAX]!r}, a {self._peer_role} was expected")
        if len(hello.nonce) != NONCE_BYTES or not 0 < len(hello.node) <= NODE_CHARS_MAX:
            raise PeerProtocolError(f"trunk hello: a nonce of {NONCE_BYTES} bytes and a node name are needed")
        self._peer = hello

    def _take_proof(self, proof: Proof, peer: Hello) -> None:
        wanted = _mac(self._identity.fleet_key, self._nonce, peer.node, peer.role)
        if not hmac.compare_digest(proof.mac, wanted):
            raise AccessDenied(f"trunk: {peer.role} {peer.node!r} does not hold this fleet's key")
        self.is_done = True

    def _proof(self) -> Proof:
        assert self._peer is not None
        return Proof(mac=_mac(self._identity.fleet_key, self._peer.nonce, self._identity.node, self._identity.role))


def _mac(key: bytes, nonce: bytes, node: str, role: str) -> bytes:
    parts = (_LABEL, nonce, node.encode(), role.encode())
    return hmac.new(key, b"".join(len(part).to_bytes(2, "big") + part for part in parts), hashlib.sha256).digest()
