"""A recogniser behind `/audio/transcriptions`."""

import io
import wave

import aiohttp
import msgspec
import numpy as np

from segue.adapters.openai_compat.config import TranscriptionConfig
from segue.adapters.openai_compat.http import EndpointClient
from segue.adapters.stt.port import Transcript
from segue.adapters.vad.port import FloatArray16k
from segue.model.audio import HEARD_RATE_HZ


class TranscriptionAnswer(msgspec.Struct):
    """The JSON answer."""

    text: str
    language: str | None = None


class TranscriptionEvent(msgspec.Struct):
    """One event of the streamed answer."""

    type: str
    delta: str = ""
    text: str = ""


class TranscriptionStt:
    """The recogniser of `config`, reached through `client`."""

    def __init__(self, config: TranscriptionConfig, client: EndpointClient) -> None:
        self.name = config.endpoint.name
        self._config = config
        self._client = client

    async def transcribe(
        self, audio: FloatArray16k, *, language: str | None = None, prompt: str | None = None
    ) -> Transcript:
        form = aiohttp.FormData({"model": self._config.model, "response_format": "json"})
        form.add_field("file", wav_of(audio), filename="speech.wav", content_type="audio/wav")
        if language is not None:
            form.add_field("language", language)
        if prompt is not None:
            form.add_field("prompt", prompt)
        heard = await (self._streamed(form) if self._config.stream else self._whole(form))
        return Transcript(
            text=heard.text.strip(),
            language=heard.language or language,
            audio_ms=len(audio) * 1000 // HEARD_RATE_HZ,
        )

    async def warm(self) -> None:
        await self._client.touch()

    async def _whole(self, form: aiohttp.FormData) -> TranscriptionAnswer:
        async with self._client.post(_PATH, accept=("application/json",), data=form) as answer:
            return _ANSWER.decode(await answer.read())

    async def _streamed(self, form: aiohttp.FormData) -> TranscriptionAnswer:
        form.add_field("stream", "true")
        async with self._client.post(_PATH, accept=("text/event-stream",), data=form) as answer:
            async for data in self._client.events(answer):
                if data == "[DONE]":
                    break
                event = _EVENT.decode(data)
                if event.type == "transcript.text.done":
                    return TranscriptionAnswer(text=event.text)
        raise self._client.broken("the transcript ended before it was finished")


def wav_of(audio: FloatArray16k) -> bytes:
    """A WAV file of `audio`: int16, mono, 16 kHz; louder than full scale is clipped."""
    pcm = (np.clip(audio, -1.0, 1.0) * 32_767).astype("<i2").tobytes()
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(HEARD_RATE_HZ)
        out.writeframes(pcm)
    return file.getvalue()


_PATH = "/audio/transcriptions"
_ANSWER = msgspec.json.Decoder(TranscriptionAnswer)
_EVENT = msgspec.json.Decoder(TranscriptionEvent)
