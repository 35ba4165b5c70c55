"""What is kept of a turn's time in the journal, and the percentiles of a session.

Rules: a record holds both the evidence (marks, clock fixes) and the verdict (hops) the client was told. Names are text,
so that a release reads hops and marks it has no word for. New fields get a default; `VERSION` grows only when an older
release must not read the record.
"""

from collections.abc import Iterable
from typing import Final, TypedDict

import msgspec

from segue.model.errors import JournalTooNew, PeerProtocolError
from segue.model.ids import ItemId, TurnId
from segue.model.time import NS_PER_MS, ClockDomain
from segue.telemetry.histogram import BAD_BYTES, Histogram, decode_histogram
from segue.telemetry.hops import HopName, TurnHops
from segue.telemetry.marks import Mark
from segue.telemetry.relation import ClockFix

VERSION: Final = 1
"""Of `TurnRecord`; an older release refuses a greater one."""

VOICE_TO_VOICE: Final = "voice_to_voice"
RESPONSE_LATENCY: Final = "response_latency"
"""Names of the two whole-turn measures among the hops of `HopStats`."""


class MarkRow(msgspec.Struct, frozen=True, array_like=True):
    """A `Mark`, as kept."""

    name: str
    domain: ClockDomain
    at_ns: int


class FixRow(msgspec.Struct, frozen=True, array_like=True):
    """A `ClockFix`, as kept."""

    near: ClockDomain
    far: ClockDomain
    near_at_ns: int
    far_at_ns: int
    bound_ns: int
    drift_ppm: int


class HopRow(msgspec.Struct, frozen=True, array_like=True):
    """A `Hop`, as kept."""

    name: str
    start_ns: int
    duration_ns: int
    bound_ns: int | None


class TurnRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The time of one turn.

    Attributes:
        item_id: The agent's item that was heard first in this turn.
        starts_at: Mark at which the hops start (`mic` when voice-to-voice is known); "" when there was no mark.
        left_out: Marks not believed or not related (`TurnHops.left_out`).
        clock_steps: Relations that restarted during the turn; their marks from before are among `left_out`.
        transport: How the client was attached, e.g. `websocket`; "" when unknown.
    """

    version: int = 1
    turn_id: TurnId
    item_id: ItemId
    hops: tuple[HopRow, ...]
    starts_at: str = ""
    ends_at: str = ""
    voice_to_voice_ns: int | None = None
    response_latency_ns: int | None = None
    left_out: tuple[str, ...] = ()
    marks: tuple[MarkRow, ...] = ()
    fixes: tuple[FixRow, ...] = ()
    clock_steps: int = 0
    transport: str = ""

    @property
    def span_ns(self) -> int:
        """What the hops cover together."""
        return sum(hop.duration_ns for hop in self.hops)


def record_turn(
    turn_id: TurnId,
    item_id: ItemId,
    turn: TurnHops,
    *,
    marks: Iterable[Mark] = (),
    fixes: Iterable[ClockFix] = (),
    clock_steps: int = 0,
    transport: str = "",
) -> TurnRecord:
    """The record of a tiled turn with its evidence."""
    return TurnRecord(
        turn_id=turn_id,
        item_id=item_id,
        hops=tuple(HopRow(hop.name.value, hop.start_ns, hop.duration_ns, hop.bound_ns) for hop in turn.hops),
        starts_at=turn.starts_at.value if turn.starts_at else "",
        ends_at=turn.ends_at.value if turn.ends_at else "",
        voice_to_voice_ns=turn.voice_to_voice_ns,
        response_latency_ns=turn.response_latency_ns,
        left_out=tuple(name.value for name in turn.left_out),
        marks=tuple(MarkRow(mark.name.value, mark.domain, mark.at_ns) for mark in marks),
        fixes=tuple(
            FixRow(fix.near, fix.far, fix.near_at_ns, fix.far_at_ns, fix.bound_ns, fix.drift_ppm) for fix in fixes
        ),
        clock_steps=clock_steps,
        transport=transport,
    )


def encode_turn_record(record: TurnRecord) -> bytes:
    """Bytes for the body of a journal row."""
    return _encoder.encode(record)


def decode_turn_record(data: bytes) -> TurnRecord:
    """Read what `encode_turn_record` wrote, here or in a neighbouring release.

    Raises:
        JournalTooNew: It says that this release must not read it.
        PeerProtocolError: It is no turn record.
    """
    try:
        version = _version_decoder.decode(data).version
        if version > VERSION:
            raise JournalTooNew(found=version, supported=VERSION, where="turn record")
        return _decoder.decode(data)
    except BAD_BYTES as error:
        raise PeerProtocolError(f"not a turn record: {error}") from error


class HopSummary(TypedDict):
    """Percentiles of one hop in milliseconds, and of how many turns."""

    p50: float
    p95: float
    p99: float
    n: int


class HopStats:
    """A histogram per hop over the turns of a session (or, merged, of many).

    Voice-to-voice and response latency are kept beside the hops under their own names. `unattributed` is counted for
    every turn, 0 when all was explained: a percentile of it says how much of the time is not on the chart.
    Cost: at most one histogram per name; names of unknown hops beyond `NAMES_MAX` are not kept.
    """

    def __init__(self) -> None:
        self._by_name: dict[str, Histogram] = {}

    def add(self, record: TurnRecord) -> None:
        """Count one turn."""
        if not record.hops:
            return
        spent_ns: dict[str, int] = {HopName.UNATTRIBUTED.value: 0}
        for hop in record.hops:
            spent_ns[hop.name] = spent_ns.get(hop.name, 0) + hop.duration_ns
        if record.voice_to_voice_ns is not None:
            spent_ns[VOICE_TO_VOICE] = record.voice_to_voice_ns
        if record.response_latency_ns is not None:
            spent_ns[RESPONSE_LATENCY] = record.response_latency_ns
        for name, duration_ns in spent_ns.items():
            found = self._of(name)
            if found is not None:
                found.add(duration_ns)

    def merge(self, other: "HopStats") -> None:
        """Add all turns of `other`."""
        for name, theirs in other._by_name.items():
            found = self._of(name)
            if found is not None:
                found.merge(theirs)

    def histogram(self, name: str) -> Histogram | None:
        """The durations of one hop, or `None` if no turn had it."""
        return self._by_name.get(name)

    def summary(self) -> dict[str, HopSummary]:
        """The `stats` of `segue.turn.hops`: hops in path order, then unknown ones, then the whole-turn measures."""
        summaries: dict[str, HopSummary] = {}
        for name in sorted(self._by_name, key=_order):
            found = self._by_name[name]
            p50, p95, p99 = (round((value or 0) / NS_PER_MS, 3) for value in found.percentiles((50.0, 95.0, 99.0)))
            summaries[name] = HopSummary(p50=p50, p95=p95, p99=p99, n=found.count)
        return summaries

    def encode(self) -> bytes:
        """Bytes for a snapshot or a peer to merge."""
        return _encoder.encode({name: found.encode() for name, found in self._by_name.items()})

    def _of(self, name: str) -> Histogram | None:
        if name not in self._by_name and len(self._by_name) >= NAMES_MAX:
            return None
        return self._by_name.setdefault(name, Histogram())


def decode_hop_stats(data: bytes) -> HopStats:
    """Read what `HopStats.encode` wrote.

    Raises:
        PeerProtocolError: Not hop statistics.
    """
    try:
        encoded = _stats_decoder.decode(data)
    except BAD_BYTES as error:
        raise PeerProtocolError(f"not hop statistics: {error}") from error
    if len(encoded) > NAMES_MAX:
        raise PeerProtocolError(f"hop statistics of {len(encoded)} names; at most {NAMES_MAX}")
    stats = HopStats()
    stats._by_name = {name: decode_histogram(one) for name, one in encoded.items()}
    return stats


class _Versioned(msgspec.Struct):
    version: int = 1


def _order(name: str) -> tuple[int, str]:
    if name in (VOICE_TO_VOICE, RESPONSE_LATENCY):
        return (len(_HOP_ORDER) + 1, name)
    return (_HOP_ORDER.get(name, len(_HOP_ORDER)), name)


NAMES_MAX: Final = 64
"""Hops of one `HopStats`: three times what a release knows; a journal with invented names cannot grow it further."""

_HOP_ORDER: Final = {name.value: place for place, name in enumerate(HopName)}

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(TurnRecord)
_version_decoder = msgspec.msgpack.Decoder(_Versioned)
_stats_decoder = msgspec.msgpack.Decoder(dict[str, bytes])
