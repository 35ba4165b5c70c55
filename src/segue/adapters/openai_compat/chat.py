"""A dialogue model behind `/chat/completions`, streamed."""

from collections.abc import AsyncGenerator

import msgspec

from segue.adapters.llm.port import LlmDelta, LlmRequest
from segue.adapters.openai_compat.chat_wire import Chunk, ChunkReader, request_body
from segue.adapters.openai_compat.config import ChatConfig
from segue.adapters.openai_compat.http import EndpointClient
from segue.model.errors import ProviderError


class ChatLlm:
    """The model of `config`, reached through `client`."""

    def __init__(self, config: ChatConfig, client: EndpointClient) -> None:
        self.name = config.endpoint.name
        self._config = config
        self._client = client

    async def generate(self, request: LlmRequest) -> AsyncGenerator[LlmDelta, None]:
        key = request.idempotency_key
        headers = {"Idempotency-Key": key} if key is not None else {}
        body = request_body(self._config, request)
        reader = ChunkReader()
        async with self._client.post("/chat/completions", accept=_ACCEPT, headers=headers, json=body) as answer:
            async for data in self._client.events(answer):
                if data == "[DONE]":
                    break
                chunk = _DECODER.decode(data)
                if chunk.error is not None:
                    raise self._failed(chunk.error)
                for delta in reader.read(chunk):
                    yield delta
        if reader.finished is None:
            raise self._client.broken("the answer ended before it was finished")
        yield reader.finished

    async def warm(self) -> None:
        await self._client.touch()

    def _failed(self, error: object) -> ProviderError:
        message = error.get("message") if isinstance(error, dict) else error
        return self._client.broken(f"failed in the middle of the answer: {str(message)[:300]}")


_ACCEPT = ("text/event-stream",)
_DECODER = msgspec.json.Decoder(Chunk)
