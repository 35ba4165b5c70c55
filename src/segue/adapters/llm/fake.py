"""Dialogue models that say what they were told to: `FixedLatencyLlm` for benches, `ScriptedLlm` for tests."""

import asyncio
import re
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass

from segue.adapters.llm.port import (
    Finished,
    FinishReason,
    LlmDelta,
    LlmRequest,
    TextDelta,
    ToolCallDelta,
    ToolResult,
    Usage,
)
from segue.model.errors import ProviderError


class FixedLatencyLlm:
    """Says `text` word by word: the first `latency_ms` after it is asked, each later one `gap_ms` after the last."""

    name = "fixed-llm"

    def __init__(
        self, text: str = "Sure, I can do that for you.", *, latency_ms: float = 0.0, gap_ms: float = 0.0
    ) -> None:
        self._words = re.findall(r"\S+\s*", text)
        self._latency_ms = latency_ms
        self._gap_ms = gap_ms
        self.requests: list[LlmRequest] = []

    async def generate(self, request: LlmRequest) -> AsyncGenerator[LlmDelta, None]:
        self.requests.append(request)
        for index, word in enumerate(self._words):
            wait_ms = self._gap_ms if index else self._latency_ms
            if wait_ms:
                await asyncio.sleep(wait_ms / 1000)
            yield TextDelta(text=word)
        usage = Usage(input_tokens=_words_in(request), output_tokens=len(self._words))
        yield Finished(reason=FinishReason.STOP, usage=usage)

    async def warm(self) -> None:
        """Nothing to load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """A script step: wait until the iterator is closed or its task cancelled."""


LlmStep = LlmDelta | ProviderError | Hang


class ScriptedLlm:
    """Plays one script per request, one after the other; past the end it is an error.

    A script is a plain text (said in one delta and finished) or the steps to play: deltas are yielded, an error is
    raised, `Hang` waits. `closed` counts the answers that were ended before their script was.
    """

    name = "scripted-llm"

    def __init__(self, scripts: Sequence[str | Sequence[LlmStep]]) -> None:
        self._scripts = [said(script) if isinstance(script, str) else list(script) for script in scripts]
        self.requests: list[LlmRequest] = []
        self.closed = 0

    async def generate(self, request: LlmRequest) -> AsyncGenerator[LlmDelta, None]:
        self.requests.append(request)
        if len(self.requests) > len(self._scripts):
            raise ProviderError(
                self.name, f"asked {len(self.requests)} times, scripted {len(self._scripts)}", retryable=False
            )
        whole = False
        try:
            for step in self._scripts[len(self.requests) - 1]:
                if isinstance(step, ProviderError):
                    raise step
                if isinstance(step, Hang):
                    await asyncio.Event().wait()
                else:
                    yield step
            whole = True
        finally:
            self.closed += not whole

    async def warm(self) -> None:
        """Nothing to load."""


def said(text: str) -> list[LlmStep]:
    """Steps that say `text` and finish."""
    return [TextDelta(text=text), Finished(reason=FinishReason.STOP, usage=None)]


def called(name: str, arguments: str, *, call_id: str = "call_1") -> list[LlmStep]:
    """Steps that call one tool and finish."""
    return [
        ToolCallDelta(index=0, call_id=call_id, name=name, arguments=arguments),
        Finished(reason=FinishReason.TOOL_CALLS, usage=None),
    ]


def _words_in(request: LlmRequest) -> int:
    spoken = (message.output if isinstance(message, ToolResult) else message.text for message in request.history)
    return len(request.instructions.split()) + sum(len(text.split()) for text in spoken)
