"""Speech in and out of files for the command line: WAV at any of our rates, and text spoken by the local voice."""

import wave
from pathlib import Path

import numpy as np

from segue import _native
from segue.adapters.models.local import LocalSpeech
from segue.client.caller import Line
from segue.client.player import Pcm
from segue.model.audio import SPOKEN_RATE_HZ
from segue.model.errors import ConfigError

LINE_MS_MAX = 120_000
"""A line to say may be this long; longer is surely a mistake."""


def read_wav(path: Path) -> bytes:
    """Samples of a mono or stereo 16-bit WAV file as 24 kHz mono int16.

    Raises:
        ConfigError: Not readable, not 16-bit PCM, a rate we cannot convert, empty, or too long.
    """
    try:
        with path.open("rb") as stream, wave.open(stream, "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            frames = file.readframes(file.getnframes())
    except OSError as error:
        raise ConfigError(str(path), f"cannot be read: {error.strerror or error}") from error
    except (EOFError, wave.Error) as error:
        raise ConfigError(str(path), f"cannot be read as WAV: {str(error) or 'it is empty'}") from error
    if width != 2 or channels not in (1, 2):
        hint = "convert it: sox in.wav -b 16 -c 1 -r 24000 out.wav"
        raise ConfigError(str(path), f"has {channels} channels of {8 * width} bits; 16-bit mono is needed", hint=hint)
    samples: Pcm = np.frombuffer(frames, "<i2").reshape(-1, channels).mean(axis=1).astype("<i2")
    if not len(samples) or len(samples) * 1000 // rate > LINE_MS_MAX:
        raise ConfigError(str(path), f"is {len(samples) * 1000 // rate} ms long; 1..{LINE_MS_MAX} ms can be said")
    if rate == SPOKEN_RATE_HZ:
        return samples.tobytes()
    try:
        return _native.Resampler(rate, SPOKEN_RATE_HZ).process(samples.tobytes())
    except ValueError as error:
        raise ConfigError(str(path), str(error), hint="convert it: sox in.wav -r 24000 out.wav") from error


def write_wav(path: Path, samples: Pcm) -> None:
    """Write 24 kHz mono int16.

    Raises:
        ConfigError: The file cannot be written.
    """
    try:
        with path.open("wb") as stream, wave.open(stream, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SPOKEN_RATE_HZ)
            file.writeframes(samples.tobytes())
    except OSError as error:
        raise ConfigError(str(path), f"cannot be written: {error.strerror}") from error


async def spoken_line(speech: LocalSpeech, text: str, *, after_ms_of_answer: int | None = None) -> Line:
    """`text` in the local voice."""
    chunks = [chunk async for chunk in speech.tts.synthesize(text, voice=speech.tts.voices[0])]
    return Line(text=text, pcm=b"".join(chunks), after_ms_of_answer=after_ms_of_answer)
