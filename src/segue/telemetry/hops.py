"""Hops that tile the path of a turn: each nanosecond belongs to exactly one, `unattributed` included.

Rules:
- A hop is the span between two neighbouring marks that `HOPS` has a name for. A span with a mark missing in between has
  no name there: it is `unattributed`.
- Marks only go forward. What speculation finished before the endpoint decision costs nothing after it: its hop is 0 and
  the wait stays in `endpointing` (running maximum of the core's own marks).
- A mark of another clock may seem out of order within its error bound. It is moved to the neighbour, and the hops it
  touches carry the size of the move in their bound.
- Voice-to-voice is `ear - mic` on the client's clock, exact, and the hops add up to it. Without both it is not given;
  response latency (`core_in` to `core_out`) is another measure under another name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final

from segue.model.time import ClockDomain
from segue.telemetry.marks import Mark, MarkName
from segue.telemetry.placing import Placed, place
from segue.telemetry.relation import Relation, relate


class HopName(StrEnum):
    """Legs of a turn's path, in order. `EDGE_TRUNK_UP` stands for two that an edge did not tell apart."""

    CAPTURE = "capture"
    UPLINK = "uplink"
    EDGE_UP = "edge_up"
    TRUNK_UP = "trunk_up"
    EDGE_TRUNK_UP = "edge_trunk_up"
    JITTER = "jitter"
    ENDPOINTING = "endpointing"
    STT_FINAL = "stt_final"
    LLM_FIRST_TOKEN = "llm_first_token"  # noqa: S105 - a hop, not a secret
    TTS_FIRST_AUDIO = "tts_first_audio"
    ENCODE = "encode"
    RELEASE = "release"
    TRUNK_DOWN = "trunk_down"
    EDGE_DOWN = "edge_down"
    DOWNLINK = "downlink"
    PLAYOUT = "playout"
    UNATTRIBUTED = "unattributed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One leg. `start_ns` counts from the first mark; `bound_ns` is `None` where one clock took both stamps."""

    name: HopName
    start_ns: int
    duration_ns: int
    bound_ns: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnHops:
    """Where the time of one turn went.

    Attributes:
        hops: In the order of the path, end to end.
        starts_at: The first believed mark, where `start_ns` is 0; `None` when there was none.
        ends_at: The last believed mark.
        voice_to_voice_ns: `ear - mic`, exact; `None` when the client did not give both. The hops sum up to it.
        response_latency_ns: `core_in` to `core_out` on the core's clock; never to be called voice-to-voice.
        left_out: Marks not believed, or of a clock that is not related.
    """

    hops: tuple[Hop, ...]
    starts_at: MarkName | None
    ends_at: MarkName | None
    voice_to_voice_ns: int | None
    response_latency_ns: int | None
    left_out: tuple[MarkName, ...]

    @property
    def span_ns(self) -> int:
        """What the hops cover, from the first believed mark to the last."""
        return sum(hop.duration_ns for hop in self.hops)


def tile(marks: Iterable[Mark], relations: Iterable[Relation], reference: ClockDomain) -> TurnHops:
    """Cut the path of a turn into hops.

    Args:
        marks: In any order; of two with one name the later given counts.
        relations: What is known of the clocks involved; chains are found (client → edge → core).
        reference: The clock most of the turn was stamped by: the core's.
    Cost: O(marks squared), a turn has at most one per `MarkName`.
    """
    given = tuple(marks)
    placement = place(given, relations, reference)
    placed = placement.placed
    positions = _positions(placed)
    hops = tuple(
        Hop(
            name=HOPS.get((placed[i].mark.name, placed[j].mark.name), HopName.UNATTRIBUTED),
            start_ns=positions[i] - positions[0],
            duration_ns=positions[j] - positions[i],
            bound_ns=_bound(placed[i], placed[j], positions[j] - positions[i], placement.relations),
        )
        for i, j in pairwise(range(len(placed)))
    )
    return TurnHops(
        hops=hops,
        starts_at=placed[0].mark.name if placed else None,
        ends_at=placed[-1].mark.name if placed else None,
        voice_to_voice_ns=_distance([one.mark for one in placed], MarkName.MIC, MarkName.EAR),
        response_latency_ns=_distance(given, MarkName.CORE_IN, MarkName.CORE_OUT),
        left_out=placement.left_out,
    )


