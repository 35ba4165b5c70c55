"""Bounds and times of one session machine."""

from dataclasses import dataclass

from segue.model.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionConfig:
    """How one session is kept. One value serves every session of a core."""

    gate_patience_ms: int = 50
    """Milliseconds, 0..1000: how long speech waits for its row. A healthy store answers in 1..15; longer is heard as
    a pause, shorter shows more rows that a crash at that instant would forget."""

    store_retry_ms: int = 50
    """Milliseconds, 1..10000: first pause before a store that failed is asked again; doubles up to the next."""

    store_retry_max_ms: int = 1_000
    """Milliseconds, at least `store_retry_ms`: how late the return of the store is noticed at worst (and a quarter)."""

    store_answer_ms: int = 2_000
    """Milliseconds, 1..60000: an append unanswered for so long is reported as the store being away (it is not given
    up: only its answer or its slot can tell)."""

    pending_rows_max: int = 4_096
    """Rows, 1..100000, that wait for the store: a minute's outage of a busy call several times over. Full: it stops."""

    pending_bytes_max: int = 8 * 1024 * 1024
    """Bytes, at least `row_bytes_max`, of those rows: four minutes of kept user audio. Full: the session stops."""

    row_bytes_max: int = 1024 * 1024
    """Bytes of one body: 20 s of undecided audio (640 KB) fit. Over it: an error of the kind, the session ends."""

    effects_max: int = 8_192
    """Effects behind the gate: two for each row that may wait. Full: the session stops."""

    append_rows_max: int = 256
    """Rows, 1..1000, of one append: bounds one transaction when a long outage ends."""

    read_rows_max: int = 64
    """Rows, 1..1000, of one read: 64 rows of the largest size are 64 MB, of the usual 1 KB one round trip."""

    snapshot_rows: int = 256
    """Rows between snapshots, 1 or more: bounds replay to about a millisecond per hundred rows."""

    idle_ms: int | None = None
    """Milliseconds without an event after which an owner rests; None: never (its kind or its core decides)."""

    def __post_init__(self) -> None:
        _check("gate_patience_ms", self.gate_patience_ms, 0, 1_000)
        _check("store_retry_ms", self.store_retry_ms, 1, 10_000)
        _check("store_retry_max_ms", self.store_retry_max_ms, self.store_retry_ms, 60_000)
        _check("store_answer_ms", self.store_answer_ms, 1, 60_000)
        _check("pending_rows_max", self.pending_rows_max, 1, 100_000)
        _check("row_bytes_max", self.row_bytes_max, 1, 64 * 1024 * 1024)
        _check("pending_bytes_max", self.pending_bytes_max, self.row_bytes_max, 1024 * 1024 * 1024)
        _check("effects_max", self.effects_max, 1, 1_000_000)
        _check("append_rows_max", self.append_rows_max, 1, 1_000)
        _check("read_rows_max", self.read_rows_max, 1, 1_000)
        _check("snapshot_rows", self.snapshot_rows, 1, 1_000_000)
        if self.idle_ms is not None:
            _check("idle_ms", self.idle_ms, 1, 7 * 86_400_000)


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigError(f"session.{name}", f"{value} is not between {low} and {high}")
