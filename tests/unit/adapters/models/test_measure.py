import numpy as np

from segue.adapters.models.measure import Measurement, heard_from_spoken, windows


def test_real_time_factor() -> None:
    assert Measurement(model="m", audio_ms=2_000, work_ms=40).real_time_factor == 0.02


def test_spoken_sound_keeps_its_pitch_and_level_at_the_lower_rate() -> None:
    instants = np.arange(24_000) / 24_000
    pcm = (np.sin(2 * np.pi * 1_000 * instants) * 16_384).astype("<i2").tobytes()
    heard = heard_from_spoken(pcm)
    assert len(heard) == 16_000
    spectrum = np.abs(np.fft.rfft(heard))
    assert spectrum.argmax() == 1_000
    assert 0.48 < np.abs(heard[1_000:-1_000]).max() < 0.52


def test_what_would_fold_back_is_taken_out() -> None:
    instants = np.arange(24_000) / 24_000
    pcm = (np.sin(2 * np.pi * 10_000 * instants) * 16_384).astype("<i2").tobytes()
    assert np.abs(heard_from_spoken(pcm)[1_000:-1_000]).max() < 0.02


def test_windows_are_whole() -> None:
    assert [len(window) for window in windows(np.zeros(1_100, np.float32), 512)] == [512, 512]