def _positions(placed: Sequence[Placed]) -> list[int]:
    """Each mark no earlier than those before it and no later than the last, which stays where it is."""
    if not placed:
        return []
    end_ns = max(placed[0].at_ns, placed[-1].at_ns)
    positions: list[int] = []
    latest_ns = placed[0].at_ns
    for one in placed:
        latest_ns = max(latest_ns, min(one.at_ns, end_ns))
        positions.append(latest_ns)
    positions[-1] = end_ns
    return positions


def _bound(start: Placed, end: Placed, duration_ns: int, relations: Sequence[Relation]) -> int | None:
    """How far `duration_ns` may be from the truth: the clocks' error, and how far it is from what they say."""
    if start.mark.domain == end.mark.domain:
        return abs(duration_ns - (end.own_at_ns - start.own_at_ns)) or None
    chain = relate(relations, start.mark.domain, end.mark.domain)
    there = chain.convert(start.own_at_ns) if chain is not None else None
    if there is None:
        return start.bound_ns + end.bound_ns + abs(duration_ns - (end.at_ns - start.at_ns))
    return there.bound_ns + abs(duration_ns - (end.own_at_ns - there.at_ns))


def _distance(marks: Iterable[Mark], start: MarkName, end: MarkName) -> int | None:
    by_name = {mark.name: mark for mark in marks}
    first, last = by_name.get(start), by_name.get(end)
    if first is None or last is None or first.domain != last.domain or last.at_ns < first.at_ns:
        return None
    return last.at_ns - first.at_ns


HOPS: Final = {
    (MarkName.MIC, MarkName.CLIENT_SENT): HopName.CAPTURE,
    (MarkName.CLIENT_SENT, MarkName.EDGE_IN): HopName.UPLINK,
    (MarkName.EDGE_IN, MarkName.EDGE_FORWARDED): HopName.EDGE_UP,
    (MarkName.EDGE_FORWARDED, MarkName.CORE_IN): HopName.TRUNK_UP,
    (MarkName.EDGE_IN, MarkName.CORE_IN): HopName.EDGE_TRUNK_UP,
    (MarkName.CORE_IN, MarkName.ORDERED): HopName.JITTER,
    (MarkName.ORDERED, MarkName.ENDPOINT): HopName.ENDPOINTING,
    (MarkName.CORE_IN, MarkName.ENDPOINT): HopName.ENDPOINTING,
    (MarkName.ENDPOINT, MarkName.STT_FINAL): HopName.STT_FINAL,
    (MarkName.STT_FINAL, MarkName.LLM_FIRST): HopName.LLM_FIRST_TOKEN,
    (MarkName.LLM_FIRST, MarkName.TTS_FIRST): HopName.TTS_FIRST_AUDIO,
    (MarkName.TTS_FIRST, MarkName.ENCODED): HopName.ENCODE,
    (MarkName.ENCODED, MarkName.CORE_OUT): HopName.RELEASE,
    (MarkName.TTS_FIRST, MarkName.CORE_OUT): HopName.RELEASE,
    (MarkName.CORE_OUT, MarkName.EDGE_RECEIVED): HopName.TRUNK_DOWN,
    (MarkName.EDGE_RECEIVED, MarkName.EDGE_OUT): HopName.EDGE_DOWN,
    (MarkName.EDGE_OUT, MarkName.CLIENT_IN): HopName.DOWNLINK,
    (MarkName.CLIENT_IN, MarkName.EAR): HopName.PLAYOUT,
}
"""The only spans that have a name; everything else is unattributed."""
