"""The trunk as a core has it: frames of edges into events of sessions."""

from segue.adapters.trunk.port import ClockSample, TrunkLink
from segue.core.clocks import EdgeClocks
from segue.core.events import Arrived, Reported
from segue.core.metrics import CoreMetrics
from segue.core.parts import Log
from segue.core.sessions import Sessions
from segue.model.errors import PeerProtocolError
from segue.model.time import MonoNs
from segue.wire.trunk import AnyFrame, Closed, Drain, Emitted, Open, Up


class EdgeLinks:
    """Owner of all links to edges (`TrunkHandler`). Callbacks on the loop; nothing here waits."""

    def __init__(self, sessions: Sessions, edges: EdgeClocks, metrics: CoreMetrics, log: Log) -> None:
        self._sessions = sessions
        self._edges = edges
        self._log = log
        self._links: set[TrunkLink] = set()
        metrics.links.set_function(lambda: len(self._links))

    def drain(self, reason: str) -> None:
        """Ask every edge for no more new sessions."""
        for link in self._links:
            link.send(Drain(reason))

    def close(self, reason: str) -> None:
        """End every link; the edges keep their clients."""
        for link in list(self._links):
            link.close(reason)

    def on_linked(self, link: TrunkLink) -> None:
        self._links.add(link)
        self._log.info("core.edge.linked", edge=link.peer_node, host=link.peer_host)

    def on_frame(self, link: TrunkLink, frame: AnyFrame, in_ns: MonoNs) -> None:
        match frame:
            case Up():
                if not self._sessions.post(link, frame.flow, Arrived(link, frame, in_ns)):
                    link.consumed(frame.flow, len(frame.payload))
            case Emitted():
                self._sessions.post(link, frame.flow, Reported(frame))
            case Open():
                self._sessions.open(link, frame)
            case Closed():
                self._sessions.close_flow(link, frame.flow)
                link.forget(frame.flow)
            case _:
                raise PeerProtocolError(f"an edge does not send {type(frame).__name__}")

    def on_clear(self, link: TrunkLink, flow: int | None) -> None:
        self._sessions.clear(link, flow)

    def on_clock_sample(self, link: TrunkLink, sample: ClockSample) -> None:
        self._edges.add(link.peer_node, sample)

    def on_suspected(self, link: TrunkLink, silent_ms: int) -> None:
        self._log.warning("core.edge.suspected", edge=link.peer_node, silent_ms=silent_ms)

    def on_trusted(self, link: TrunkLink) -> None:
        self._log.info("core.edge.trusted", edge=link.peer_node)

    def on_unlinked(self, link: TrunkLink, reason: str) -> None:
        self._links.discard(link)
        self._sessions.close_link(link)
        self._edges.forget(link.peer_node)
        self._log.info("core.edge.unlinked", edge=link.peer_node, reason=reason)

    def on_rejected(self, peer_host: str, reason: str) -> None:
        self._log.warning("core.edge.rejected", host=peer_host, reason=reason)
