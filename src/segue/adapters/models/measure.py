"""What each local model costs on this machine: seconds of work for one second of sound.

The test sound is spoken by the local voice, so nothing else is needed.
"""

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np

from segue.adapters.models.catalog import HIBARI, MOONSHINE, SILERO, SMART_TURN
from segue.adapters.models.local import LocalSpeech
from segue.adapters.vad.port import FloatArray16k
from segue.model.audio import HEARD_RATE_HZ, SPOKEN_RATE_HZ

MEASURED_TEXT = "Good evening. I would like to book a table for two people at half past seven, please."


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One model's cost, after warming."""

    model: str
    audio_ms: float
    """Sound heard or made in one run."""
    work_ms: float
    """Median time of one run."""

    @property
    def real_time_factor(self) -> float:
        """Work per sound: 0.02 is fifty times faster than real time."""
        return self.work_ms / self.audio_ms


async def measure_models(speech: LocalSpeech, *, runs: int = 5) -> list[Measurement]:
    """Run each model `runs` times on the same sentence. About 2 s of one core.

    Raises:
        ProviderError: A model failed.
    """
    await speech.warm()
    spoken = await speak(speech, MEASURED_TEXT)
    heard = heard_from_spoken(spoken)
    audio_ms = len(heard) * 1000 / HEARD_RATE_HZ

    async def watch() -> None:
        vad = speech.vad.create()
        for window in windows(heard, vad.window_samples):
            vad.probability(window)

    return [
        Measurement(model=SILERO.name, audio_ms=audio_ms, work_ms=await _median_ms(watch, runs)),
        Measurement(
            model=SMART_TURN.name,
            audio_ms=audio_ms,
            work_ms=await _median_ms(lambda: speech.eot.probability(heard), runs),
        ),
        Measurement(
            model=MOONSHINE.name,
            audio_ms=audio_ms,
            work_ms=await _median_ms(lambda: speech.stt.transcribe(heard), runs),
        ),
        Measurement(
            model=HIBARI.name,
            audio_ms=audio_ms,
            work_ms=await _median_ms(lambda: speak(speech, MEASURED_TEXT), runs),
        ),
    ]


async def speak(speech: LocalSpeech, text: str) -> bytes:
    """The local voice's sound for `text`: int16 at 24 kHz."""
    voice = speech.tts.voices[0]
    return b"".join([chunk async for chunk in speech.tts.synthesize(text, voice=voice)])


def heard_from_spoken(pcm: bytes) -> FloatArray16k:
    """Spoken sound (int16, 24 kHz) as recognisers hear it (float32, 16 kHz).

    Good enough for measuring and test sound: a short low-pass, then linear interpolation.
    """
    spoken = np.frombuffer(pcm, "<i2").astype(np.float32) / 32_768
    smooth = np.convolve(spoken, _LOW_PASS, mode="same")
    count = len(spoken) * HEARD_RATE_HZ // SPOKEN_RATE_HZ
    places = np.arange(count) * (SPOKEN_RATE_HZ / HEARD_RATE_HZ)
    heard: FloatArray16k = np.interp(places, np.arange(len(smooth)), smooth).astype(np.float32)
    return heard


def windows(audio: FloatArray16k, samples: int) -> list[FloatArray16k]:
    """The whole windows of `audio`, one after the other."""
    return [audio[at : at + samples] for at in range(0, len(audio) - samples + 1, samples)]


async def _median_ms(run: Callable[[], Awaitable[object]], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter_ns()
        await run()
        times.append((time.perf_counter_ns() - start) / 1e6)
    return statistics.median(times)


def _low_pass_taps() -> FloatArray16k:
    places = np.arange(-12, 13)
    taps = np.sinc(places * (2 * 7_200 / SPOKEN_RATE_HZ)) * np.hamming(len(places))
    even: FloatArray16k = (taps / taps.sum()).astype(np.float32)
    return even


_LOW_PASS = _low_pass_taps()
"""Keeps what lies below 7.2 kHz, so that nothing folds back at 16 kHz."""
