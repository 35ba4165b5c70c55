"""Running the operations on sound: transcribe, detect the end of a turn, synthesize."""

from collections.abc import Callable

import numpy as np

from segue.adapters.eot.port import EOT_AUDIO_MS_MAX, EndOfTurn
from segue.adapters.stt.port import Stt
from segue.adapters.tts.port import Tts
from segue.adapters.vad.port import FloatArray16k
from segue.model.audio import HEARD_RATE_HZ, SPOKEN_RATE_HZ
from segue.model.errors import ProviderError
from segue.model.limits import STT_AUDIO_MS_MAX
from segue.voice.results import DetectEnd, EndDetected, SpeechDelta, Synthesize, Synthesized, Transcribe, Transcribed
from segue.worker.streams import ended_after


async def transcribe(stt: Stt, request: Transcribe, audio: FloatArray16k) -> Transcribed:
    """Recognise an utterance, in pieces if it is longer than a recogniser takes at once."""
    texts: list[str] = []
    for piece in pieces(audio):
        heard = await stt.transcribe(piece, language=request.language, prompt=request.prompt)
        texts.append(heard.text.strip())
    return Transcribed(text=" ".join(text for text in texts if text))


async def detect_end(eot: EndOfTurn, request: DetectEnd, audio: FloatArray16k) -> EndDetected:
    """Ask for P(complete) of the newest audio of a turn."""
    newest = audio[-EOT_AUDIO_MS_MAX * HEARD_RATE_HZ // 1000 :]
    probability = await eot.probability(newest)
    if not 0.0 <= probability <= 1.0:
        raise ProviderError(eot.name, f"answered a probability of {probability}", retryable=False)
    return EndDetected(probability=probability)


async def synthesize(
    tts: Tts, request: Synthesize, on_speech: Callable[[bytes], None], on_delta: Callable[[SpeechDelta], None]
) -> Synthesized:
    """Speak one segment; `on_speech` is given each chunk before the delta that counts it."""
    samples = 0
    async with ended_after(tts.synthesize(request.text, voice=request.voice)) as chunks:
        async for chunk in chunks:
            if len(chunk) % 2:
                raise ProviderError(tts.name, f"sent half a sample ({len(chunk)} bytes)", retryable=True)
            if not chunk:
                continue
            samples += len(chunk) // 2
            on_speech(chunk)
            on_delta(SpeechDelta(generated_ms=_ms_of(samples)))
    return Synthesized(duration_ms=_ms_of(samples))


def pieces(audio: FloatArray16k) -> list[FloatArray16k]:
    """Cut audio into spans a recogniser takes, at the quietest place in the last third of each."""
    longest = STT_AUDIO_MS_MAX * HEARD_RATE_HZ // 1000
    cut: list[FloatArray16k] = []
    while len(audio) > longest:
        at = _quietest(audio, longest * 2 // 3, longest)
        cut.append(audio[:at])
        audio = audio[at:]
    if len(audio):
        cut.append(audio)
    return cut


def _quietest(audio: FloatArray16k, low: int, high: int) -> int:
    """The middle of the quietest 100 ms between two sample positions."""
    window = HEARD_RATE_HZ // 10
    count = (high - low) // window
    energies = np.square(audio[low : low + count * window].reshape(count, window)).sum(axis=1)
    return low + int(np.argmin(energies)) * window + window // 2


def _ms_of(samples: int) -> int:
    """Whole milliseconds, rounded up: a segment is padded to them when it is sent."""
    return -(-samples * 1000 // SPOKEN_RATE_HZ)
