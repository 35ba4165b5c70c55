"""Server-sent events, as far as the OpenAI API uses them: `data:` lines, an empty line ends an event.

Pure: bytes in, texts out. Source: HTML Living Standard, section 9.2.6.
"""

from collections.abc import Iterator

SSE_EVENT_BYTES_MAX = 1024 * 1024
"""One event. A service that sends more without an empty line is sending garbage."""


class SseOverflow(ValueError):
    """An event is longer than `SSE_EVENT_BYTES_MAX`."""


class SseParser:
    """Fed with bytes as they arrive, cut anywhere."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._held_bytes = 0

    def feed(self, piece: bytes) -> Iterator[str]:
        """Yield the data of each event that `piece` completes; undecodable bytes become U+FFFD.

        Raises:
            SseOverflow: The event under way is too long.
        """
        lines = (self._rest + piece).replace(b"\r\n", b"\n").split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if not line:
                yield from self._dispatch()
            elif line.startswith(b"data:"):
                self._hold(line[5:].removeprefix(b" "))
        if len(self._rest) + self._held_bytes > SSE_EVENT_BYTES_MAX:
            raise SseOverflow(f"an event is longer than {SSE_EVENT_BYTES_MAX} bytes")

    def end(self) -> Iterator[str]:
        """Yield the last event if the stream ended right after it, without its empty line."""
        if self._rest.startswith(b"data:"):
            self._hold(self._rest[5:].removeprefix(b" "))
        self._rest = b""
        yield from self._dispatch()

    def _hold(self, data: bytes) -> None:
        self._data.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > SSE_EVENT_BYTES_MAX:
            raise SseOverflow(f"an event is longer than {SSE_EVENT_BYTES_MAX} bytes")

    def _dispatch(self) -> Iterator[str]:
        if self._data:
            data = b"\n".join(self._data).decode("utf-8", "replace")
            self._data.clear()
            self._held_bytes = 0
            yield data
