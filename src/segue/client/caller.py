"""A scripted caller: says its lines, hears the answers out, and reports what was said, heard and measured.

It behaves as a person would: the microphone is open all the time, a line begins when the agent has been silent for a
moment, and it talks over the agent only where the script says so (`Line.after_ms_of_answer`). The line before is then
answered as soon as that much of its answer was heard.
"""

import asyncio
import base64
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from segue.adapters.clock.port import Clock
from segue.client.connection import Connection, ConnectionConfig
from segue.client.microphone import Microphone
from segue.client.player import Pcm, Player, PlayoutReport
from segue.model.errors import PeerProtocolError, SegueError
from segue.model.time import NS_PER_MS, NS_PER_S, MonoNs

PLAYOUT_EVERY_MS = 100
POLL_MS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing to say. `pcm` is 24 kHz int16; `text` only names it.

    With `after_ms_of_answer` it is said when so much of the answer to the line before was heard; the first line talks
    over the greeting.
    """

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
    _items: list[str] = field(default_factory=list)
    _unacknowledged: deque[str] = field(default_factory=deque)
    _answers: list[str] = field(default_factory=list)
    _cut: set[str] = field(default_factory=set)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def call(self, lines: list[Line], *, waits_for_greeting: bool = False) -> CallReport:
        """Say the lines, each after the answer to the one before.

        Errors of the connection end up in `report.errors`; nothing is raised for what a server did.
        """
        try:
            async with self.talking() as microphone:
                first_after = lines[0].after_ms_of_answer if lines else None
                if first_after is not None:
                    await self._answer_heard_for(first_after, answers_before=0, items_before=0)
                elif waits_for_greeting:
                    await self._answer_over(0)
                for line, following in zip(lines, [*lines[1:], None], strict=True):
                    await self._say(microphone, line, following)
        except* SegueError as group:
            self.report.errors += [str(error) for error in group.exceptions]
        return self.report

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[Microphone]:
        """An open call: microphone, player and acknowledgements run while inside."""
        self.report.began_ns = self.report.ended_ns = self.clock.mono_ns()
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

    async def _say(self, microphone: Microphone, line: Line, following: Line | None) -> None:
        answers_before, items_before = len(self._answers) + len(self._open_responses), len(self._items)
        microphone.say(line.pcm)
        self.report.lines_said += 1
        await microphone.spoken()
        if following is not None and following.after_ms_of_answer is not None:
            after_ms = following.after_ms_of_answer
            is_answered = await self._answer_heard_for(
                after_ms, answers_before=answers_before, items_before=items_before
            )
        else:
            is_answered = await self._answer_over(answers_before)
            await asyncio.sleep(self.config.gap_ms / 1000)
        self.report.lines_answered += is_answered

    async def _answer_heard_for(self, after_ms: int, *, answers_before: int, items_before: int) -> bool:
        """Wait until `after_ms` of the next answer were heard; a shorter one cannot be talked over, which is noted."""

        def is_heard() -> bool:
            return self._heard_ms(items_before) >= after_ms

        if not await self._wait(lambda: is_heard() or self._is_over(answers_before), "an answer to talk over"):
            return False
        if not is_heard():
            heard_ms = self._heard_ms(items_before)
            self.report.errors.append(
                f"nothing to talk over at {after_ms} ms: the answer was over at {heard_ms:.0f} ms"
            )
        return True

    async def _answer_over(self, answered_before: int) -> bool:
        """Wait until an answer beyond the first `answered_before` was given and heard to its end."""
        return await self._wait(lambda: self._is_over(answered_before), "an answer", self.player.idle_at)

    def _is_over(self, answered_before: int) -> bool:
        """What was cut is no answer: the recogniser took the beginning of a line for all of it, and more comes."""
        is_given = any(item not in self._cut for item in self._answers[answered_before:]) and not self._open_responses
        return is_given and self.player.idle_at() <= self.clock.mono_ns()

    async def _wait(self, condition: Callable[[], bool], what: str, comes_at: Callable[[], int] | None = None) -> bool:
        """Wait for something the server or the clock will make true; note an error when it does not.

        Each event is a reason to look, and so is the instant `comes_at()`; without one it looks now and then.
        """
        until = self.clock.mono_ns() + self.config.answer_timeout_ms * NS_PER_MS
        while not condition():
            now = self.clock.mono_ns()
            if now > until:
                self.report.errors.append(f"waited {self.config.answer_timeout_ms} ms for {what}, none came")
                return False
            self._changed.clear()
            with suppress(TimeoutError):
                look_at = now + POLL_MS * NS_PER_MS if comes_at is None else comes_at()
                look_ns = (look_at if now < look_at < until else until) - now + NS_PER_MS
                async with asyncio.timeout(look_ns / NS_PER_S):  # `wait_for` may swallow the end of the call (3.11)
                    await self._changed.wait()
        return True

    async def _receive(self, connection: Connection) -> None:
        async for event in connection.events():
            try:
                await self._on_event(connection, event)
            except (KeyError, TypeError, ValueError) as error:
                raise PeerProtocolError(f"the server sent a {event['type']} that cannot be read: {error!r}") from error
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
                self._note_item(event["item_id"])
                self.player.play(now, event["item_id"], base64.b64decode(event["delta"]))
            case "segue.playout.hold":
                self.player.hold(now)
            case "segue.playout.resume":
                self.player.go_on(now)
            case "segue.playout.clear":
                self._cut.add(event["item_id"])
                self.player.clear(now, event["item_id"])
                await self._send_playout(connection, self.player.report(now, event["item_id"]), now)
            case _:
                self._note(event)

    def _note_item(self, item_id: str) -> None:
        if item_id not in self._items:
            self._items.append(item_id)
        if item_id not in self._unacknowledged:
            self._unacknowledged.append(item_id)

    def _on_response_done(self, response: Mapping[str, Any]) -> None:
        self._open_responses.discard(response["id"])
        if response["status"] == "failed":
            error = (response.get("status_details") or {}).get("error") or {}
            self.report.errors.append(f"response failed: {error.get('code') or 'no reason given'}")
        messages = [item["id"] for item in response["output"] if item["type"] == "message"]
        self._answers += messages[:1]

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

    @property
    def _current_item(self) -> str | None:
        return self._items[-1] if self._items else None

    def _played_ms(self) -> float:
        """How much of the agent's latest item was heard."""
        return self._heard_ms(max(0, len(self._items) - 1))

    def _heard_ms(self, items_before: int) -> float:
        """How much of the agent's items after the first `items_before` was heard."""
        now = MonoNs(self.clock.mono_ns())
        return sum(self.player.report(now, item_id).played_ms for item_id in self._items[items_before:])

    async def _acknowledge(self, connection: Connection) -> None:
        """Tell the core what was heard, every so often while there is something to tell; each item to its end."""
        reported: dict[str, float] = {}
        while True:
            await asyncio.sleep(PLAYOUT_EVERY_MS / 1000)
            for item_id in tuple(self._unacknowledged):
                now = MonoNs(self.clock.mono_ns())
                heard = self.player.report(now, item_id)
                if heard.played_ms != reported.get(item_id):
                    reported[item_id] = heard.played_ms
                    await self._send_playout(connection, heard, now)
                elif heard.is_done:
                    self._unacknowledged.remove(item_id)  # More of it puts it back.

    async def _send_playout(self, connection: Connection, heard: PlayoutReport, now: MonoNs) -> None:
        await connection.send(
            {
                "type": "segue.playout",
                "item_id": heard.item_id,
                "played_ms": heard.played_ms,
                "buffered_ms": heard.buffered_ms,
                "at_ns": now,
                "started_at_ns": heard.started_at_ns,
                "received_at_ns": heard.received_at_ns,
                "done": heard.is_done,
            }
        )
