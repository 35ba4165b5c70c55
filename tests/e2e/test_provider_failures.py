"""Remote providers that refuse, hang, answer garbage or half an answer: the client is told, and the session goes on."""

import math
import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.support.fake_providers import Behaviour, EndEarly, FakeProviders, Garbage, Half, Hang, Refuse, Say, WrongType
from tests.support.official import Talk, official_talk
from tests.support.processes import RunningSegue, free_ports

pytestmark = pytest.mark.timeout(120)

GOOD = Say(text="All is well again.")
FAILURES: list[Behaviour] = [
    Refuse(status=500),
    Refuse(status=429, headers={"Retry-After": "0"}),
    Refuse(status=401),
    Hang(),
    Garbage(),
    WrongType(),
]
FINAL: tuple[Behaviour, ...] = (Refuse(status=401), WrongType())
"""What no retry can mend."""
BROKEN_OFF: list[Behaviour] = [Half(), EndEarly(), Hang(after_pieces=3)]
TONE = struct.pack("<24000h", *(int(9_000 * math.sin(at / 12)) for at in range(24_000)))


def name_of(behaviour: Behaviour) -> str:
    return type(behaviour).__name__ + str(getattr(behaviour, "status", ""))


@pytest.fixture(scope="module")
def port() -> int:
    return free_ports(1)[0]


def started(folder: Any, port: int, llm: list[str]) -> Iterator[RunningSegue]:
    service = {
        "base_url": f"http://127.0.0.1:{port}/v1",
        "chat_model": "c",
        "transcription_model": "t",
        "speech_model": "s",
        "read_timeout_ms": 500,
        "connect_timeout_ms": 500,
    }
    config = {
        "use": {"vad": "energy", "warm": False, "stt": ["fake"], "llm": llm, "tts": ["fake"]},
        "providers.fake": service,
    }
    with RunningSegue(folder, config=config) as running:
        yield running


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[RunningSegue]:
    """Only the fake service does the work."""
    yield from started(tmp_path_factory.mktemp("alone"), port, ["fake"])


@pytest.fixture(scope="module")
def backed(tmp_path_factory: pytest.TempPathFactory, port: int) -> Iterator[RunningSegue]:
    """The local responder stands behind the fake one."""
    yield from started(tmp_path_factory.mktemp("backed"), port, ["fake", "local"])


@pytest.fixture
async def fake(port: int) -> AsyncIterator[FakeProviders]:
    async with FakeProviders(port=port, default=GOOD) as server:
        yield server


async def asked(talk: Talk, text: str = "Hello, who are you?") -> tuple[int, dict[str, Any]]:
    after = len(talk.events)
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    await talk.send({"type": "conversation.item.create", "item": item})
    await talk.connection.response.create()
    return after, await talk.answer(after=after)


async def is_usable(talk: Talk, fake: FakeProviders) -> bool:
    """The next question is answered with the good service's words."""
    for route in ("chat", "speech", "transcription"):
        fake.script(route, GOOD)  # type: ignore[arg-type]
    _, response = await asked(talk)
    part = response["output"][0]["content"][0]
    return response["status"] == "completed" and GOOD.text in (part.get("text"), part.get("transcript"))


@pytest.mark.parametrize("behaviour", FAILURES, ids=name_of)
async def test_a_dialogue_model_that_never_answers(
    alone: RunningSegue, fake: FakeProviders, behaviour: Behaviour
) -> None:
    async with official_talk(
        alone.url, alone.api_key, session={"output_modalities": ["text"]}, has_microphone=False
    ) as talk:
        fake.script("chat", behaviour)
        after, response = await asked(talk)
        assert response["status"] == "failed"
        error = await talk.wait_for("error", after=after)
        assert error["error"]["code"] in ("provider_error", "rate_limit_exceeded", "insufficient_quota")
        assert "fake" in error["error"]["message"]
        assert fake.calls["chat"] == (1 if behaviour in FINAL else 3)
        assert len(fake.calls_by_key) == 1, "attempts of one operation have one key"
        assert await is_usable(talk, fake)


@pytest.mark.parametrize("behaviour", [*FAILURES, *BROKEN_OFF], ids=name_of)
async def test_one_bad_answer_and_then_a_good_one(
    alone: RunningSegue, fake: FakeProviders, behaviour: Behaviour
) -> None:
    async with official_talk(
        alone.url, alone.api_key, session={"output_modalities": ["text"]}, has_microphone=False
    ) as talk:
        fake.script("chat", behaviour, GOOD)
        _, response = await asked(talk)
        if behaviour in FINAL:
            assert response["status"] == "failed"
        else:
            assert response["status"] == "completed"
            assert fake.calls["chat"] == 2
        assert await is_usable(talk, fake)


@pytest.mark.parametrize("behaviour", FAILURES, ids=name_of)
async def test_the_fallback_answers(backed: RunningSegue, fake: FakeProviders, behaviour: Behaviour) -> None:
    async with official_talk(
        backed.url, backed.api_key, session={"output_modalities": ["text"]}, has_microphone=False
    ) as talk:
        fake.script("chat", behaviour)
        _, response = await asked(talk)
        assert response["status"] == "completed"
        assert "assistant" in response["output"][0]["content"][0]["text"].lower()
        assert not talk.errors()
        assert await is_usable(talk, fake)


async def test_nobody_listens_at_the_address(alone: RunningSegue, port: int) -> None:
    async with official_talk(
        alone.url, alone.api_key, session={"output_modalities": ["text"]}, has_microphone=False
    ) as talk:
        _, response = await asked(talk)
        assert response["status"] == "failed"
        async with FakeProviders(port=port, default=GOOD) as server:
            assert await is_usable(talk, server)


@pytest.mark.parametrize("behaviour", [*FAILURES, Half(), Hang(after_pieces=3)], ids=name_of)
async def test_a_voice_that_fails(alone: RunningSegue, fake: FakeProviders, behaviour: Behaviour) -> None:
    async with official_talk(alone.url, alone.api_key, has_microphone=False) as talk:
        fake.script("speech", behaviour)
        _, response = await asked(talk)
        assert response["status"] in ("failed", "incomplete"), response
        fake.script("speech", behaviour, GOOD)
        fake.calls.clear()
        after, response = await asked(talk)
        if behaviour not in FINAL:
            assert response["status"] == "completed"
            expected = len(GOOD.text) * 60 * 48
            assert len(talk.audio(after)) == expected, "all of it once, whatever came before the failure"
        assert await is_usable(talk, fake)


@pytest.mark.parametrize("behaviour", FAILURES, ids=name_of)
async def test_a_recogniser_that_fails(alone: RunningSegue, fake: FakeProviders, behaviour: Behaviour) -> None:
    session = {
        "output_modalities": ["text"],
        "audio": {"input": {"turn_detection": None, "transcription": {"model": "t"}}},
    }
    failed = "conversation.item.input_audio_transcription.failed"
    async with official_talk(alone.url, alone.api_key, session=session, has_microphone=False) as talk:
        fake.script("transcription", behaviour)
        await talk.append(TONE)
        await talk.connection.input_audio_buffer.commit()
        error = (await talk.wait_for(failed))["error"]
        assert error["message"]
        fake.script("transcription", Say(text="Are you there?"))
        fake.calls.clear()
        after = len(talk.events)
        await talk.append(TONE)
        await talk.connection.input_audio_buffer.commit()
        heard = await talk.wait_for("conversation.item.input_audio_transcription.completed", after=after)
        assert heard["transcript"] == "Are you there?"
        assert await is_usable(talk, fake)
