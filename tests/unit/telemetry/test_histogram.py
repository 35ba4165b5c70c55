"""Buckets, percentiles and bytes of the histogram."""

import msgspec
import pytest

from segue.model.errors import PeerProtocolError
from segue.telemetry.histogram import BUCKETS_MAX, STANDARD_PERCENTS, VALUE_NS_MAX, Histogram, decode_histogram


def test_an_empty_one_has_no_percentiles() -> None:
    assert Histogram().percentiles(STANDARD_PERCENTS) == (None, None, None, None)


def test_an_empty_one_survives_its_bytes_and_a_merge() -> None:
    read = decode_histogram(Histogram().encode())
    assert (read.count, read.min_ns) == (0, None)
    read.merge(Histogram())
    assert (read.count, read.min_ns, read.max_ns) == (0, None, None)
    counted = Histogram()
    counted.add(5)
    counted.merge(read)
    assert (counted.min_ns, counted.max_ns) == (5, 5)


def test_one_value_is_every_percentile_exactly() -> None:
    counted = Histogram()
    counted.add(123_456_789)
    assert set(counted.percentiles((0, *STANDARD_PERCENTS, 100))) == {123_456_789}


def test_percentiles_of_a_ramp() -> None:
    counted = Histogram()
    for value in range(1, 1001):
        counted.add(value * 1_000_000)
    expected = (500e6, 950e6, 990e6, 999e6)
    for found, true in zip(counted.percentiles(STANDARD_PERCENTS), expected, strict=True):
        assert found == pytest.approx(true, rel=1 / 64)
    assert counted.percentile(100) == 1_000_000_000


def test_small_values_are_exact() -> None:
    counted = Histogram()
    for value in (3, 5, 63):
        counted.add(value)
    assert counted.percentiles((34, 66, 100)) == (5, 5, 63)


def test_values_out_of_range_are_clipped_and_memory_is_fixed() -> None:
    counted = Histogram()
    counted.add(-5)
    counted.add(VALUE_NS_MAX * 10)
    assert (counted.min_ns, counted.max_ns) == (0, VALUE_NS_MAX)
    for power in range(60):
        for part in range(64):
            counted.add((64 + part) << power)
    assert len(counted.buckets()) <= BUCKETS_MAX == 1_216


def test_a_weight_counts_that_often() -> None:
    counted = Histogram()
    counted.add(50, times=9)
    counted.add(60)
    assert (counted.count, counted.sum_ns) == (10, 510)
    assert counted.percentile(90) == 50
    with pytest.raises(AssertionError):
        counted.add(1, times=0)


def test_bucket_edges_hold_their_values() -> None:
    counted = Histogram()
    counted.add(1_000_000)
    ((edge, count),) = counted.buckets()
    assert count == 1
    assert 1_000_000 <= edge < 1_000_000 * (1 + 1 / 32)


def test_a_percentile_is_of_a_hundred() -> None:
    with pytest.raises(AssertionError, match="101"):
        Histogram().percentile(101)


def encoded(*fields: object) -> bytes:
    return msgspec.msgpack.encode(fields)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"\xc1", "not a histogram"),
        (b"\x81\xa1x\x01", "not a histogram"),
        (encoded(2, 0, 0, 0, [], []), "version 2"),
        (encoded(1, 5, 5, 5, [5], []), "1 buckets and 0 counts"),
        (encoded(1, 5, 4, 5, [5, 4], [1, 1]), "ascending"),
        (encoded(1, 5, 5, 5, [5], [0]), "below 1"),
        (encoded(1, 5, 0, 0, [], []), "nothing"),
        (encoded(1, 5, 5, 9, [5], [1]), "ends"),
        (encoded(1, 5, -5, 5, [-5, 5], [1, 1]), "ends"),
        (encoded(1, 5, 5, 5, list(range(BUCKETS_MAX + 1)), [1] * (BUCKETS_MAX + 1)), "buckets"),
    ],
)
def test_bytes_that_are_none_are_refused(data: bytes, says: str) -> None:
    with pytest.raises(PeerProtocolError, match=says):
        decode_histogram(data)
