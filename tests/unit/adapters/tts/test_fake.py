import numpy as np
import pytest

from segue.adapters.tts.fake import FixedLatencyTts, ScriptedTts, ToneConfig, tone_chunks
from segue.model.errors import ProviderError


async def test_hums_as_long_as_the_text() -> None:
    tts = FixedLatencyTts()
    await tts.warm()
    chunks = [chunk async for chunk in tts.synthesize("Hello", voice="tone")]
    assert sum(map(len, chunks)) == 5 * 60 * 24 * 2
    assert {len(chunk) for chunk in chunks} == {4_800}
    assert np.abs(np.frombuffer(chunks[0], "<i2")).max() > 9_000
    assert tts.texts == ["Hello"]


def test_equal_texts_have_equal_bytes() -> None:
    assert tone_chunks("Same", ToneConfig()) == tone_chunks("Same", ToneConfig())
    assert tone_chunks("  ", ToneConfig()) == ()


async def test_scripted_fails_after_the_first_chunk() -> None:
    tts = ScriptedTts([ProviderError("x", "y", retryable=True), None])
    await tts.warm()
    chunks = []
    with pytest.raises(ProviderError):
        chunks.extend([chunk async for chunk in tts.synthesize("Hello", voice="tone")])
    assert len([chunk async for chunk in tts.synthesize("Hello", voice="tone")]) == 3
