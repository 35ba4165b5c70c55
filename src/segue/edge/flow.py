"""What an edge knows of one client connection: opaque messages, numbers, the newest epoch and the last cursor.

Pure. A flow outlives the cores that hold it; `Flow` says what to open with, what to send, and which downlink to drop.
"""

from dataclasses import dataclass, field

from segue.edge.ring import ReplayRing
from segue.model.errors import PeerProtocolError
from segue.model.ids import SessionId
from segue.wire.trunk import Down, Open, Opened, Release, Up


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowSpec:
    """Who is connected and to what; `cursor` is the last event the client says it has."""

    session: SessionId
    subject: str
    is_new: bool
    is_aware: bool
    params: bytes
    cursor: str = ""


@dataclass(slots=True)
class Flow:
    """The state of one flow; the four fields below `spec` are all that moves with it from core to core."""

    spec: FlowSpec
    ring: ReplayRing = field(default_factory=ReplayRing)
    position: str = ""
    cursor: str = ""
    epoch: int = 0

    def __post_init__(self) -> None:
        self.cursor = self.spec.cursor

    def open_with(self, number: int) -> Open:
        """The frame that offers this flow to a core."""
        spec = self.spec
        return Open(
            flow=number,
            session=spec.session,
            subject=spec.subject,
            is_new=spec.is_new and self.epoch == 0,
            is_aware=spec.is_aware,
            params=spec.params,
            ring_from=self.ring.first,
            position=self.position,
            cursor=self.cursor,
            epoch=self.epoch,
        )

    def on_opened(self, frame: Opened) -> None:
        """A core holds the flow; what it has not received is to be sent.

        Raises:
            PeerProtocolError: It claims messages that never were, or an epoch older than one seen here.
        """
        if frame.epoch < max(self.epoch, 1):
            raise PeerProtocolError(f"opened with epoch {frame.epoch}, epoch {self.epoch} was seen")
        self.ring.begin(frame.received)
        self.epoch = frame.epoch

    def poll_up(self, number: int) -> Up | None:
        """The next message for the core, if any."""
        unsent = self.ring.poll_unsent()
        if unsent is None:
            return None
        index, held = unsent
        return Up(number, index, held.in_ns, held.payload)

    def on_release(self, frame: Release) -> int:
        """Returns the bytes freed; raises PeerProtocolError as `ReplayRing.release`."""
        freed = self.ring.release(frame.through)
        self.position = frame.position
        return freed

    def admit_down(self, frame: Down) -> bool:
        """Whether a message goes on to the client: not when a newer epoch was seen."""
        if frame.epoch < self.epoch:
            return False
        self.epoch = frame.epoch
        if frame.cursor:
            self.cursor = frame.cursor
        return True
