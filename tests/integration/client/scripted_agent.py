"""An agent behind the fake edge: it hears words by their loudness and answers each with a script.

A line of a caller is `spoken(n)`: frames whose samples are all `n`. When 60 ms of silence follow it, its turn is over
and `answer` is called. Nothing here knows time; what is played when is the caller's matter.
"""

import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from segue.client.caller import Line
from tests.integration.client.fake_edge import FakeEdge

QUIET_FRAMES = 3

Answer = Callable[["ScriptedAgent", int], Awaitable[None]]


def spoken(word: int, *, duration_ms: int = 40, after_ms_of_answer: int | None = None) -> Line:
    pcm = np.full(24 * duration_ms, word, "<i2").tobytes()
    return Line(text=str(word), pcm=pcm, after_ms_of_answer=after_ms_of_answer)


@dataclass(slots=True)
class ScriptedAgent:
    """`edge` is set with the first message. `words`: what was heard, in order."""

    answer: Answer
    edge: FakeEdge | None = None
    words: list[int] = field(default_factory=list)
    sequence: int = 1
    _word: int = 0
    _quiet: int = 0

    async def on_message(self, edge: FakeEdge, message: dict[str, Any]) -> None:
        self.edge = edge
        if message["type"] == "input_audio_buffer.append":
            samples = np.frombuffer(base64.b64decode(message["audio"]), "<i2")
            await self._hear(int(samples.max()))

    async def _hear(self, word: int) -> None:
        if word:
            self._word, self._quiet = word, 0
            return
        self._quiet += 1
        if self._word and self._quiet >= QUIET_FRAMES:
            word, self._word = self._word, 0
            self.words.append(word)
            heard = {"item_id": f"user_{word}", "transcript": f"word {word}"}
            await self.tell({"type": "conversation.item.input_audio_transcription.completed", **heard})
            await self.answer(self, word)

    async def tell(self, *events: dict[str, Any]) -> None:
        assert self.edge is not None
        for event in events:
            self.sequence += 1
            await self.edge.tell({**event, "event_id": f"event_{self.sequence}_0"})

    async def say(self, word: int, *, duration_ms: int = 100, status: str = "completed") -> str:
        """A whole answer at once, as a fast model gives it; returns its item's id."""
        item_id, response = f"agent_{word}", {"id": f"resp_{word}"}
        message = {"type": "message", "id": item_id}
        delta = base64.b64encode(np.full(24 * duration_ms, 1000 + word, "<i2").tobytes()).decode()
        await self.tell(
            {"type": "response.created", "response": {**response, "status": "in_progress", "output": []}},
            {"type": "response.output_audio.delta", "item_id": item_id, "delta": delta},
            {"type": "response.output_audio_transcript.done", "item_id": item_id, "transcript": f"answer {word}"},
            {"type": "response.done", "response": {**response, "status": status, "output": [message]}},
        )
        return item_id


async def say_it(agent: ScriptedAgent, word: int) -> None:
    """Answer every word."""
    await agent.say(word)


async def say_nothing(agent: ScriptedAgent, word: int) -> None:
    """Answer no word."""
