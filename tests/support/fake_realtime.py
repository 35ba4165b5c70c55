"""A server of the page: serves its files and speaks the protocol's part that a page sees, from a script.

It hears speech by its loudness, answers each turn with given audio, keeps every event it ever said (so that a resume
goes on from any cursor) and every message it ever got, by number. `drop` cuts all sockets, as a killed edge does.
"""

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import WSMsgType, web

from segue.edge.pages import STATIC, add_pages

LOUD = 500
QUIET_MESSAGES = 20
CHUNK_BYTES = 4800
RATE_HZ = 24_000


@dataclass(slots=True)
class FakeSession:
    """What one session's client said and was told, over all its connections."""

    session_id: str
    received: list[dict[str, Any]] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    row: int = 0
    turns: int = 0
    loud: int = 0
    quiet: int = 0
    resumed_after: list[str] = field(default_factory=list)
    resent_from: list[int] = field(default_factory=list)

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.received if event["type"] == kind]


@dataclass(slots=True)
class FakeRealtime:
    """`answer`: 24 kHz int16 samples of every answer; `text` its words. `wants_key`: no token is free."""

    answer: bytes
    text: str = "It is half past nine, and the sun is out."
    wants_key: str | None = None
    static: Path = STATIC
    sessions: dict[str, FakeSession] = field(default_factory=dict)
    port: int = 0
    acknowledge: bool = True
    _sockets: dict[str, web.WebSocketResponse] = field(default_factory=dict)
    _requests: list[web.Request] = field(default_factory=list)
    _runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def session(self) -> FakeSession:
        """The only session there is."""
        (session,) = self.sessions.values()
        return session

    async def start(self) -> "FakeRealtime":
        app = web.Application()
        app.router.add_post("/page/client_secret", self._page_secret)
        app.router.add_post("/v1/realtime/client_secrets", self._secret)
        app.router.add_get("/v1/realtime", self._realtime)
        app.router.add_get("/readyz", self._ready)
        add_pages(app, self.static)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "localhost", self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def stop(self) -> None:
        """Die: no close frames, and nobody listens."""
        for request in self._requests:
            if request.transport is not None:
                request.transport.abort()
        self._requests.clear()
        self._sockets.clear()
        if self._runner is not None:
            await self._runner.cleanup()

    async def tell(self, session: FakeSession, event: dict[str, Any], *, is_ephemeral: bool = False) -> None:
        """Say one event, now or at the next resume."""
        if is_ephemeral:
            event_id = f"event_{session.row}_0_e1"
        else:
            session.row += 1
            event_id = f"event_{session.row}_0"
        payload = json.dumps({**event, "event_id": event_id})
        if not is_ephemeral:
            session.told.append((event_id, payload))
        socket = self._sockets.get(session.session_id)
        if socket is not None and not socket.closed:
            await socket.send_str(payload)

    async def _ready(self, _: web.Request) -> web.Response:
        return web.json_response({"status": "ready"})

    async def _page_secret(self, _: web.Request) -> web.Response:
        if self.wants_key is not None:
            return web.json_response({"error": {"message": "the page of this edge is not open"}}, status=401)
        return web.json_response({"value": "ek_test.a-b_c", "expires_at": 1})

    async def _secret(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.wants_key}":
            return web.json_response({"error": {"message": "incorrect API key: abc…yz"}}, status=401)
        return web.json_response({"value": "ek_test.a-b_c", "expires_at": 1})

    async def _realtime(self, request: web.Request) -> web.StreamResponse:
        offered = request.headers["Sec-WebSocket-Protocol"]
        wanted = request.query.get("session_id")
        if wanted is not None and (wanted not in self.sessions or f"rt_{wanted}" not in offered):
            return web.Response(status=404)
        socket = web.WebSocketResponse(protocols=("realtime",))
        self._requests.append(request)
        await socket.prepare(request)
        session = await (self._open(socket) if wanted is None else self._resume(socket, wanted, request.query))
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                event = json.loads(message.data)
                session.received.append(event)
                await self._on(session, event)
        return socket

    async def _open(self, socket: web.WebSocketResponse) -> FakeSession:
        session = FakeSession(f"sess_{len(self.sessions):016x}")
        self.sessions[session.session_id] = session
        self._sockets[session.session_id] = socket
        await self.tell(session, {"type": "session.created", "session": {"id": session.session_id}})
        await self.tell(session, self._session_event(session, is_resumed=False), is_ephemeral=True)
        return session

    async def _resume(self, socket: web.WebSocketResponse, session_id: str, query: Any) -> FakeSession:
        session = self.sessions[session_id]
        session.resumed_after.append(query["after"])
        session.resent_from.append(len(session.received))
        await socket.send_str(json.dumps(self._session_event(session, is_resumed=True)))
        row = int(query["after"].split("_")[1])
        for _, payload in session.told[row:]:
            await socket.send_str(payload)
        self._sockets[session_id] = socket
        return session

    def _session_event(self, session: FakeSession, *, is_resumed: bool) -> dict[str, Any]:
        return {
            "type": "segue.session",
            "session_id": session.session_id,
            "resume_token": f"rt_{session.session_id}",
            "epoch": 1,
            "resumed": is_resumed,
            "uplink_received": len(session.received),
            "uplink_position": "",
            "expires_at": 1,
        }

    async def _on(self, session: FakeSession, event: dict[str, Any]) -> None:
        match event["type"]:
            case "input_audio_buffer.append":
                await self._hear(session, event["audio"])
            case "response.create":
                await self.say(session)
            case "segue.clock.ping":
                pong = {"type": "segue.clock.pong", "t0_ns": event["t0_ns"], "t1_ns": 5_000_000, "t2_ns": 5_000_001}
                await self.tell(session, pong, is_ephemeral=True)
            case "conversation.item.create":
                item = {**event["item"], "id": f"item_typed{len(session.received)}"}
                await self.tell(session, {"type": "conversation.item.added", "item": item})
        if self.acknowledge and len(session.received) % 25 == 0:
            ack = {"type": "segue.ack", "through": len(session.received), "position": str(len(session.received))}
            await self.tell(session, ack, is_ephemeral=True)

    async def _hear(self, session: FakeSession, audio: str) -> None:
        samples = np.frombuffer(base64.b64decode(audio), "<i2")
        item_id = f"item_user{session.turns}"
        if np.abs(samples).max(initial=0) > LOUD:
            session.loud, session.quiet = session.loud + 1, 0
            if session.loud == 3:
                await self.tell(
                    session, {"type": "input_audio_buffer.speech_started", "item_id": item_id, "audio_start_ms": 0}
                )
            elif session.loud > 3 and session.loud % 10 == 0:
                partial = {"type": "segue.transcript.partial", "item_id": item_id, "text": "what time"}
                await self.tell(session, partial, is_ephemeral=True)
        elif session.loud >= 3:
            session.quiet += 1
            if session.quiet == QUIET_MESSAGES:
                session.loud = session.quiet = 0
                await self._end_turn(session, item_id)

    async def _end_turn(self, session: FakeSession, item_id: str) -> None:
        session.turns += 1
        item = {"id": item_id, "type": "message", "role": "user", "content": [{"type": "input_audio"}]}
        completed = "conversation.item.input_audio_transcription.completed"
        stopped = {"type": "input_audio_buffer.speech_stopped", "item_id": item_id, "audio_end_ms": 900}
        await self.tell(session, stopped)
        await self.tell(session, {"type": "input_audio_buffer.committed", "item_id": item_id})
        await self.tell(session, {"type": "conversation.item.added", "item": item})
        transcript = {"type": completed, "item_id": item_id, "transcript": "What time is it?"}
        await self.tell(session, transcript)
        await self.say(session)

    async def say(self, session: FakeSession) -> str:
        """One whole answer, its audio sent as fast as it goes; returns the item's id."""
        number = session.row
        item_id, response = f"item_agent{number}", {"id": f"resp_{number}", "status": "in_progress"}
        item = {"id": item_id, "type": "message", "role": "assistant", "status": "in_progress", "content": []}
        about = {"response_id": response["id"], "item_id": item_id, "output_index": 0, "content_index": 0}
        await self.tell(session, {"type": "response.created", "response": response})
        await self.tell(session, {"type": "response.output_item.added", "response_id": response["id"], "item": item})
        delta = "response.output_audio_transcript.delta"
        for sentence in self.text.replace(", ", ",| ").split("|"):
            await self.tell(session, {"type": delta, **about, "delta": sentence})
        for at in range(0, len(self.answer), CHUNK_BYTES):
            chunk = base64.b64encode(self.answer[at : at + CHUNK_BYTES]).decode()
            await self.tell(session, {"type": "response.output_audio.delta", **about, "delta": chunk})
        await self.tell(session, {"type": "response.output_audio.done", **about})
        await self.tell(session, {"type": "response.done", "response": {**response, "status": "completed"}})
        return item_id


def tone(duration_ms: int, hz: float = 440.0) -> bytes:
    """A steady tone, easy to recognise in a recording."""
    at = np.arange(RATE_HZ * duration_ms // 1000) / RATE_HZ
    return (np.sin(2 * np.pi * hz * at) * 8000).astype("<i2").tobytes()
