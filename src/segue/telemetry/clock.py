"""Relates two clocks by four-timestamp exchanges, with a bound on the error.

One exchange: `t0` sent and `t3` received on the near clock, `t1` received and `t2` sent on the far clock. With
RTT = (t3 - t0) - (t2 - t1) and offset = far - near, causality alone (t1 is after t0, t3 after t2) gives

    t2 - t3  <=  offset  <=  t1 - t0        so        offset = ((t1 - t0) + (t2 - t3)) / 2,  error <= RTT / 2.

To that are added: `grain`, how coarse the near clock's stamps are (browsers round to 5 us .. 1 ms; it is learnt from
the stamps, and taken as the coarsest until they show otherwise), and `drift` times the distance from the exchange.
Of the last `window` exchanges the one with the smallest bound *at the instant asked about* answers: the minimum-RTT
filter, with ageing. Two exchanges whose bounds exclude each other prove that a clock was stepped.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from segue.model.errors import PeerProtocolError
from segue.model.time import NS_PER_MS, NS_PER_S, ClockDomain
from segue.telemetry.relation import ClockFix, Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSample:
    """One finished exchange; `t0_ns` and `t3_ns` are of the near clock, `t1_ns` and `t2_ns` of the far one."""

    t0_ns: int
    t1_ns: int
    t2_ns: int
    t3_ns: int

    @property
    def rtt_ns(self) -> int:
        """Time on the path, both ways, without the stay at the far side."""
        return (self.t3_ns - self.t0_ns) - (self.t2_ns - self.t1_ns)


EXCHANGE_NS_MAX: Final = 10 * NS_PER_S
"""Longest exchange that says anything; one a loaded process answers late is longer, and nobody's fault."""

EXCHANGE_NS_ABSURD: Final = 3_600 * NS_PER_S
"""No pong is an hour under way: over it these are not stamps of one clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockPolicy:
    """What a relation keeps and believes.

    Attributes:
        window_samples: Exchanges kept, 1..256; 16 spans 80 s at one in 5 s. Cost: one scan of them per conversion.
        drift_ppm: Most that the two clocks may drift apart; 100 is two crystals of 50 ppm, the loosest in use.
        exchange_ns_max: Longest exchange believed. Over it the bound would be of no use to anyone.
    """

    window_samples: int = 16
    drift_ppm: int = 100
    exchange_ns_max: int = EXCHANGE_NS_MAX


class SampleOutcome(StrEnum):
    """What became of an exchange."""

    TAKEN = "taken"
    RESTARTED = "restarted"
    """It contradicts the ones before it: a clock was stepped. They are forgotten, the relation starts again here."""
    STALE = "stale"
    """It contradicts the ones before it and is older than they are: a replay from before a step. Ignored."""
    LATE = "late"
    """It took so long that its bound would be of no use. Ignored."""


class ClockRelation:
    """A live relation of two clocks.

    It converts instants both ways. After a restart it answers `None` for instants from before it: the old offset is
    gone and the new one did not hold then.
    """

    def __init__(self, near: ClockDomain, far: ClockDomain, policy: ClockPolicy | None = None) -> None:
        self.near = near
        self.far = far
        self.steps = 0
        self._policy = policy or ClockPolicy()
        self._samples: deque[ClockSample] = deque(maxlen=self._policy.window_samples)
        self._grain_ns = GRAINS_NS[0]
        self._first: ClockSample | None = None

    @property
    def grain_ns(self) -> int:
        """How coarse the near clock's stamps are, as far as they have shown."""
        return self._grain_ns

    def add(self, sample: ClockSample) -> SampleOutcome:
        """Take one exchange.

        Raises:
            PeerProtocolError: The stamps are impossible (answered before received, back before sent) or out of
                bounds. Nothing has changed.
        Cost: O(window).
        """
        self._check_shape(sample)
        if sample.t3_ns - sample.t0_ns > self._policy.exchange_ns_max:
            return SampleOutcome.LATE
        grain = _grain_shown(self._grain_ns, self._samples[-1] if self._samples else None, sample)
        if self._fix_of(sample, grain).bound_ns < 0:
            raise PeerProtocolError(
                f"clock sample: round trip of {sample.rtt_ns} ns, less than grain and drift explain; "
                "t0 and t3 must be stamps of one monotonic clock, t1 and t2 the stamps of the pong, unchanged",
                param="t3_ns",
            )
        if self._contradicted_by(sample, grain):
            newest = self._samples[-1]
            if sample.t0_ns <= newest.t0_ns and sample.t2_ns <= newest.t2_ns:
                return SampleOutcome.STALE
            self._samples.clear()
            self._samples.append(sample)
            self._grain_ns = _grain_shown(GRAINS_NS[0], None, sample)
            self._first = sample
            self.steps += 1
            return SampleOutcome.RESTARTED
        self._grain_ns = grain
        self._samples.append(sample)
        return SampleOutcome.TAKEN

    def convert(self, at_ns: int) -> Estimate | None:
        """The far clock's reading when the near clock read `at_ns`; `None` while no exchange covers it."""
        fix = self.fix(at_ns)
        return fix.convert(at_ns) if fix is not None else None

    def convert_back(self, at_ns: int) -> Estimate | None:
        """The near clock's reading when the far clock read `at_ns`; `None` as in `convert`."""
        if self._first is not None and at_ns < self._first.t1_ns:
            return None
        return min(
            (self._fix_of(sample, self._grain_ns).convert_back(at_ns) for sample in self._samples),
            key=lambda estimate: estimate.bound_ns,
            default=None,
        )

    def fix(self, at_ns: int) -> ClockFix | None:
        """The relation as it is best known around `at_ns` of the near clock: a value to keep in a turn's record."""
        if self._first is not None and at_ns < self._first.t0_ns:
            return None
        return min(
            (self._fix_of(sample, self._grain_ns) for sample in self._samples),
            key=lambda fix: fix.convert(at_ns).bound_ns,
            default=None,
        )

    def _check_shape(self, sample: ClockSample) -> None:
        for name, value in (
            ("t0_ns", sample.t0_ns),
            ("t1_ns", sample.t1_ns),
            ("t2_ns", sample.t2_ns),
            ("t3_ns", sample.t3_ns),
        ):
            if not 0 <= value <= STAMP_NS_MAX:
                raise PeerProtocolError(f"clock sample: {name} must be 0..{STAMP_NS_MAX} ns, not {value}", param=name)
        if sample.t2_ns < sample.t1_ns:
            raise PeerProtocolError("clock sample: t2_ns is before t1_ns: answered before it arrived", param="t2_ns")
        if sample.t3_ns < sample.t0_ns:
            raise PeerProtocolError("clock sample: t3_ns is before t0_ns: back before it was sent", param="t3_ns")
        if sample.t3_ns - sample.t0_ns > EXCHANGE_NS_ABSURD:
            raise PeerProtocolError(
                f"clock sample: the exchange took {(sample.t3_ns - sample.t0_ns) // NS_PER_S} s; "
                "t0 and t3 must be stamps of one monotonic clock",
                param="t3_ns",
            )

    def _contradicted_by(self, sample: ClockSample, grain_ns: int) -> bool:
        new = self._fix_of(sample, grain_ns)
        for old in self._samples:
            there = self._fix_of(old, grain_ns).convert(new.near_at_ns)
            if abs(there.at_ns - new.far_at_ns) > there.bound_ns + new.bound_ns:
                return True
        return False

    def _fix_of(self, sample: ClockSample, grain_ns: int) -> ClockFix:
        return fix_of_exchange(self.near, self.far, sample, grain_ns=grain_ns, drift_ppm=self._policy.drift_ppm)


