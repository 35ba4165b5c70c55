import numpy as np
import pytest

from segue.adapters.stt.fake import FixedLatencyStt, ScriptedStt
from segue.model.errors import ProviderError

SECOND = np.zeros(16_000, np.float32)


async def test_fixed_hears_its_text() -> None:
    stt = FixedLatencyStt("Hi.")
    await stt.warm()
    heard = await stt.transcribe(SECOND, language="de")
    assert (heard.text, heard.language, heard.audio_ms, stt.calls) == ("Hi.", "de", 1_000, 1)


async def test_scripted_hears_lines_and_raises_errors() -> None:
    error = ProviderError("x", "y", retryable=True)
    stt = ScriptedStt(["One.", error])
    await stt.warm()
    assert (await stt.transcribe(SECOND)).text == "One."
    with pytest.raises(ProviderError) as caught:
        await stt.transcribe(SECOND)
    assert caught.value is error
    with pytest.raises(ProviderError, match="asked 3 times, scripted 2"):
        await stt.transcribe(SECOND)
    assert len(stt.heard) == 3
