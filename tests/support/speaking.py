"""Speech for tests that talk to real processes, and an ear that says what words were heard.

Lines are spoken by the local voice once and kept; the ear is the local recogniser, which hears sound in spans of speech
bounded by silence, as a core does.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

import numpy as np
from numpy.typing import NDArray

from segue import _native
from segue.adapters.models.local import LocalSpeech
from segue.client.caller import Line
from segue.model.audio import HEARD_RATE_HZ, SPOKEN_RATE_HZ

Pcm = NDArray[np.int16]

SPAN_MS_MAX = 9_000
PAUSE_MS = 180
LOUD = 250


@dataclass
class Speaking:
    """The local voice and recogniser of the test process."""

    speech: LocalSpeech
    lines: dict[str, bytes] = field(default_factory=dict)

    async def pcm(self, text: str) -> bytes:
        """24 kHz int16 of `text` in the local voice."""
        if text not in self.lines:
            voice = self.speech.tts.voices[0]
            self.lines[text] = b"".join([chunk async for chunk in self.speech.tts.synthesize(text, voice=voice)])
        return self.lines[text]

    async def line(self, text: str, *, after_ms_of_answer: int | None = None) -> Line:
        return Line(text=text, pcm=await self.pcm(text), after_ms_of_answer=after_ms_of_answer)

    async def words(self, heard: Pcm | bytes) -> list[str]:
        """What the recogniser hears in 24 kHz sound."""
        samples = np.frombuffer(heard, "<i2") if isinstance(heard, bytes) else heard
        found: list[str] = []
        for span in spans(samples):
            audio = np.frombuffer(_native.Resampler(SPOKEN_RATE_HZ, HEARD_RATE_HZ).process(span.tobytes()), "<i2")
            transcript = await self.speech.stt.transcribe(audio.astype(np.float32) / 32768)
            found += words_of(transcript.text)
        return found


def spans(samples: Pcm) -> list[Pcm]:
    """Cut at the pauses, so that no span is longer than the recogniser likes; silence is left out."""
    step = SPOKEN_RATE_HZ // 100
    blocks = len(samples) // step
    if not blocks:
        return []
    loud = np.abs(samples[: blocks * step].reshape(blocks, step).astype(np.int32)).max(axis=1) > LOUD
    made: list[Pcm] = []
    start: int | None = None
    quiet = 0
    for block in range(blocks):
        if loud[block]:
            start = block if start is None else start
            quiet = 0
        elif start is not None:
            quiet += 1
            length_ms = (block - start) * 10
            if quiet * 10 >= (PAUSE_MS if length_ms > SPAN_MS_MAX / 2 else 4 * PAUSE_MS):
                made.append(samples[max(0, start - 10) * step : (block + 1) * step])
                start = None
    if start is not None:
        made.append(samples[max(0, start - 10) * step :])
    return [each for each in made if len(each) > SPOKEN_RATE_HZ // 5]


def words_of(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower().replace("’", "'"))


@dataclass(frozen=True, slots=True)
class Difference:
    """Between what was to be heard and what was."""

    lost: tuple[str, ...]
    repeated: tuple[str, ...]
    other: tuple[str, ...]


def compare(expected: Sequence[str], heard: Sequence[str]) -> Difference:
    """Words missing, words that are there again, and words that are neither (misheard ones come in pairs).

    A misheard word is a replacement: as many words for as many; it is not lost. Repeated is what was inserted and
    equals words that stand right before or behind it.
    """
    lost: list[str] = []
    repeated: list[str] = []
    other: list[str] = []
    for tag, a0, a1, b0, b1 in SequenceMatcher(a=list(expected), b=list(heard), autojunk=False).get_opcodes():
        gone, come = list(expected[a0:a1]), list(heard[b0:b1])
        if tag == "replace":
            surplus = len(gone) - len(come)
            lost += gone[len(come) :] if surplus > 1 else []
            other += come
        elif tag == "delete":
            lost += gone
        elif tag == "insert":
            near = [*heard[max(0, b0 - len(come)) : b0], *heard[b1 : b1 + len(come)]]
            (repeated if sum(word in near for word in come) * 2 > len(come) else other).extend(come)
    return Difference(tuple(lost), tuple(repeated), tuple(other))


def loudness(samples: Pcm | bytes) -> float:
    """RMS of the loudest second; speech is over a thousand."""
    pcm = np.frombuffer(samples, "<i2") if isinstance(samples, bytes) else samples
    if not len(pcm):
        return 0.0
    step = SPOKEN_RATE_HZ
    return max(float(np.sqrt(np.mean(pcm[at : at + step].astype(np.float64) ** 2))) for at in range(0, len(pcm), step))


async def paced(frames: Sequence[bytes], frame_ms: int, send: object) -> None:
    """Hand out frames at 1x, as a microphone does."""
    assert callable(send)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for number, frame in enumerate(frames):
        await asyncio.sleep(max(0.0, began + number * frame_ms / 1000 - loop.time()))
        await send(frame)
