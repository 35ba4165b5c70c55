"""What an edge counts, for Prometheus; one registry per process, made once and passed down."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_RESIDENCE_S = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class EdgeMetrics:
    """Counters, gauges and histograms of one edge."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.registry = registry
        self.flows = Gauge("segue_edge_flows", "Client connections.", registry=registry)
        self.waiting = Gauge(
            "segue_edge_flows_waiting", "Client connections that no core holds now.", registry=registry
        )
        self.ring_bytes = Gauge("segue_edge_ring_bytes", "Held in all replay rings.", registry=registry)
        self.cores = Gauge("segue_edge_cores_linked", "Cores with a trunk link.", registry=registry)
        self.up = Counter(
            "segue_edge_up_messages", "Client messages sent to cores, replays included.", registry=registry
        )
        self.down = Counter("segue_edge_down_messages", "Messages handed to client sockets.", registry=registry)
        self.stale = Counter("segue_edge_stale_drops", "Downlink dropped for an old epoch.", registry=registry)
        self.links = Counter("segue_edge_core_links", "Trunk links made, the first ones included.", registry=registry)
        self.suspicions = Counter("segue_edge_core_suspicions", "Silences of a core over the bound.", registry=registry)
        self.moves = Counter("segue_edge_flow_moves", "Flows opened again after losing their core.", registry=registry)
        self.resumes = Counter("segue_edge_resumes", "Connections that resumed a session.", registry=registry)
        self.denials = Counter("segue_edge_denials", "Connections refused.", ["code"], registry=registry)
        self.up_residence = Histogram(
            "segue_edge_up_residence_seconds",
            "Client message: read from the socket to queued on the trunk.",
            buckets=_RESIDENCE_S,
            registry=registry,
        )
        self.down_residence = Histogram(
            "segue_edge_down_residence_seconds",
            "Message for a client: read from the trunk to handed to its socket.",
            buckets=_RESIDENCE_S,
            registry=registry,
        )
        self.away = Histogram(
            "segue_edge_core_away_seconds",
            "Per flow: from losing a core to being held by one again.",
            buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0),
            registry=registry,
        )
