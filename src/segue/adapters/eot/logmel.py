"""The log-mel picture of 8 s of sound that Smart Turn looks at.

The same numbers as `transformers.WhisperFeatureExtractor(chunk_length=8)` with `do_normalize=True` within 1e-4, in
numpy alone. Source: Radford et al. 2022 (Whisper), section 2.2; Slaney's Auditory Toolbox for the mel scale.
"""

import numpy as np
import numpy.typing as npt

from segue.adapters.vad.port import FloatArray16k
from segue.model.audio import HEARD_RATE_HZ

LOGMEL_SAMPLES = 8 * HEARD_RATE_HZ
LOGMEL_SHAPE = (80, 800)


def log_mel(audio: FloatArray16k) -> npt.NDArray[np.float32]:
    """Return the (80, 800) picture of the newest 8 s of `audio`; shorter audio is preceded by silence.

    Cost: about 10 ms of one core.
    """
    heard = audio[-LOGMEL_SAMPLES:].astype(np.float32, copy=False)
    heard = np.pad(heard, (LOGMEL_SAMPLES - len(heard), 0))
    heard = (heard - heard.mean()) / np.sqrt(heard.var() + _VARIANCE_FLOOR)
    padded = np.pad(heard, _FFT_SAMPLES // 2, mode="reflect")
    # The last frame, centred on the end, is dropped: 8 s are 800 frames.
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT_SAMPLES)[::_HOP_SAMPLES][: LOGMEL_SHAPE[1]]
    spectrum = np.fft.rfft(frames * _WINDOW, axis=-1)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    # Not `@`: BLAS would wake a thread per core, which then spin for 70 ms of CPU; this costs 2 ms more and no threads.
    mel = np.einsum("fb,bm->mf", power, _MEL_FILTERS)
    levels = np.log10(np.maximum(_MEL_FLOOR, mel))
    levels = np.maximum(levels, levels.max() - 8.0)
    return np.ascontiguousarray((levels + 4.0) / 4.0, dtype=np.float32)


def _mel_filters(bins: int, bands: int) -> npt.NDArray[np.float32]:
    """Triangles of equal area, evenly spaced in mel from 0 Hz to half the rate; shape (bins, bands)."""
    top_hz = HEARD_RATE_HZ / 2
    corners = _mel_to_hz(np.linspace(0.0, _hz_to_mel(top_hz), bands + 2))
    bin_hz = np.linspace(0.0, top_hz, bins)[:, np.newaxis]
    rising = (bin_hz - corners[:-2]) / (corners[1:-1] - corners[:-2])
    falling = (corners[2:] - bin_hz) / (corners[2:] - corners[1:-1])
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * (2.0 / (corners[2:] - corners[:-2]))).astype(np.float32)


def _hz_to_mel(hz: float) -> float:
    return hz / _MEL_HZ if hz < _LOG_FROM_HZ else _LOG_FROM_MEL + float(np.log(hz / _LOG_FROM_HZ)) / _LOG_STEP


def _mel_to_hz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    above = _LOG_FROM_HZ * np.exp(_LOG_STEP * (mel - _LOG_FROM_MEL))
    return np.where(mel < _LOG_FROM_MEL, mel * _MEL_HZ, above)


_FFT_SAMPLES = 400
_HOP_SAMPLES = 160
_VARIANCE_FLOOR = 1e-7
_MEL_FLOOR = 1e-10
_MEL_HZ = 200.0 / 3.0
_LOG_FROM_HZ = 1000.0
_LOG_FROM_MEL = 15.0
_LOG_STEP = float(np.log(6.4)) / 27.0
_WINDOW = np.hanning(_FFT_SAMPLES + 1)[:-1].astype(np.float32)
_MEL_FILTERS = _mel_filters(_FFT_SAMPLES // 2 + 1, LOGMEL_SHAPE[0])
