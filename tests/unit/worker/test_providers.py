"""Who can be asked."""

from typing import Any

import numpy as np
import pytest

from segue.adapters.llm.fake import FixedLatencyLlm
from segue.adapters.stt.fake import FixedLatencyStt
from segue.model.errors import ProviderError
from segue.model.ids import OperationKey, SessionId
from segue.voice.results import (
    CallTool,
    Generate,
    ToolReturned,
)
from segue.worker.providers import Providers
from segue.worker.runner import OperationRunner, WorkerConfig

SESSION = SessionId("sess_a")
KEY = OperationKey("k" * 22)
SECOND = np.zeros(16_000, dtype=np.float32)
GENERATE = Generate(instructions="Help.", history=(), tools=(), tool_choice="auto", max_output_tokens=None)


async def run(runner: OperationRunner, request: Any, *, audio: Any = None, provider: str = "p", out: Any = None) -> Any:
    deltas, sound = out if out is not None else ([], bytearray())
    return await runner.run(
        SESSION, KEY, request, provider, audio=audio, on_delta=deltas.append, on_speech=sound.extend
    )


async def test_an_unknown_provider_is_named():
    with pytest.raises(ProviderError, match=r"nobody: no llm provider .* \(there is: p\)") as caught:
        await run(OperationRunner(Providers(llm={"p": FixedLatencyLlm()})), GENERATE, provider="nobody")
    assert not caught.value.retryable


async def test_tools_are_called_and_an_agent_without_them_says_so():
    class Tools:
        async def call(self, call: CallTool, key: OperationKey, session: SessionId) -> ToolReturned:
            return ToolReturned(output=f"{call.name} {key} {session}")

    request = CallTool(call_id="c", name="f", arguments="{}", effect="once")
    assert (await run(OperationRunner(Providers(tools=Tools())), request)).output == f"f {KEY} {SESSION}"
    assert (await run(OperationRunner(Providers()), request)).outcome == "raised"


async def test_warming_warms_all():
    await Providers(stt={"p": FixedLatencyStt()}, llm={"p": FixedLatencyLlm()}).warm()
    with pytest.raises(ValueError, match="running_max"):
        WorkerConfig(running_max=0)
