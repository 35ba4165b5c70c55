import pytest

from segue.adapters.openai_compat.config import Endpoint, SpeechConfig
from segue.adapters.openai_compat.speech import SpeechTts
from segue.model.errors import ProviderError
from tests.unit.adapters.openai_compat.answers import Answers

CONFIG = SpeechConfig(endpoint=Endpoint(name="here", base_url="http://x/v1"), model="m", voices=("ash",), speed=1.5)


async def sound(answers: Answers, text: str = "Hi.", voice: str = "ash") -> list[bytes]:
    tts = SpeechTts(CONFIG, answers)  # type: ignore[arg-type]
    return [chunk async for chunk in tts.synthesize(text, voice=voice)]


async def test_half_samples_wait_for_their_other_half() -> None:
    answers = Answers(b"\x01", b"\x02\x03", b"", b"\x04\x05\x06")
    assert await sound(answers) == [b"\x01\x02", b"\x03\x04\x05\x06"]
    assert answers.posts[0]["json"] == {
        "model": "m",
        "input": "Hi.",
        "voice": "ash",
        "response_format": "pcm",
        "speed": 1.5,
    }


async def test_broken_sound() -> None:
    with pytest.raises(ProviderError, match="inside a sample"):
        await sound(Answers(b"\x01\x02\x03"))
    with pytest.raises(ProviderError, match="no sound"):
        await sound(Answers())
    with pytest.raises(ProviderError, match="no voice 'nova'"):
        await sound(Answers(b"\x01\x02"), voice="nova")


async def test_nothing_to_say_and_warm() -> None:
    answers = Answers()
    assert await sound(answers, " ") == []
    assert not answers.posts
    await SpeechTts(CONFIG, answers).warm()  # type: ignore[arg-type]
    assert answers.touched == 1
