"""A voice behind `/audio/speech`: raw 24 kHz int16, passed on as it arrives."""

from collections.abc import AsyncGenerator

from segue.adapters.openai_compat.config import SpeechConfig
from segue.adapters.openai_compat.http import EndpointClient
from segue.model.errors import ProviderError


class SpeechTts:
    """The voice of `config`, reached through `client`."""

    def __init__(self, config: SpeechConfig, client: EndpointClient) -> None:
        self.name = config.endpoint.name
        self.voices = config.voices
        self._config = config
        self._client = client

    async def synthesize(self, text: str, *, voice: str) -> AsyncGenerator[bytes, None]:
        if self.voices and voice not in self.voices:
            problem = f"has no voice {voice!r}; it has: {', '.join(self.voices)}"
            raise ProviderError(self.name, problem, retryable=False)
        if not text.strip():
            return
        body: dict[str, object] = {"model": self._config.model, "input": text, "voice": voice, "response_format": "pcm"}
        if self._config.speed is not None:
            body["speed"] = self._config.speed
        odd = b""
        silent = True
        async with self._client.post("/audio/speech", accept=_ACCEPT, json=body) as answer:
            async for piece in answer.content.iter_any():
                # Pieces are cut anywhere; half a sample waits for its other half.
                whole, odd = _whole_samples(odd + piece)
                if whole:
                    silent = False
                    yield whole
        if odd:
            raise self._client.broken("the sound broke off inside a sample")
        if silent:
            raise self._client.broken("answered with no sound")

    async def warm(self) -> None:
        await self._client.touch()


def _whole_samples(piece: bytes) -> tuple[bytes, bytes]:
    cut = len(piece) // 2 * 2
    return piece[:cut], piece[cut:]


_ACCEPT = ("audio/pcm", "audio/L16", "audio/l16", "audio/x-raw", "application/octet-stream")
