"""An OpenAI-compatible HTTP server that does what a script says: for tests and for benches of the plumbing.

    async with FakeProviders() as fake:
        fake.script("chat", Say(text="Hello."), Refuse(status=503))
        ... base_url=fake.base_url ...
        assert fake.calls["chat"] == 2

Each request to a route takes the route's next behaviour; past the end the last one is repeated; unscripted routes
answer well. `python -m tests.support.fake_providers --port 9000 --latency-ms 100` serves the good ones for ever.
"""

import argparse
import asyncio
import json
import math
import struct
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from aiohttp import web

Route = Literal["chat", "transcription", "speech"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Answer well, after `latency_ms`, then `gap_ms` between pieces. Speech hums for as long as the text takes."""

    text: str = "Sure, I can do that for you."
    latency_ms: float = 0.0
    gap_ms: float = 0.0
    usage: bool = True
    done_mark: bool = True
    """Whether a stream ends with `[DONE]`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """Answer well: chat with the user's last words, transcription with the number of audio bytes, speech as `Say`."""

    latency_ms: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Chat: call a tool, its arguments in fragments of `fragment` characters."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    call_id: str = "call_fake_1"
    fragment: int = 7
    with_index: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Answer with an error status and an OpenAI error body."""

    status: int = 500
    message: str = "scripted failure"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """Take the request and never answer; or, with `after_pieces`, stop in the middle of a good answer."""

    after_pieces: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Garbage:
    """The right content type around bytes that mean nothing."""

    body: bytes = b'data: {"choices": [{"delta"\n\ndata: \xff\xfe\n\n'


@dataclass(frozen=True, slots=True, kw_only=True)
class Half:
    """Begin a good answer and cut the connection after `pieces` of it (speech: in the middle of a sample)."""

    pieces: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EndEarly:
    """Begin a good stream and end it properly, but before it says that it is finished."""

    pieces: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongType:
    """A page instead of an answer, with status 200, as proxies do."""

    content_type: str = "text/html"


Behaviour = Say | Echo | Call | Refuse | Hang | Garbage | Half | EndEarly | WrongType


class FakeProviders:
    """The server. Everything it saw is in its attributes."""

    def __init__(self, *, port: int = 0, default: Behaviour | None = None) -> None:
        self.calls: Counter[str] = Counter()
        self.calls_by_key: Counter[str] = Counter()
        self.bodies: dict[str, list[Any]] = defaultdict(list)
        self.headers: dict[str, list[dict[str, str]]] = defaultdict(list)
        self.hung_up = asyncio.Event()
        """Set when a client went away before its answer was whole."""
        self._port = port
        self._default = default or Say()
        self._scripts: dict[str, list[Behaviour]] = {}
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/audio/transcriptions", self._transcription)
        app.router.add_post("/v1/audio/speech", self._speech)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.base_url = f"http://{host}:{port}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping.set()
        await self._runner.cleanup()

    def script(self, route: Route, *behaviours: Behaviour) -> None:
        """Say what the next requests to `route` get."""
        self._scripts[route] = list(behaviours)

    async def _models(self, request: web.Request) -> web.Response:
        self.headers["models"].append(dict(request.headers))
        return web.json_response({"object": "list", "data": []})

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        behaviour = self._take("chat", request, body)
        match behaviour:
            case Call():
                pieces = _call_pieces(behaviour)
            case Echo():
                pieces = _text_pieces(_last_words(body), usage=True)
            case Say(text=text, usage=usage):
                pieces = _text_pieces(text, usage=usage)
            case _:
                pieces = _text_pieces(Say().text, usage=True)
        return await self._answer(request, behaviour, "text/event-stream", pieces, b"data: [DONE]\n\n")

    async def _transcription(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        upload = form["file"]
        assert isinstance(upload, web.FileField)
        with upload.file as file:
            audio = file.read()
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        behaviour = self._take("transcription", request, fields | {"file": audio})
        text = behaviour.text if isinstance(behaviour, Say) else str(len(audio))
        if fields.get("stream") != "true":
            whole = json.dumps({"text": text}).encode()
            return await self._answer(request, behaviour, "application/json", [whole[:5], whole[5:]], b"")
        deltas = [_event({"type": "transcript.text.delta", "delta": word}) for word in _words(text)]
        pieces = [*deltas, _event({"type": "transcript.text.done", "text": text})]
        return await self._answer(request, behaviour, "text/event-stream", pieces, b"data: [DONE]\n\n")

    async def _speech(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        behaviour = self._take("speech", request, body)
        return await self._answer(request, behaviour, "audio/pcm", _hum_pieces(body["input"]), b"")

    def _take(self, route: Route, request: web.Request, body: Any) -> Behaviour:
        script = self._scripts.get(route) or [self._default]
        behaviour = script[min(self.calls[route], len(script) - 1)]
        self.calls[route] += 1
        self.calls_by_key[request.headers.get("Idempotency-Key", "")] += 1
        self.bodies[route].append(body)
        self.headers[route].append(dict(request.headers))
        return behaviour

    async def _answer(
        self, request: web.Request, behaviour: Behaviour, content_type: str, pieces: list[bytes], done: bytes
    ) -> web.StreamResponse:
        match behaviour:
            case Refuse(status=status, message=message, headers=headers):
                return web.json_response({"error": {"message": message}}, status=status, headers=headers)
            case WrongType(content_type=wrong):
                return web.Response(body=b"<html>Welcome</html>", content_type=wrong)
            case Garbage(body=body):
                return web.Response(body=body, content_type=content_type)
        answer = web.StreamResponse(headers={"Content-Type": content_type})
        try:
            await self._stream(request, answer, behaviour, pieces, done)
        except (ConnectionError, asyncio.CancelledError):
            self.hung_up.set()
            raise
        return answer

    async def _stream(
        self, request: web.Request, answer: web.StreamResponse, behaviour: Behaviour, pieces: list[bytes], done: bytes
    ) -> None:
        if isinstance(behaviour, Hang) and not behaviour.after_pieces:
            await self._stopping.wait()
        if isinstance(behaviour, Say | Echo):
            await asyncio.sleep(behaviour.latency_ms / 1000)
        await answer.prepare(request)
        for index, piece in enumerate(pieces):
            match behaviour:
                case Half(pieces=sent) if index >= sent:
                    await answer.write(piece[: len(piece) // 4 * 2 + 1])
                    assert request.transport is not None
                    request.transport.abort()
                    return
                case EndEarly(pieces=sent) if index >= sent:
                    await answer.write_eof()
                    return
                case Hang(after_pieces=sent) if index >= sent:
                    await self._stopping.wait()
                case Say(gap_ms=gap_ms) if index and gap_ms:
                    await asyncio.sleep(gap_ms / 1000)
            await answer.write(piece)
        if not (isinstance(behaviour, Say) and not behaviour.done_mark):
            await answer.write(done)
        await answer.write_eof()


def _event(body: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(body)}\n\n".encode()


def _chunk(delta: dict[str, Any], reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return _event({"id": "chatcmpl-fake", "object": "chat.completion.chunk", "choices": [choice]})


def _words(text: str) -> list[str]:
    words = text.split(" ")
    return [word + (" " if index < len(words) - 1 else "") for index, word in enumerate(words)]


def _usage(count: int) -> list[bytes]:
    return [_event({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": count, "total_tokens": 10}})]


def _text_pieces(text: str, *, usage: bool) -> list[bytes]:
    words = _words(text)
    first = _chunk({"role": "assistant", "content": ""})
    said = [_chunk({"content": word}) for word in words]
    return [first, *said, _chunk({}, "stop"), *(_usage(len(words)) if usage else [])]


def _call_pieces(call: Call) -> list[bytes]:
    text = json.dumps(call.arguments)
    place = {"index": 0} if call.with_index else {}
    head = {**place, "id": call.call_id, "type": "function", "function": {"name": call.name, "arguments": ""}}
    fragments = [text[at : at + call.fragment] for at in range(0, len(text), call.fragment)]
    rest = [_chunk({"tool_calls": [{**place, "function": {"arguments": fragment}}]}) for fragment in fragments]
    return [_chunk({"tool_calls": [head]}), *rest, _chunk({}, "tool_calls"), *_usage(len(fragments))]


def _last_words(body: dict[str, Any]) -> str:
    said = [message["content"] for message in body["messages"] if message["role"] == "user"]
    return said[-1] if said else ""


def _hum_pieces(text: str) -> list[bytes]:
    samples = len(text) * 60 * 24
    pcm = b"".join(struct.pack("<h", int(9_000 * math.sin(at / 24_000 * 2 * math.pi * 440))) for at in range(samples))
    # An odd piece length: pieces end inside samples, as they do on real networks.
    return [pcm[at : at + 4_801] for at in range(0, len(pcm), 4_801)]


async def _serve(port: int, latency_ms: float) -> None:
    async with FakeProviders(port=port, default=Say(latency_ms=latency_ms)) as fake:
        print(f"serving {fake.base_url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments.port, arguments.latency_ms))
