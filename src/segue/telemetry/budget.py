"""What each hop of a turn may take, as data, and which hop broke it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from segue.model.errors import ConfigError
from segue.model.time import NS_PER_MS
from segue.telemetry.hops import HopName


class Spent(Protocol):
    """A hop of a turn, fresh (`Hop`) or read from a record (`HopRow`)."""

    @property
    def name(self) -> str: ...
    @property
    def duration_ns(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """One hop that took longer than it may."""

    hop: str
    spent_ms: float
    allowed_ms: float

    @property
    def over_ms(self) -> float:
        """By how much."""
        return self.spent_ms - self.allowed_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyBudget:
    """Allowances in milliseconds.

    Attributes:
        total_ms: The whole turn. A second of silence is where people begin to repeat themselves.
        hops_ms: Per hop, above 0. A hop without an allowance has none of its own but counts in the total.
    """

    total_ms: float = 1_000
    hops_ms: Mapping[HopName, float] = field(default_factory=lambda: DEFAULT_HOPS_MS)

    def __post_init__(self) -> None:
        for name, allowed in (("total", self.total_ms), *self.hops_ms.items()):
            if not 0 < allowed < float("inf"):
                raise ConfigError(f"budget.{name}", f"{allowed} ms", hint="give a number of milliseconds above 0")

    def breaches(self, hops: Iterable[Spent]) -> tuple[Breach, ...]:
        """Every hop over its allowance, the worst first; parts of one hop are counted together."""
        found = [
            Breach(hop=name, spent_ms=spent, allowed_ms=self.hops_ms[HopName(name)])
            for name, spent in _spent_ms(hops).items()
            if name in self.hops_ms and spent > self.hops_ms[HopName(name)]
        ]
        return tuple(sorted(found, key=lambda breach: -breach.over_ms))

    def broken_by(self, hops: Iterable[Spent]) -> Breach | None:
        """The hop that broke the total: most over its own allowance, else the longest; `None` if it holds."""
        spent = _spent_ms(hops)
        if sum(spent.values()) <= self.total_ms:
            return None

        def over_ms(name: str) -> tuple[float, float]:
            allowed = self.hops_ms[HopName(name)] if name in self.hops_ms else spent[name]
            return (spent[name] - allowed if spent[name] > allowed else 0.0, spent[name])

        worst = max(spent, key=over_ms)
        allowed = self.hops_ms[HopName(worst)] if worst in self.hops_ms else self.total_ms
        return Breach(hop=worst, spent_ms=spent[worst], allowed_ms=allowed)


def _spent_ms(hops: Iterable[Spent]) -> dict[str, float]:
    spent_ns: dict[str, int] = {}
    for hop in hops:
        spent_ns[str(hop.name)] = spent_ns.get(str(hop.name), 0) + hop.duration_ns
    return {name: duration_ns / NS_PER_MS for name, duration_ns in spent_ns.items()}


DEFAULT_HOPS_MS: Final[Mapping[HopName, float]] = MappingProxyType(
    {
        HopName.CAPTURE: 30,
        HopName.UPLINK: 60,
        HopName.EDGE_UP: 2,
        HopName.TRUNK_UP: 3,
        HopName.EDGE_TRUNK_UP: 5,
        HopName.JITTER: 40,
        HopName.ENDPOINTING: 500,
        HopName.STT_FINAL: 150,
        HopName.LLM_FIRST_TOKEN: 300,
        HopName.TTS_FIRST_AUDIO: 150,
        HopName.ENCODE: 5,
        HopName.RELEASE: 5,
        HopName.TRUNK_DOWN: 3,
        HopName.EDGE_DOWN: 2,
        HopName.DOWNLINK: 60,
        HopName.PLAYOUT: 80,
        HopName.UNATTRIBUTED: 10,
    }
)
"""A spoken answer over a good network; they add up to more than the total because not all are spent at once."""
