"""The trunk: typed frames between one edge and one core over one TCP link.

On the link each frame is a 4-byte big-endian length and that many bytes of msgpack. Many flows share the link; a flow
is one client connection, numbered by the edge. The link opens with `Hello` and `Proof` from both sides. A frame of
unknown type, over `TRUNK_FRAME_BYTES_MAX` or before the proof ends the link: both ends are ours and one is broken.

Credit: a side may have `FLOW_CREDIT_BYTES` of `Up` or `Down` payload in flight per flow beyond what the other side has
granted back by `Credit`; a single frame may overdraw it, so that one large message never stalls.
"""

from typing import Final

import msgspec

from segue.model.errors import PeerProtocolError
from segue.model.limits import TRUNK_FRAME_BYTES_MAX

TRUNK_VERSION: Final = 1
LENGTH_BYTES: Final = 4


class Frame(msgspec.Struct, frozen=True, array_like=True, tag_field="t"):
    """Base of all frames; the tag is a small integer, the fields follow in order (new ones only at the end)."""


class Hello(Frame, frozen=True, array_like=True, tag=1):
    """First frame of either side. `nonce` is 16 random bytes the other side must sign."""

    version: int
    node: str
    role: str
    nonce: bytes


class Proof(Frame, frozen=True, array_like=True, tag=2):
    """HMAC-SHA256(fleet key, peer's nonce, own node, own role): only members of the fleet speak on the trunk."""

    mac: bytes


class Beat(Frame, frozen=True, array_like=True, tag=3):
    """Sent every `HEARTBEAT_MS`. Echoes the last beat received, so that each beat completes a four-timestamp sample.

    Clock domains: `sent_ns` and `received_ns` are the sender's, `echo_sent_ns` is the receiver's own stamp come back.
    """

    sent_ns: int
    echo_sent_ns: int | None = None
    received_ns: int | None = None


class Open(Frame, frozen=True, array_like=True, tag=4):
    """Edge → core: a client connection wants this session; sent anew to another core when the first one is gone.

    `params` is opaque to the edge: JSON of the claims in the client's token (`session`) and its query parameters.
    `ring_from` is the lowest uplink index the edge still holds (0: it holds none), `position` what the core said with
    the last release, `cursor` the last cursor that went down to the client, as far as the edge or the client knows it,
    `epoch` the newest owner's that this flow has seen (0: none): a core that holds an older one has lost the session.
    """

    flow: int
    session: str
    subject: str
    is_new: bool
    is_aware: bool
    params: bytes
    ring_from: int = 0
    position: str = ""
    cursor: str = ""
    epoch: int = 0


class Opened(Frame, frozen=True, array_like=True, tag=5):
    """Core → edge: the flow is attached; send every uplink message after `received`, number new ones from there."""

    flow: int
    epoch: int
    received: int


class Refused(Frame, frozen=True, array_like=True, tag=6):
    """Core → edge: no attachment. `status` is the HTTP status the edge answers with, `retry` whether later may work."""

    flow: int
    status: int
    code: str
    message: str
    retry: bool = False


class Up(Frame, frozen=True, array_like=True, tag=7):
    """Edge → core: one client message, verbatim. `edge_in_ns` is the edge's clock when it was received."""

    flow: int
    index: int
    edge_in_ns: int
    payload: bytes


class Release(Frame, frozen=True, array_like=True, tag=8):
    """Core → edge: everything up to `through` is decided and durable; give `position` back when replaying."""

    flow: int
    through: int
    position: str


class Down(Frame, frozen=True, array_like=True, tag=9):
    """Core → edge: one message for the client, verbatim. `epoch` fences: one of a lower epoch than seen is dropped.

    With `report` the edge answers `Emitted` when it has handed the message to the socket.
    """

    flow: int
    epoch: int
    cursor: str
    payload: bytes
    report: bool = False


class Emitted(Frame, frozen=True, array_like=True, tag=10):
    """Edge → core: the message at `cursor` came at `in_ns` and went to the socket at `out_ns`, on the edge's clock."""

    flow: int
    cursor: str
    in_ns: int
    out_ns: int


class Credit(Frame, frozen=True, array_like=True, tag=11):
    """Either side: `payload_bytes` of this flow were consumed and may be sent again."""

    flow: int
    payload_bytes: int


class Closed(Frame, frozen=True, array_like=True, tag=12):
    """Either side: the flow is over. From a core: the WebSocket close code and reason the edge uses."""

    flow: int
    code: int
    reason: str


class Drain(Frame, frozen=True, array_like=True, tag=13):
    """Core → edge: give me no new sessions."""

    reason: str


AnyFrame = Hello | Proof | Beat | Open | Opened | Refused | Up | Release | Down | Emitted | Credit | Closed | Drain

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[AnyFrame] = msgspec.msgpack.Decoder(AnyFrame)


def encode_frame(frame: AnyFrame) -> bytes:
    """One frame with its length in front."""
    body = _encoder.encode(frame)
    assert len(body) <= TRUNK_FRAME_BYTES_MAX, "payloads are bounded before they reach the trunk"
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


class FrameReader:
    """Cuts a byte stream into frames.

    Raises (from `feed`):
        PeerProtocolError: A length over the bound, or bytes that are no frame; the link cannot be used further.
    Cost: one copy of each frame.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[AnyFrame]:
        """Take what arrived and return the frames it completes."""
        self._buffer += data
        frames: list[AnyFrame] = []
        start = 0
        with memoryview(self._buffer) as view:
            while len(view) - start >= LENGTH_BYTES:
                size = int.from_bytes(view[start : start + LENGTH_BYTES], "big")
                if size > TRUNK_FRAME_BYTES_MAX:
                    raise PeerProtocolError(f"trunk frame of {size} bytes; at most {TRUNK_FRAME_BYTES_MAX}")
                end = start + LENGTH_BYTES + size
                if len(view) < end:
                    break
                frames.append(_decode(view[start + LENGTH_BYTES : end]))
                start = end
        del self._buffer[:start]
        return frames


def _decode(body: memoryview) -> AnyFrame:
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PeerProtocolError(f"not a trunk frame: {error}") from error
