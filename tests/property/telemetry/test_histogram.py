"""The histogram against sorted lists."""

from hypothesis import given
from hypothesis import strategies as st

from segue.model.errors import PeerProtocolError
from segue.telemetry.histogram import RELATIVE_ERROR, VALUE_NS_MAX, Histogram, decode_histogram

values = st.lists(
    st.one_of(
        st.integers(0, 200), st.integers(0, VALUE_NS_MAX), st.integers(0, 42).map(lambda power: (1 << power) - 1)
    ),
    max_size=200,
)
percents = st.integers(0, 1000).map(lambda tenths: tenths / 10)


def counted(of: list[int]) -> Histogram:
    histogram = Histogram()
    for value in of:
        histogram.add(value)
    return histogram


@given(values.filter(bool), percents)
def test_percentiles_are_those_of_the_sorted_list_within_the_error(of: list[int], percent: float) -> None:
    rank = max(-(-round(percent * 10) * len(of) // 1000), 1)
    true = sorted(of)[rank - 1]
    found = counted(of).percentile(percent)
    assert found is not None
    assert abs(found - true) <= true * RELATIVE_ERROR


@given(values, values)
def test_a_merge_is_the_histogram_of_both(one: list[int], other: list[int]) -> None:
    merged = counted(one)
    merged.merge(counted(other))
    both = counted(one + other)
    assert merged.encode() == both.encode()
    assert (merged.count, merged.sum_ns, merged.min_ns, merged.max_ns) == (
        both.count,
        both.sum_ns,
        both.min_ns,
        both.max_ns,
    )


@given(values)
def test_bytes_round_trip(of: list[int]) -> None:
    histogram = counted(of)
    read = decode_histogram(histogram.encode())
    assert read.encode() == histogram.encode()
    assert (read.count, read.min_ns, read.max_ns) == (histogram.count, histogram.min_ns, histogram.max_ns)


@given(st.binary(max_size=80), values)
def test_foreign_bytes_raise_only_the_documented_error(data: bytes, of: list[int]) -> None:
    for candidate in (data, counted(of).encode()[:-1] + data[:1]):
        try:
            decode_histogram(candidate).percentile(99)
        except PeerProtocolError:
            pass
