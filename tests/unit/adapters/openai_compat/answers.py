"""A client that answers from memory, for the tests of this folder."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from segue.model.errors import ProviderError


class Answers:
    """Stands in for `EndpointClient`: gives the same pieces to every request."""

    name = "memory"

    def __init__(self, *pieces: Any) -> None:
        self.pieces = pieces
        self.posts: list[dict[str, Any]] = []
        self.touched = 0
        self.content = self

    @asynccontextmanager
    async def post(self, path: str, **request: Any) -> AsyncIterator["Answers"]:
        self.posts.append({"path": path, **request})
        yield self

    async def events(self, _answer: "Answers") -> AsyncIterator[str]:
        for piece in self.pieces:
            yield piece

    async def iter_any(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece

    async def touch(self) -> None:
        self.touched += 1

    def broken(self, what: str) -> ProviderError:
        return ProviderError(self.name, what, retryable=True)
