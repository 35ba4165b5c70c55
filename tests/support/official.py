"""A conversation held with the official `openai` client, unmodified: an open microphone, and every event as it came."""

import asyncio
import base64
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

FRAME_MS = 20


@dataclass
class Talk:
    """One connection. `events` are plain dicts in the order received, `at` their arrival in seconds."""

    connection: AsyncRealtimeConnection
    frame_bytes: int = 24_000 * 2 * FRAME_MS // 1000
    silence: bytes = b"\0"
    events: list[dict[str, Any]] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    is_microphone_on: bool = True
    _queue: deque[bytes] = field(default_factory=deque)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, event: dict[str, Any]) -> None:
        await self.connection.send(event)  # type: ignore[arg-type]

    def say(self, pcm: bytes) -> None:
        """Queue sound for the microphone, in the input format of the session."""
        step = self.frame_bytes
        self._queue.extend(pcm[at : at + step].ljust(step, self.silence) for at in range(0, len(pcm), step))

    async def append(self, pcm: bytes) -> None:
        """Send sound at once, as a client does that has it all."""
        await self.connection.input_audio_buffer.append(audio=base64.b64encode(pcm).decode())

    async def wait_for(
        self,
        kind: str,
        *,
        after: int = 0,
        within_s: float = 30.0,
        where: Callable[[dict[str, Any]], bool] | None = None,
    ) -> dict[str, Any]:
        """The first event of this type from position `after` on."""
        loop = asyncio.get_running_loop()
        until = loop.time() + within_s
        while True:
            for event in self.events[after:]:
                if event["type"] == kind and (where is None or where(event)):
                    return event
            left = until - loop.time()
            assert left > 0, f"no {kind} in {within_s:.0f} s; came: {self.types(after)}; errors: {self.errors()}"
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                continue

    async def answer(self, *, after: int = 0, within_s: float = 40.0) -> dict[str, Any]:
        """The response.done of the next response that says something."""
        done = await self.wait_for("response.done", after=after, within_s=within_s)
        return dict(done["response"])

    def types(self, after: int = 0) -> list[str]:
        """Types in order, runs of the same one folded."""
        kinds = [event["type"] for event in self.events[after:]]
        return [kind for index, kind in enumerate(kinds) if index == 0 or kinds[index - 1] != kind]

    def of(self, kind: str, after: int = 0) -> list[dict[str, Any]]:
        return [event for event in self.events[after:] if event["type"] == kind]

    def index_of(self, kind: str, after: int = 0) -> int:
        return next(index for index, event in enumerate(self.events) if index >= after and event["type"] == kind)

    def errors(self) -> list[str]:
        return [f"{each['error']['code']}: {each['error']['message']}" for each in self.of("error")]

    def audio(self, after: int = 0, item_id: str | None = None) -> bytes:
        """All sound received, decoded from base64."""
        deltas = [each for each in self.of("response.output_audio.delta", after) if item_id in (None, each["item_id"])]
        return b"".join(base64.b64decode(each["delta"]) for each in deltas)

    async def listen(self) -> None:
        async for event in self.connection:
            self.events.append(event.to_dict(mode="json"))
            self.at.append(time.monotonic())
            self._changed.set()

    async def microphone(self) -> None:
        loop = asyncio.get_running_loop()
        began, frame = loop.time(), 0
        while True:
            frame += 1
            await asyncio.sleep(max(0.0, began + frame * FRAME_MS / 1000 - loop.time()))
            if self.is_microphone_on:
                sound = self._queue.popleft() if self._queue else self.silence * self.frame_bytes
                await self.append(sound)


@asynccontextmanager
async def official_talk(
    url: str,
    api_key: str,
    *,
    session: dict[str, Any] | None = None,
    model: str = "segue",
    has_microphone: bool = True,
    **changes: Any,
) -> AsyncIterator[Talk]:
    """Connect with the official client; the session is created, and updated if `session` is given."""
    async with (
        AsyncOpenAI(api_key=api_key, base_url=f"{url}/v1", max_retries=0) as client,
        client.realtime.connect(model=model) as connection,
        asyncio.TaskGroup() as tasks,
    ):
        talk = Talk(connection, **changes)
        running = [tasks.create_task(talk.listen(), name="talk.listen")]
        await talk.wait_for("session.created")
        if session is not None:
            await connection.session.update(session={"type": "realtime", **session})  # type: ignore[arg-type,typeddict-item]
            await talk.wait_for("session.updated")
        if has_microphone:
            running.append(tasks.create_task(talk.microphone(), name="talk.microphone"))
        try:
            yield talk
        finally:
            for task in running:
                task.cancel()
