"""Credit: how much payload of each flow may be in flight, counted at both ends of one link.

Sending: `may_send` while less than `FLOW_CREDIT_BYTES` is out; the frame that crosses the bound may be of any size.
Receiving: a frame that arrives while the bound is already out was sent without credit, and its sender is broken.
Grants are gathered until a quarter of the bound, so that a stream of small messages costs one `Credit` in hundreds.
"""

from segue.model.errors import PeerProtocolError
from segue.model.limits import EDGE_FLOWS_MAX, FLOW_CREDIT_BYTES

GRANT_BATCH_BYTES = FLOW_CREDIT_BYTES // 4


class FlowCredit:
    """Both directions of one flow on one link."""

    __slots__ = ("_in_flight", "_outstanding", "_owed")

    def __init__(self) -> None:
        self._in_flight = 0
        self._outstanding = 0
        self._owed = 0

    @property
    def may_send(self) -> bool:
        return self._in_flight < FLOW_CREDIT_BYTES

    def spend(self, payload_bytes: int) -> None:
        """A frame goes out."""
        assert self._in_flight < FLOW_CREDIT_BYTES, "the link checks credit before it sends"
        self._in_flight += payload_bytes

    def earn(self, payload_bytes: int) -> bool:
        """The peer granted; True if that made sending possible again.

        Raises:
            PeerProtocolError: It granted more than was ever sent.
        """
        if not 0 < payload_bytes <= self._in_flight:
            raise PeerProtocolError(f"credit of {payload_bytes} bytes granted, {self._in_flight} were in flight")
        was_blocked = not self.may_send
        self._in_flight -= payload_bytes
        return was_blocked and self.may_send

    def receive(self, payload_bytes: int) -> None:
        """A frame came in.

        Raises:
            PeerProtocolError: The peer had no credit for it.
        """
        if self._outstanding >= FLOW_CREDIT_BYTES:
            raise PeerProtocolError(f"payload without credit: {self._outstanding} bytes of this flow are not consumed")
        self._outstanding += payload_bytes

    def consume(self, payload_bytes: int) -> int:
        """Received payload was dealt with; returns what to grant now (0: not yet worth a frame)."""
        self._owed += payload_bytes
        assert self._owed <= self._outstanding, "consumed more than was received"
        if self._owed < GRANT_BATCH_BYTES:
            return 0
        grant, self._owed = self._owed, 0
        self._outstanding -= grant
        return grant


class FlowCredits(dict[int, FlowCredit]):
    """The flows that exist on one link, by number."""

    def add(self, flow: int) -> None:
        """A flow was opened.

        Raises:
            PeerProtocolError: Its number is in use, or there are `EDGE_FLOWS_MAX` already.
        """
        if flow in self:
            raise PeerProtocolError(f"trunk: flow {flow} was opened twice on one link")
        if len(self) >= EDGE_FLOWS_MAX:
            raise PeerProtocolError(f"trunk: more than {EDGE_FLOWS_MAX} flows on one link")
        self[flow] = FlowCredit()
