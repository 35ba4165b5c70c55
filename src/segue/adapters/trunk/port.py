"""What the two ends of a trunk link say to their owners, and what they must be given.

Everything is a callback on the event loop's thread: no call blocks, none may await. A process that wants to await hands
the frame to its own task.

    link = await dial_trunk(address, identity, peer_role=CORE, handler=handler, clock=clock)          # edge
    listener = await serve_trunk(address, identity, peer_role=EDGE, handler=handler, clock=clock)     # core
    link.send(frame)              # any frame but Hello, Proof, Beat and Credit; batched, written once per loop tick
    link.can_send(flow)           # may an Up or Down of this flow go now? else wait for handler.on_clear
    link.consumed(flow, n)        # n payload bytes of an Up or Down were dealt with; grants credit back in batches
    link.forget(flow)             # the flow is over: drop its accounting (Closed and Refused, either way, imply it)
    link.close(reason)            # the handler's on_unlinked follows

A flow exists on a link from its `Open` (sent or received) to `forget`. Its number is used for one `Open` only: whoever
opens anew draws a new number, so that late frames of the old attempt find nothing. An Up, Down or Credit of a flow that
does not exist is dropped by the link. Payload counts are `len(frame.payload)`.

Order of callbacks for one link: `on_linked`, then any of the others, then `on_unlinked` exactly once, nothing after it.
A link that never got through the handshake has none of these: `dial_trunk` raises, a listener calls `on_rejected`.
"""

from dataclasses import dataclass, field
from typing import Final, Protocol

from segue.model.errors import ConfigError
from segue.model.time import MonoNs
from segue.wire.trunk import AnyFrame

EDGE: Final = "edge"
CORE: Final = "core"
"""Roles, as `Hello` and `Proof` carry them."""

HANDSHAKE_TIMEOUT_MS: Final = 2_000
"""From connected to proven. Over: the connection is closed."""

HANDSHAKE_BYTES_MAX: Final = 4_096
"""What a peer may send before it is proven: a Hello and a Proof take about 200 bytes. Over: closed."""

UNPROVEN_LINKS_MAX: Final = 64
"""Connections of a listener that are still in the handshake. Full: a new one is closed."""

OUTBOX_HIGH_BYTES: Final = 4 * 1024 * 1024
OUTBOX_LOW_BYTES: Final = 1024 * 1024
"""Unsent bytes at which `can_send` becomes false for all flows, and at which it becomes true again."""

OUTBOX_BYTES_MAX: Final = 64 * 1024 * 1024
"""Unsent bytes at which the link is closed: a peer that does not read. Twice a full burst of the largest frames."""

CLOSE_TIMEOUT_MS: Final = 1_000
"""What `close` gives a peer to take what is queued."""

FLEET_KEY_BYTES_MIN: Final = 16
"""128 bits: less can be guessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkAddress:
    """Where a core listens."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str, where: str = "trunk address") -> "TrunkAddress":
        """Read `host:port` or `[v6]:port`.

        Raises:
            ConfigError: It is neither; `where` names the field in the message.
        """
        host, _, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
            raise ConfigError(where, f"{text!r} is no address", hint="write host:port, for example 127.0.0.1:7070")
        return cls(host=host, port=int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkIdentity:
    """Who this process is on the trunk. The key is not printed."""

    node: str
    role: str
    fleet_key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.fleet_key) < FLEET_KEY_BYTES_MIN:
            raise ConfigError(
                "fleet_key",
                f"{len(self.fleet_key)} bytes are too few",
                hint=f"give at least {FLEET_KEY_BYTES_MIN} random bytes, the same to every process of the fleet",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSample:
    """Four stamps of one beat there and back: t0 and t3 are this process's clock, t1 and t2 the peer's."""

    t0_ns: int
    t1_ns: int
    t2_ns: int
    t3_ns: int


class TrunkLink(Protocol):
    """One proven link."""

    peer_node: str
    peer_role: str
    peer_host: str

    @property
    def is_open(self) -> bool: ...

    @property
    def heard_ns(self) -> MonoNs:
        """When the peer was last heard; any byte counts."""
        ...

    def send(self, frame: AnyFrame) -> None:
        """Queue one frame; on a closed link it is dropped silently (its owner learns by `on_unlinked`).

        Raises:
            LocalProtocolError: An Up or Down without `can_send`, or a frame that is the link's own.
        """
        ...

    def can_send(self, flow: int) -> bool: ...

    def consumed(self, flow: int, payload_bytes: int) -> None: ...

    def forget(self, flow: int) -> None: ...

    def close(self, reason: str) -> None:
        """Write what is queued, then end the link; a peer that does not take it in a second is cut off."""
        ...

    def abort(self, reason: str) -> None:
        """End the link now; what is queued is lost."""
        ...

    async def wait_closed(self) -> None:
        """Return when `on_unlinked` has been called."""
        ...


class TrunkHandler(Protocol):
    """The owner of links; one object may own many."""

    def on_linked(self, link: TrunkLink) -> None:
        """The peer is proven; frames may be sent."""

    def on_frame(self, link: TrunkLink, frame: AnyFrame, in_ns: MonoNs) -> None:
        """A frame for the owner (Open … Closed, Drain). `in_ns` is when its last bytes were read from the socket.

        Raise PeerProtocolError to end the link.
        """

    def on_clear(self, link: TrunkLink, flow: int | None) -> None:
        """`can_send` has become true again: for one flow (credit came), or for all (None: the socket drained)."""

    def on_clock_sample(self, link: TrunkLink, sample: ClockSample) -> None:
        """A beat came back."""

    def on_suspected(self, link: TrunkLink, silent_ms: int) -> None:
        """Nothing was heard for `SUSPECT_AFTER_MS`; once per silence. A stall of this process itself does not count."""

    def on_trusted(self, link: TrunkLink) -> None:
        """A suspected peer was heard again."""

    def on_unlinked(self, link: TrunkLink, reason: str) -> None:
        """The link is gone; what was queued may or may not have arrived."""

    def on_rejected(self, peer_host: str, reason: str) -> None:
        """A connection did not get through the handshake (listener only)."""
