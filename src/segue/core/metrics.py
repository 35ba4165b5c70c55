"""The numbers a core shows to its operator, in one registry of its own."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from segue.model.time import NS_PER_S
from segue.telemetry.record import TurnRecord

_HOP_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


class CoreMetrics:
    """Counters, gauges and histograms; names are the ones of docs/glossary.md."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kept = self.registry
        self.sessions = Gauge("segue_core_sessions", "Live sessions.", registry=kept)
        self.attached = Gauge("segue_core_attachments", "Sessions with a client attached.", registry=kept)
        self.links = Gauge("segue_core_edges", "Edges linked.", registry=kept)
        self.wakes = Counter("segue_core_sessions_woken", "Sessions taken up.", ["how"], registry=kept)
        self.stops = Counter("segue_core_sessions_stopped", "Sessions put down.", ["reason"], registry=kept)
        self.refusals = Counter("segue_core_flows_refused", "Flows not attached.", ["code"], registry=kept)
        self.turns = Counter("segue_turns", "User turns committed.", registry=kept)
        self.responses = Counter("segue_responses", "Responses that ended.", ["status"], registry=kept)
        self.barge_ins = Counter("segue_barge_ins", "Agent items cut by the user or client.", registry=kept)
        self.operations = Counter(
            "segue_operations", "Attempts of operations that ended.", ["kind", "outcome"], registry=kept
        )
        self.operation_s = Histogram(
            "segue_operation_seconds", "Time of an attempt.", ["kind"], buckets=_HOP_BUCKETS_S, registry=kept
        )
        self.hops = Histogram(
            "segue_hop_seconds", "Time of one hop of a turn.", ["hop"], buckets=_HOP_BUCKETS_S, registry=kept
        )
        self.voice_to_voice = Histogram(
            "segue_voice_to_voice_seconds",
            "From the user's last sample to the agent's first, on the client's clock.",
            buckets=_HOP_BUCKETS_S,
            registry=kept,
        )
        self.rows = Counter("segue_journal_rows", "Rows released.", registry=kept)
        self.put_s = Histogram(
            "segue_journal_put_seconds", "Time of one append.", buckets=_HOP_BUCKETS_S, registry=kept
        )
        self.store_away = Gauge("segue_sessions_without_store", "Sessions whose store does not answer.", registry=kept)
        self.gated = Gauge("segue_rows_pending", "Rows written and not yet durable, all sessions.", registry=kept)
        self.faults = Counter("segue_client_faults", "Client messages refused.", ["code"], registry=kept)
        self.late_samples = Counter(
            "segue_clock_samples_late", "Clock exchanges with clients that took too long to be of use.", registry=kept
        )
        self.repeated = Counter("segue_uplink_repeated", "Client messages received again.", registry=kept)

    def record(self, record: TurnRecord) -> None:
        """The hops of one turn."""
        for hop in record.hops:
            self.hops.labels(hop=hop.name).observe(hop.duration_ns / NS_PER_S)
        if record.voice_to_voice_ns is not None:
            self.voice_to_voice.observe(record.voice_to_voice_ns / NS_PER_S)
