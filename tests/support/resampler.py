"""The streaming resampler and G.711 again, in numpy and plain Python: the oracles of segue._native.

Written from the definitions (Kaiser-windowed sinc at the raised rate; ITU-T G.711), by direct convolution of the
zero-stuffed signal instead of polyphase; shares no code with the native crates.
"""

import math

import numpy as np
from numpy.typing import NDArray

RATES_HZ = (8_000, 16_000, 24_000, 48_000)
DELAY_MS = 2
KAISER_BETA = 6.2
TRANSITION_HZ = 1_000.0


def low_pass(raised_hz: int, narrow_hz: int, up: int) -> NDArray[np.float64]:
    half = raised_hz * DELAY_MS // 1_000
    n = np.arange(-half, half + 1)
    cutoff = (narrow_hz - TRANSITION_HZ) / 2 / raised_hz
    taps = 2 * cutoff * np.sinc(2 * cutoff * n) * np.kaiser(2 * half + 1, KAISER_BETA)
    for phase in range(up):  # each phase has a gain of one, so that a constant stays one
        taps[phase::up] /= taps[phase::up].sum()
    return np.asarray(taps, dtype=np.float64)


class Resampler:
    def __init__(self, from_hz: int, to_hz: int) -> None:
        common = math.gcd(from_hz, to_hz)
        self.up, self.down = to_hz // common, from_hz // common
        self._taps = low_pass(from_hz * self.up, min(from_hz, to_hz), self.up)
        self.reset()

    def reset(self) -> None:
        self._heard: NDArray[np.int16] = np.zeros(0, dtype=np.int16)
        self._given = 0

    def process(self, pcm: bytes) -> bytes:
        if self.up == self.down or not pcm:
            return pcm
        self._heard = np.concatenate([self._heard, np.frombuffer(pcm, dtype="<i2")])
        raised = np.zeros(len(self._heard) * self.up)
        raised[:: self.up] = self._heard
        filtered = np.convolve(raised, self._taps)[: len(raised)]
        kept = filtered[:: self.down]
        fresh, self._given = kept[self._given :], len(kept)
        rounded = np.sign(fresh) * np.floor(np.abs(fresh) + 0.5)
        return np.clip(rounded, -32_768, 32_767).astype("<i2").tobytes()


def ulaw_decode_sample(byte: int) -> int:
    code = ~byte & 0xFF
    magnitude = ((2 * (code & 0x0F) + 33) << ((code >> 4) & 7)) - 33
    return (-magnitude if code & 0x80 else magnitude) * 4


def alaw_decode_sample(byte: int) -> int:
    code = byte ^ 0x55
    segment, step = (code >> 4) & 7, code & 0x0F
    magnitude = 2 * step + 1 if segment == 0 else (2 * step + 33) << (segment - 1)
    return (magnitude if code & 0x80 else -magnitude) * 8


def ulaw_encode_sample(sample: int) -> int:
    """The code whose interval holds the sample, by the table of decision values of G.711."""
    value = sample >> 2
    sign, magnitude = (0x80, -value) if value < 0 else (0, value)
    biased = min(magnitude, 8_158) + 33
    segment = next(s for s in range(8) if biased < 64 << s)
    return ~(sign | segment << 4 | (biased - (32 << segment)) >> (segment + 1)) & 0xFF


def alaw_encode_sample(sample: int) -> int:
    value = sample >> 3
    sign, magnitude = (0, -value - 1) if value < 0 else (0x80, value)
    segment = next(s for s in range(8) if magnitude < 32 << s)
    step = magnitude >> 1 if segment == 0 else (magnitude - (16 << segment)) >> segment
    return (sign | segment << 4 | step) ^ 0x55