def fix_of_exchange(
    near: ClockDomain, far: ClockDomain, sample: ClockSample, *, grain_ns: int, drift_ppm: int
) -> ClockFix:
    """What one exchange alone says of two clocks (module docstring); the two middles are the pair of equal instants.

    The clocks may also drift during the exchange: half its length at `drift_ppm`. One nanosecond covers the halving.
    """
    drifted_ns = -(-(sample.t3_ns - sample.t0_ns) * drift_ppm // 2_000_000)
    return ClockFix(
        near=near,
        far=far,
        near_at_ns=(sample.t0_ns + sample.t3_ns) // 2,
        far_at_ns=(sample.t1_ns + sample.t2_ns) // 2,
        bound_ns=sample.rtt_ns // 2 + 1 + grain_ns + drifted_ns,
        drift_ppm=drift_ppm,
    )


def _grain_shown(grain_ns: int, before: ClockSample | None, sample: ClockSample) -> int:
    """The coarsest grain, at most `grain_ns`, that every difference of near stamps is a multiple of."""
    steps = [sample.t3_ns - sample.t0_ns]
    if before is not None:
        steps.append(sample.t0_ns - before.t0_ns)
    for grain in GRAINS_NS[:-1]:
        if grain <= grain_ns and all(_is_multiple(step, grain) for step in steps):
            return grain
    return GRAINS_NS[-1]


def _is_multiple(step_ns: int, grain_ns: int) -> bool:
    rest = step_ns % grain_ns
    return min(rest, grain_ns - rest) <= _ROUNDING_NS


STAMP_NS_MAX: Final = 2**62
"""146 years: over it a stamp is not a reading of a clock, and sums of two no longer fit 64 bits."""

GRAINS_NS: Final = (NS_PER_MS, 100_000, 20_000, 5_000, 1_000)
"""What clocks in use round to: Firefox and Safari pages, Chromium pages, isolated pages; below 1 us is as fine."""

_ROUNDING_NS: Final = 500
"""A page computes its stamps in doubles; near today's wall time in nanoseconds one step of those is 256 ns."""
