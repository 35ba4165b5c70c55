import numpy as np
import pytest

from segue.adapters.eot.logmel import LOGMEL_SAMPLES, LOGMEL_SHAPE, log_mel


def tone(hz: float, samples: int = LOGMEL_SAMPLES) -> np.ndarray:
    return np.sin(2 * np.pi * hz * np.arange(samples) / 16_000).astype(np.float32)


@pytest.mark.parametrize("samples", [0, 1, 400, LOGMEL_SAMPLES, LOGMEL_SAMPLES + 5_000])
def test_shape_whatever_the_length(samples: int) -> None:
    picture = log_mel(tone(440, samples))
    assert picture.shape == LOGMEL_SHAPE
    assert picture.dtype == np.float32
    assert np.isfinite(picture).all()


def test_higher_tones_light_higher_bands() -> None:
    bands = [int(log_mel(tone(hz)).mean(axis=1).argmax()) for hz in (200, 1_000, 4_000)]
    assert bands == sorted(bands)
    assert len(set(bands)) == 3


def test_range_is_two_around_the_loudest() -> None:
    picture = log_mel(tone(440))
    assert picture.max() - picture.min() <= 2.0 + 1e-5


def test_only_the_newest_eight_seconds_count() -> None:
    newest = tone(700)
    assert (log_mel(np.concatenate([tone(100), newest])) == log_mel(newest)).all()


def test_short_audio_is_preceded_by_silence() -> None:
    picture = log_mel(tone(440, 16_000))
    assert picture[:, :690].mean() < picture[:, 710:].mean()
