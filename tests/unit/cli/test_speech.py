"""WAV in and out."""

import wave
from pathlib import Path

import numpy as np
import pytest

from segue.cli.speech import read_wav, write_wav
from segue.model.errors import ConfigError


def make(path: Path, *, rate: int = 24_000, channels: int = 1, width: int = 2, frames: int = 2_400) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(bytes(range(256)) * (frames * channels * width // 256 + 1))
    return path


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    samples = np.arange(-500, 500, dtype=np.int16)
    write_wav(tmp_path / "a.wav", samples)
    assert read_wav(tmp_path / "a.wav") == samples.tobytes()


def test_other_rates_and_stereo_are_converted(tmp_path: Path) -> None:
    pcm = read_wav(make(tmp_path / "a.wav", rate=16_000, channels=2, frames=16_000))
    assert abs(len(pcm) // 2 - 24_000) < 200


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"width": 1}, "has 1 channels of 8 bits"), ({"rate": 12_345}, "12345"), ({"frames": 3_000_000}, "ms long; 1..")],
)
def test_what_cannot_be_said_is_refused_with_advice(tmp_path: Path, changes: dict[str, int], message: str) -> None:
    path = make(tmp_path / "a.wav", **changes)
    with pytest.raises(ConfigError) as caught:
        read_wav(path)
    assert message in str(caught.value)


def test_no_wav_at_all_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("hello")
    with pytest.raises(ConfigError, match=r"a\.wav: cannot be read as WAV"):
        read_wav(tmp_path / "a.wav")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_wav(tmp_path / "no" / "a.wav", np.zeros(1, np.int16))
