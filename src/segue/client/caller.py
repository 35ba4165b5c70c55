"""A scripted caller: says its lines, hears the answers out, and reports what was said, heard and measured.

It behaves as a person would: the microphone is open all the time, a line begins when the agent has been silent for a
moment, and it talks over the agent only where the script says so (`Line.after_ms_of_answer`).
"""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from segue.adapters.clock.port import Clock
from segue.client.connection import Connection, ConnectionConfig
from segue.client.microphone import Microphone
from segue.client.player import Pcm, Player
from segue.model.errors import SegueError
from segue.model.time import NS_PER_MS, MonoNs

PLAYOUT_EVERY_MS = 100
POLL_MS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing to say. `pcm` is 24 kHz int16; `text` only names it. With `after_ms_of_answer` the caller barges in."""

    text: str
    pcm: bytes
    after_ms_of_answer: int | None = None


@dataclass(slots=True)
class TranscriptEntry:
    """`role` is user or agent; `text` what the recogniser or the agent said; `heard` what the ear had of it."""

    role: str
    item_id: str
    text: str
    heard: str | None = None
    is_cut: bool = False


@dataclass(slots=True)
class CallReport:
    """What a call was. Counts are totals; hop records are the `segue.turn.hops` events as received."""

    session_id: str = ""
    transcript: list[TranscriptEntry] = field(default_factory=list)
    turns: list[dict[str, Any]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    lines_said: int = 0
    lines_answered: int = 0
    reconnects: int = 0
    longest_reconnect_ms: float = 0.0
    began_ns: int = 0
    ended_ns: int = 0
    started_ns: int = 0
    heard: Pcm | None = None

    @property
    def is_complete(self) -> bool:
        """Every line was said and answered, and nothing went wrong."""
        return self.lines_answered == self.lines_said and not self.errors and self.lines_said > 0


@dataclass(slots=True)
class CallerConfig:
    """answer_timeout_ms: how long to wait for an answer to be over. gap_ms: pause between answer and next line."""

    answer_timeout_ms: int = 30_000
    gap_ms: int = 400


@dataclass(slots=True)
class Caller:
    """Run one conversation: `report = await Caller(connection_config, clock).call(lines)`."""

    connection_config: ConnectionConfig
    clock: Clock
    config: CallerConfig = field(default_factory=CallerConfig)
    on_event: Callable[[Mapping[str, Any]], None] | None = None
    session: Mapping[str, Any] | None = None
    player: Player = field(default_factory=Player)
    report: CallReport = field(default_factory=CallReport)
    connection: Connection | None = None
    microphone: Microphone | None = None
    _open_responses: set[str] = field(default_factory=set)
    _current_item: str | None = None
    _answers: int = 0
    _is_held: bool = False
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, lines: list[Line], *, waits_for_greeting: bool = False) -> CallReport:
        """Say the lines, each after the answer to the one before.

        Errors of the connection end up in `report.errors`; nothing is raised for what a server did.
        """
        try:
            async with self.talking() as microphone:
                if waits_for_greeting:
                    await self._answer_over(0)
                for line in lines:
                    await self._say(microphone, line)
        except* SegueError as group:
            self.report.errors += [str(error) for error in group.exceptions]
        except* (OSError, TimeoutError) as group:
            self.report.errors += [f"connection: {error}" for error in group.exceptions]
        return self.report

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[Microphone]:
        """An open call: microphone, player and acknowledgements run while inside."""
        self.report.began_ns = self.clock.mono_ns()
        async with Connection(self.connection_config, self.clock) as connection:
            self.connection = connection
            microphone = self.microphone = Microphone(self.clock, connection.send)
            self.report.started_ns = self.clock.mono_ns()
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(self._receive(connection), name="caller.receive"),
                    tasks.create_task(self._acknowledge(connection), name="caller.acknowledge"),
                    tasks.create_task(connection.run_clock(), name="caller.clock"),
                ]
                if self.session is not None:
                    await connection.send({"type": "session.update", "session": dict(self.session)})
                running.append(tasks.create_task(microphone.run(), name="caller.microphone"))
                try:
                    yield microphone
                finally:
                    self._finish(connection)
                    for task in running:
                        task.cancel()

    def _finish(self, connection: Connection) -> None:
        now = self.report.ended_ns = self.clock.mono_ns()
        self.report.session_id = connection.ledger.session_id or ""
        self.report.reconnects = connection.reconnects.count
        self.report.longest_reconnect_ms = connection.reconnects.longest_ms
        self.report.heard = self.player.timeline(self.report.started_ns, now)

    async def _say(self, microphone: Microphone, line: Line) -> None:
        answered_before = self._answers
        if line.after_ms_of_answer is not None:
            await self._wait(lambda: self._played_ms() >= (line.after_ms_of_answer or 0), "the answer to talk over")
            answered_before = self._answers + len(self._open_responses)
        microphone.say(line.pcm)
        self.report.lines_said += 1
        await microphone.spoken()
        if await self._answer_over(answered_before):
            self.report.lines_answered += 1
        await asyncio.sleep(self.config.gap_ms / 1000)

    async def _answer_over(self, answered_before: int) -> bool:
        """Wait until an answer beyond `answered_before` was given and heard to its end."""

        def is_over() -> bool:
            return (
                self._answers > answered_before
                and not self._open_responses
                and self.player.idle_at() <= self.clock.mono_ns()
            )

        return await self._wait(is_over, "an answer")

    async def _wait(self, condition: Callable[[], bool], what: str) -> bool:
        """Wait for something the server or the clock will make true; note an error when it does not."""
        until = self.clock.mono_ns() + self.config.answer_timeout_ms * NS_PER_MS
        while not condition():
            if self.clock.mono_ns() > until:
                self.report.errors.append(f"waited {self.config.answer_timeout_ms} ms for {what}, none came")
                return False
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), POLL_MS / 1000)
            except TimeoutError:
                continue
        return True

    async def _receive(self, connection: Connection) -> None:
        async for event in connection.events():
            await self._on_event(connection, event)
            self._changed.set()
            if self.on_event is not None:
                self.on_event(event)

    async def _on_event(self, connection: Connection, event: Mapping[str, Any]) -> None:
        now = MonoNs(self.clock.mono_ns())
        match event["type"]:
            case "response.created":
                self._open_responses.add(event["response"]["id"])
            case "response.done":
                self._on_response_done(event["response"])
            case "response.output_audio.delta":
                self._current_item = event["item_id"]
                self.player.play(now, event["item_id"], base64.b64decode(event["delta"]))
            case "segue.playout.hold":
                self.player.hold(now)
            case "segue.playout.resume":
                self.player.go_on(now)
            case "segue.playout.clear":
                self.player.clear(now, event["item_id"])
                await self._send_playout(connection, event["item_id"])
            case _:
                self._note(event)

    def _on_response_done(self, response: Mapping[str, Any]) -> None:
        self._open_responses.discard(response["id"])
        if response["status"] == "failed":
            self.report.errors.append(f"response failed: {response.get('status_details')}")
        if any(item["type"] == "message" for item in response["output"]):
            self._answers += 1

    def _note(self, event: Mapping[str, Any]) -> None:
        """Keep what the report wants."""
        transcript = self.report.transcript
        match event["type"]:
            case "conversation.item.input_audio_transcription.completed":
                transcript.append(TranscriptEntry("user", event["item_id"], event["transcript"]))
            case "response.output_audio_transcript.done":
                transcript.append(TranscriptEntry("agent", event["item_id"], event["transcript"]))
            case "response.output_text.done":
                transcript.append(TranscriptEntry("agent", event["item_id"], event["text"]))
            case "segue.item.heard":
                for entry in transcript:
                    if entry.item_id == event["item_id"]:
                        entry.heard, entry.is_cut = event["heard_text"], event["cut"]
            case "segue.turn.hops":
                self.report.turns.append(dict(event))
            case "error":
                self.report.errors.append(f"{event['error'].get('code')}: {event['error'].get('message')}")

    def _played_ms(self) -> float:
        if self._current_item is None:
            return 0.0
        return self.player.report(MonoNs(self.clock.mono_ns()), self._current_item).played_ms

    async def _acknowledge(self, connection: Connection) -> None:
        """Tell the core what was heard, every so often while there is something to tell."""
        reported: tuple[str, float] | None = None
        while True:
            await asyncio.sleep(PLAYOUT_EVERY_MS / 1000)
            item_id = self._current_item
            if item_id is None or (item_id, self._played_ms()) == reported:
                continue
            reported = (item_id, await self._send_playout(connection, item_id))

    async def _send_playout(self, connection: Connection, item_id: str) -> float:
        now = MonoNs(self.clock.mono_ns())
        heard = self.player.report(now, item_id)
        await connection.send(
            {
                "type": "segue.playout",
                "item_id": item_id,
                "played_ms": heard.played_ms,
                "buffered_ms": heard.buffered_ms,
                "at_ns": now,
                "started_at_ns": heard.started_at_ns,
                "received_at_ns": heard.received_at_ns,
                "done": heard.is_done,
            }
        )
        return heard.played_ms
