"""HTTP to one endpoint: its connections, the bearer, and the one place where failures become `ProviderError`."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec

from segue.adapters.openai_compat.config import Endpoint
from segue.adapters.openai_compat.sse import SseOverflow, SseParser
from segue.model.errors import ProviderError


class EndpointClient:
    """Connections to one endpoint, shared by all its users; made at the first request, closed by `close`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.name = endpoint.name
        self._endpoint = endpoint
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close every connection; answers under way break off."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @asynccontextmanager
    async def post(
        self, path: str, *, accept: tuple[str, ...], headers: Mapping[str, str] | None = None, **body: Any
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request and lend its successful answer; leaving the block early hangs up.

        Args:
            path: Under the base address, with its slash.
            accept: Content types that can be read, by their beginnings.
            headers: Beyond the bearer.
            body: `json=` or `data=` as aiohttp takes them.
        Raises:
            ProviderError: Whatever went wrong, also inside the block while the answer is read.
        """
        with self._failures():
            async with self._open().post(self._url(path), headers=headers, **body) as answer:
                try:
                    await self._check(answer, accept)
                    yield answer
                finally:
                    if not answer.content.is_eof():
                        answer.close()  # The other end stops working when the connection goes.

    async def touch(self) -> None:
        """Open a connection and leave it in the pool, so that the first request need not.

        Raises:
            ProviderError: Nobody answers, or the key is refused.
        """
        with self._failures():
            async with self._open().get(self._url("/models")) as answer:
                if answer.status in _REFUSED_KEY:
                    raise await _status_failure(self.name, answer)
                await answer.read()

    async def events(self, answer: aiohttp.ClientResponse) -> AsyncIterator[str]:
        """Yield the data of each server-sent event of `answer`."""
        parser = SseParser()
        async for piece in answer.content.iter_any():
            for data in parser.feed(piece):
                yield data
        for data in parser.end():
            yield data

    def broken(self, what: str) -> ProviderError:
        """The error for an answer that broke off or cannot be read; the same request may work again."""
        return ProviderError(self.name, what, retryable=True)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            key = self._endpoint.api_key.reveal()
            connect_s = self._endpoint.connect_timeout_ms / 1000
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._endpoint.connections_max),
                headers={"Authorization": f"Bearer {key}"} if key else {},
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=connect_s, sock_read=self._endpoint.read_timeout_ms / 1000
                ),
            )
        return self._session

    def _url(self, path: str) -> str:
        return self._endpoint.base_url.rstrip("/") + path

    async def _check(self, answer: aiohttp.ClientResponse, accept: tuple[str, ...]) -> None:
        if answer.status != _OK:
            raise await _status_failure(self.name, answer)
        if not answer.content_type.startswith(accept):
            expected = " or ".join(accept)
            problem = f"answered with {answer.content_type} instead of {expected}; is this the right base_url?"
            raise ProviderError(self.name, problem, retryable=False)

    def _failures(self) -> "_Failures":
        return _Failures(self._endpoint)


class _Failures:
    """Turns what aiohttp and the parsers raise into `ProviderError`."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    def __enter__(self) -> None: ...

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        reason = None if error is None else self._reason(error)
        if reason is not None:
            retryable = not isinstance(error, aiohttp.InvalidURL)
            raise ProviderError(self._endpoint.name, reason, retryable=retryable) from error

    def _reason(self, error: BaseException) -> str | None:
        match error:
            case aiohttp.ConnectionTimeoutError():
                return f"no connection within {self._endpoint.connect_timeout_ms} ms"
            case aiohttp.SocketTimeoutError() | asyncio.TimeoutError():
                return f"silent for {self._endpoint.read_timeout_ms} ms"
            case aiohttp.InvalidURL():
                return f"{self._endpoint.base_url!r} is not an address"
            case aiohttp.ClientConnectorError():
                return f"cannot be reached at {self._endpoint.base_url}: {error}"
            case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError() | ConnectionError():
                return "the connection broke off in the middle of the answer"
            case aiohttp.ClientError():
                return f"{type(error).__name__}: {error}"
            case SseOverflow():
                return f"sent what is not server-sent events: {error}"
            case msgspec.MsgspecError():
                return f"sent what cannot be read: {error}"
            case _:
                return None


async def _status_failure(name: str, answer: aiohttp.ClientResponse) -> ProviderError:
    body = await answer.content.read(_ERROR_BYTES_MAX)
    reason = f"status {answer.status}: {_error_text(body) or answer.reason or 'no reason given'}"
    return ProviderError(
        name, reason, retryable=answer.status in _RETRYABLE, retry_after_ms=retry_after_ms(answer.headers)
    )


def retry_after_ms(headers: Mapping[str, str]) -> int | None:
    """How long the service asks to be left alone; a date is not understood, because it needs a wall clock."""
    for name, unit_ms in (("retry-after-ms", 1), ("Retry-After", 1000)):
        value = headers.get(name, "")
        if re.fullmatch(r"\d{1,7}(\.\d{1,6})?", value):
            return int(float(value) * unit_ms)
    return None


def _error_text(body: bytes) -> str:
    """The message of an OpenAI error body, else the body's beginning."""
    try:
        decoded = msgspec.json.decode(body)
    except msgspec.MsgspecError:
        decoded = None
    error = decoded.get("error", decoded) if isinstance(decoded, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    text = message if isinstance(message, str) else body.decode("utf-8", "replace")
    return " ".join(text.split())[:_ERROR_CHARS_MAX]


_OK = 200
_REFUSED_KEY = frozenset({401, 403})
_RETRYABLE = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Too slow, in progress under the same key, too early, too many, and the server's own troubles (529: overloaded)."""
_ERROR_BYTES_MAX = 8_192
_ERROR_CHARS_MAX = 300
