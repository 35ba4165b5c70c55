"""The providers a configuration names: built if they offer what is asked of them, else said which would."""

from types import SimpleNamespace
from typing import Any

import pytest

from segue.adapters.openai_compat.chat import ChatLlm
from segue.adapters.vad.fake import EnergyVadFactory
from segue.cli import providers as module
from segue.cli.config import load_settings
from segue.cli.providers import Built, build_providers
from segue.model.errors import ConfigError
from segue.worker.providers import NoTools, Providers

REMOTE: dict[str, Any] = {
    "providers.x": {
        "base_url": "http://localhost:1/v1",
        "chat_model": "c",
        "transcription_model": "t",
        "speech_model": "s",
        "voices": ["ann"],
    },
}


async def built(**use: Any) -> Built:
    settings = load_settings(None, {**REMOTE, "use": use})
    async with build_providers(settings, NoTools()) as made:
        return made


@pytest.fixture
def local(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    speech = SimpleNamespace(stt="local stt", eot="local eot", tts="local tts", vad="local vad")
    monkeypatch.setattr(module, "open_local_speech", lambda *_: speech)
    return speech


async def test_the_defaults_are_the_local_models(local: SimpleNamespace) -> None:
    made = await built()
    assert (made.providers.stt["local"], made.providers.tts["local"], made.vad) == (
        "local stt",
        "local tts",
        "local vad",
    )
    assert "local" in made.providers.llm


async def test_a_remote_service_does_what_it_has_models_for(local: SimpleNamespace) -> None:
    made = await built(llm=["x", "local"], tts=["x", "local"], stt=["x"])
    assert isinstance(made.providers.llm["x"], ChatLlm)
    assert made.providers.tts["x"].voices == ("ann",)
    assert set(made.providers.stt) == {"x", "local"}


async def test_without_local_speech_no_model_is_needed(local: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "open_local_speech", lambda *_: pytest.fail("opened"))
    with pytest.raises(ConfigError, match=r"use\.eot: 'x' offers no eot; these do: none"):
        await built(stt=["x"], eot=["x"], tts=["x"], vad="energy")


async def test_a_missing_model_says_how_to_get_it() -> None:
    with pytest.raises(ConfigError, match=r"is not installed under .*run `segue models install"):
        await built()


@pytest.mark.parametrize(
    ("use", "says"),
    [
        ({"llm": ["vllm"]}, r"use\.llm: 'vllm' offers no llm; these do: local, x; see \[providers\.vllm\]"),
        ({"eot": ["x"]}, r"use\.eot: 'x' offers no eot; these do: local"),
        ({"stt": []}, r"use\.stt: is empty; name at least one of local, x"),
        ({"vad": "loud"}, r"use\.vad: 'loud' is no detector; local or energy"),
    ],
)
async def test_what_nobody_offers_names_who_does(local: SimpleNamespace, use: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        await built(**use)


async def test_loudness_is_enough_where_it_is_asked_for(local: SimpleNamespace) -> None:
    assert isinstance((await built(vad="energy")).vad, EnergyVadFactory)


async def test_a_key_that_is_not_there_is_named(local: SimpleNamespace) -> None:
    settings = load_settings(None, {"providers.x": {"base_url": "http://a/v1", "api_key_env": "NO_SUCH_KEY"}})
    with pytest.raises(ConfigError, match="NO_SUCH_KEY is not set"):
        async with build_providers(settings, NoTools()):
            pass


async def test_warming_warms_the_detector_and_every_provider() -> None:
    warmed: list[str] = []

    class Cold:
        def __init__(self, name: str) -> None:
            self.name = name

        async def warm(self) -> None:
            warmed.append(self.name)

    parts: Any = Providers(stt={"a": Cold("stt")}, llm={"a": Cold("llm"), "b": Cold("llm b")})  # type: ignore[dict-item]
    vad: Any = Cold("vad")
    await Built(providers=parts, vad=vad).warm()
    assert warmed == ["vad", "stt", "llm", "llm b"]
