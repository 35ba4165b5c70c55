"""Durations counted in buckets that grow with the value: fixed memory, mergeable, bounded relative error.

A value below 64 ns has a bucket of its own. Above, each doubling has 32 buckets, so that a bucket is at most 1/32 of
its value wide and its middle at most 1/64 (1.6 %) from any value in it. Rules: values are clipped to 0..`VALUE_NS_MAX`;
counts of a merge are the sums; which process counted what does not matter. Same idea as HDR histograms, sparse.
"""

from collections.abc import Iterable
from itertools import pairwise
from typing import Final

import msgspec

from segue.model.errors import PeerProtocolError

RELATIVE_ERROR: Final = 1 / 64
"""Most that a percentile may differ from the true one, relative to it."""

VALUE_NS_MAX: Final = 2**42 - 1
"""73 minutes: longer than any duration of a session worth telling apart. Over it: counted as this."""


class Histogram:
    """Counts of durations in nanoseconds.

    Cost: `add` O(1); at most `BUCKETS_MAX` (1,216) entries. `count`, `sum_ns` and the ends are exact.
    """

    def __init__(self) -> None:
        self.count = 0
        self.sum_ns = 0
        self.min_ns: int | None = None
        self.max_ns: int | None = None
        self._counts: dict[int, int] = {}

    def add(self, value_ns: int, times: int = 1) -> None:
        """Count `value_ns`, `times` times (at least once)."""
        assert times > 0, "a value is counted at least once"
        value_ns = min(max(value_ns, 0), VALUE_NS_MAX)
        bucket = _bucket_of(value_ns)
        self._counts[bucket] = self._counts.get(bucket, 0) + times
        self.count += times
        self.sum_ns += value_ns * times
        self.min_ns = value_ns if self.min_ns is None else min(self.min_ns, value_ns)
        self.max_ns = value_ns if self.max_ns is None else max(self.max_ns, value_ns)

    def merge(self, other: "Histogram") -> None:
        """Add all that `other` has counted; it is not changed."""
        for bucket, times in other._counts.items():
            self._counts[bucket] = self._counts.get(bucket, 0) + times
        self.count += other.count
        self.sum_ns += other.sum_ns
        self.min_ns = min((end for end in (self.min_ns, other.min_ns) if end is not None), default=None)
        self.max_ns = max((end for end in (self.max_ns, other.max_ns) if end is not None), default=None)

    def percentile(self, percent: float) -> int | None:
        """The nearest-rank percentile, within `RELATIVE_ERROR`: the least value that `percent` % do not exceed.

        `None` when nothing was counted. 0 is the least value and 100 the greatest, both exact.
        """
        return self.percentiles((percent,))[0]

    def percentiles(self, percents: Iterable[float]) -> tuple[int | None, ...]:
        """Several at once, e.g. `STANDARD_PERCENTS`, in the order asked for."""
        buckets = sorted(self._counts.items())
        return tuple(self._at_rank(_rank(percent, self.count), buckets) for percent in percents)

    def buckets(self) -> list[tuple[int, int]]:
        """(upper edge in nanoseconds, count) of each bucket that has a count, ascending: for exporters."""
        return [(_lowest_of(bucket + 1) - 1, times) for bucket, times in sorted(self._counts.items())]

    def encode(self) -> bytes:
        """Bytes for a journal or a peer; `decode_histogram` reads them."""
        buckets = sorted(self._counts.items())
        return _encoder.encode(
            _Encoded(
                version=_VERSION,
                sum_ns=min(self.sum_ns, _SUM_MAX),
                min_ns=self.min_ns or 0,
                max_ns=self.max_ns or 0,
                buckets=[bucket for bucket, _ in buckets],
                counts=[times for _, times in buckets],
            )
        )

    def _at_rank(self, rank: int, buckets: list[tuple[int, int]]) -> int | None:
        if self.min_ns is None or self.max_ns is None:
            return None
        if rank <= 1:
            return self.min_ns
        if rank >= self.count:
            return self.max_ns
        passed = 0
        for bucket, times in buckets:
            passed += times
            if passed >= rank:
                middle_ns = (_lowest_of(bucket) + _lowest_of(bucket + 1) - 1) // 2
                return min(max(middle_ns, self.min_ns), self.max_ns)
        raise AssertionError("the counts add up to `count`")


def decode_histogram(data: bytes) -> Histogram:
    """Read what `Histogram.encode` wrote.

    Raises:
        PeerProtocolError: Not a histogram, of another version, or its numbers contradict each other.
    """
    try:
        encoded = _decoder.decode(data)
    except BAD_BYTES as error:
        raise PeerProtocolError(f"not a histogram: {error}") from error
    if encoded.version != _VERSION:
        raise PeerProtocolError(f"histogram of version {encoded.version}; this release reads {_VERSION}")
    _check(encoded)
    found = Histogram()
    found._counts = dict(zip(encoded.buckets, encoded.counts, strict=True))
    found.count = sum(encoded.counts)
    found.sum_ns = encoded.sum_ns
    if found.count:
        found.min_ns, found.max_ns = encoded.min_ns, encoded.max_ns
    return found


class _Encoded(msgspec.Struct, array_like=True, frozen=True):
    version: int
    sum_ns: int
    min_ns: int
    max_ns: int
    buckets: list[int]
    counts: list[int]


def _check(encoded: _Encoded) -> None:
    buckets = encoded.buckets
    if len(buckets) != len(encoded.counts) or len(buckets) > BUCKETS_MAX:
        raise PeerProtocolError(f"histogram with {len(buckets)} buckets and {len(encoded.counts)} counts")
    if any(later <= earlier for earlier, later in pairwise(buckets)):
        raise PeerProtocolError("histogram buckets are not in ascending order")
    if any(times < 1 for times in encoded.counts) or encoded.sum_ns < 0:
        raise PeerProtocolError("histogram with a negative sum or a count below 1")
    if not buckets:
        if (encoded.sum_ns, encoded.min_ns, encoded.max_ns) != (0, 0, 0):
            raise PeerProtocolError("histogram of nothing with a sum or ends")
        return
    is_inside = 0 <= encoded.min_ns <= encoded.max_ns <= VALUE_NS_MAX
    if not is_inside or (_bucket_of(encoded.min_ns), _bucket_of(encoded.max_ns)) != (buckets[0], buckets[-1]):
        raise PeerProtocolError("histogram ends are not in its first and last bucket")


def _bucket_of(value_ns: int) -> int:
    """Below 64 the value itself; above, 32 buckets for each doubling."""
    doublings = max(value_ns.bit_length() - _EXACT_BITS, 0)
    return doublings * _PER_DOUBLING + (value_ns >> doublings)


def _lowest_of(bucket: int) -> int:
    doublings = max(bucket // _PER_DOUBLING - 1, 0)
    return (bucket - doublings * _PER_DOUBLING) << doublings


def _rank(percent: float, count: int) -> int:
    assert 0 <= percent <= 100, f"a percentile is 0..100, not {percent}"
    thousandths = round(percent * 1000)
    return -(-thousandths * count // 100_000)


STANDARD_PERCENTS: Final = (50.0, 95.0, 99.0, 99.9)

BAD_BYTES: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""All that msgspec raises on bytes from outside: text that is not UTF-8 and deep nesting have no error of its own."""

_EXACT_BITS: Final = 6
_PER_DOUBLING: Final = 1 << (_EXACT_BITS - 1)
BUCKETS_MAX: Final = _bucket_of(VALUE_NS_MAX) + 1
_SUM_MAX: Final = 2**63 - 1
_VERSION: Final = 1

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Encoded)
