"""What the trunk's beats say about the clocks of the edges."""

from segue.adapters.trunk.port import ClockSample as BeatSample
from segue.model.errors import PeerProtocolError
from segue.model.time import ClockDomain, MonoNs
from segue.telemetry.clock import ClockRelation, ClockSample
from segue.telemetry.relation import ClockFix


class EdgeClocks:
    """Relations of this core's clock to its edges', by node name."""

    def __init__(self, core: ClockDomain) -> None:
        self._core = core
        self._relations: dict[str, ClockRelation] = {}

    def add(self, node: str, sample: BeatSample) -> None:
        """A beat came back. One that cannot be is left out: the process may have been stopped in between."""
        relation = self._relations.get(node)
        if relation is None:
            relation = self._relations[node] = ClockRelation(self._core, edge_domain(node))
        try:
            relation.add(ClockSample(t0_ns=sample.t0_ns, t1_ns=sample.t1_ns, t2_ns=sample.t2_ns, t3_ns=sample.t3_ns))
        except PeerProtocolError:
            return

    def fix(self, node: str, now: MonoNs) -> ClockFix | None:
        """The relation as it is best known now."""
        relation = self._relations.get(node)
        return relation.fix(now) if relation is not None else None

    def forget(self, node: str) -> None:
        """The edge is gone."""
        self._relations.pop(node, None)


def edge_domain(node: str) -> ClockDomain:
    """The clock of an edge process."""
    return ClockDomain(f"edge:{node}")


def core_domain(node: str) -> ClockDomain:
    """The clock of a core process."""
    return ClockDomain(f"core:{node}")
