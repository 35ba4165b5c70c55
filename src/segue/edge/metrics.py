"""What an edge counts, for Prometheus; one registry per process, made once and passed down.

What happens with every message is counted in plain integers and read out when somebody asks: the client library's own
counters would cost more than the message does.
"""

from bisect import bisect_left
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from segue.model.time import NS_PER_S

_RESIDENCE_BOUNDS_S = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_RESIDENCE_BOUNDS_NS = [int(bound * NS_PER_S) for bound in _RESIDENCE_BOUNDS_S]


class Passing:
    """Messages that passed in one direction, and how long each stayed in this process."""

    __slots__ = ("_counts", "_sum_ns", "messages")

    def __init__(self) -> None:
        self.messages = 0
        self._counts = [0] * (len(_RESIDENCE_BOUNDS_NS) + 1)
        self._sum_ns = 0

    def add(self, residence_ns: int) -> None:
        """Count one."""
        self.messages += 1
        self._sum_ns += residence_ns
        self._counts[bisect_left(_RESIDENCE_BOUNDS_NS, residence_ns)] += 1

    def histogram(self, name: str, text: str) -> HistogramMetricFamily:
        """As Prometheus wants it: cumulative, in seconds."""
        bounds = [*(str(bound) for bound in _RESIDENCE_BOUNDS_S), "+Inf"]
        total, buckets = 0, []
        for bound, count in zip(bounds, self._counts, strict=True):
            total += count
            buckets.append((bound, float(total)))
        return HistogramMetricFamily(name, text, buckets=buckets, sum_value=self._sum_ns / NS_PER_S)


class EdgeMetrics(Collector):
    """Counters, gauges and histograms of one edge."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        self.up = Passing()
        self.down = Passing()
        self.stale_drops = 0
        self.flows = Gauge("segue_edge_flows", "Client connections.", registry=registry)
        self.waiting = Gauge("segue_edge_flows_waiting", "Client connections that no core holds.", registry=registry)
        self.ring_bytes = Gauge("segue_edge_ring_bytes", "Held in all replay rings.", registry=registry)
        self.cores = Gauge("segue_edge_cores_linked", "Cores with a trunk link.", registry=registry)
        self.links = Counter("segue_edge_core_links", "Trunk links made, the first ones included.", registry=registry)
        self.suspicions = Counter("segue_edge_core_suspicions", "Silences of a core over the bound.", registry=registry)
        self.moves = Counter("segue_edge_flow_moves", "Flows opened again after losing their core.", registry=registry)
        self.resumes = Counter("segue_edge_resumes", "Connections that resumed a session.", registry=registry)
        self.denials = Counter("segue_edge_denials", "Connections refused.", ["code"], registry=registry)
        self.away = Histogram(
            "segue_edge_core_away_seconds",
            "Per flow: from losing a core to being held by one again.",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0),
            registry=registry,
        )
        registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """What is counted per message."""
        for name, text, value in (
            ("segue_edge_up_messages", "Client messages sent to cores, replays included.", self.up.messages),
            ("segue_edge_down_messages", "Messages handed to client sockets.", self.down.messages),
            ("segue_edge_stale_drops", "Downlink dropped for an old epoch.", self.stale_drops),
        ):
            yield CounterMetricFamily(name, text, value=value)
        yield self.up.histogram(
            "segue_edge_up_residence_seconds", "Client message: read from its socket to queued on the trunk."
        )
        yield self.down.histogram(
            "segue_edge_down_residence_seconds", "Message for a client: read from the trunk to handed to its socket."
        )
