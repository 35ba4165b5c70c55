"""segue._native's resampler against its numpy twin, and what it refuses."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue import _native
from tests.support import resampler as twin

rates = st.sampled_from(twin.RATES_HZ)
chunks = st.lists(st.lists(st.integers(-32_768, 32_767), max_size=150), max_size=8)


def to_pcm(samples: list[int]) -> bytes:
    return np.array(samples, dtype="<i2").tobytes()


def to_samples(pcm: bytes) -> np.ndarray:
    return np.frombuffer(pcm, dtype="<i2").astype(int)


@given(rates, rates, chunks)
def test_agrees_with_the_twin_to_one_step(from_hz: int, to_hz: int, stream: list[list[int]]) -> None:
    native, oracle = _native.Resampler(from_hz, to_hz), twin.Resampler(from_hz, to_hz)
    for chunk in stream:
        heard, expected = to_samples(native.process(to_pcm(chunk))), to_samples(oracle.process(to_pcm(chunk)))
        assert len(heard) == len(expected)
        assert np.all(np.abs(heard - expected) <= 1)


@given(rates, rates, st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=300))
def test_reset_forgets_the_stream(from_hz: int, to_hz: int, samples: list[int]) -> None:
    native = _native.Resampler(from_hz, to_hz)
    first = native.process(to_pcm(samples))
    native.reset()
    assert native.process(to_pcm(samples)) == first


@pytest.mark.parametrize("frames", [1, 20, 100])
def test_a_stream_has_as_many_samples_as_time_has_passed(frames: int) -> None:
    native = _native.Resampler(24_000, 16_000)
    out = b"".join(native.process(bytes(960)) for _ in range(frames))
    assert len(out) == 640 * frames


def test_long_chunks_give_up_the_interpreter_and_come_out_the_same() -> None:
    samples = np.random.default_rng(7).integers(-20_000, 20_000, 24_000).astype("<i2").tobytes()
    whole = _native.Resampler(24_000, 8_000).process(samples)
    streamed = _native.Resampler(24_000, 8_000)
    assert b"".join(streamed.process(samples[at : at + 960]) for at in range(0, len(samples), 960)) == whole


def test_says_what_it_delays() -> None:
    assert _native.Resampler(8_000, 24_000).delay_ms == 2.0
    assert _native.Resampler(16_000, 16_000).delay_ms == 0.0


def test_refuses_half_a_sample_and_unknown_rates() -> None:
    with pytest.raises(ValueError, match="3 bytes are not whole int16 samples"):
        _native.Resampler(8_000, 16_000).process(b"\0\0\0")
    with pytest.raises(ValueError, match="44100 Hz; expected one of"):
        _native.Resampler(44_100, 16_000)


def test_an_empty_chunk_is_nothing() -> None:
    assert _native.Resampler(8_000, 48_000).process(b"") == b""
