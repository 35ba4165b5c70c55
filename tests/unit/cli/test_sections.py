"""The sections of the file: what a provider offers, and where its key comes from."""

import dataclasses

import pytest

from segue.adapters.openai_compat.config import Secret
from segue.cli.sections import SECTIONS, ProviderSection, UseSection
from segue.model.errors import ConfigError

URL = "http://localhost:8000/v1"


def test_a_provider_offers_each_kind_whose_model_is_named() -> None:
    section = ProviderSection(base_url=URL, chat_model="c", transcription_model="t", speech_model="s", voices=("a",))
    endpoint = section.endpoint("x", {})
    chat, transcription, speech = section.chat(endpoint), section.transcription(endpoint), section.speech(endpoint)
    assert chat is not None
    assert transcription is not None
    assert speech is not None
    assert (chat.model, transcription.model, speech.model, speech.voices) == ("c", "t", "s", ("a",))


def test_without_a_model_it_offers_nothing() -> None:
    section = ProviderSection(base_url=URL)
    endpoint = section.endpoint("x", {})
    assert (section.chat(endpoint), section.transcription(endpoint), section.speech(endpoint)) == (None, None, None)


def test_the_key_is_given_or_named() -> None:
    assert ProviderSection(base_url=URL, api_key="k").endpoint("x", {}).api_key == Secret("k")
    named = ProviderSection(base_url=URL, api_key_env="MY_KEY")
    assert named.endpoint("x", {"MY_KEY": "from there"}).api_key == Secret("from there")
    with pytest.raises(ConfigError, match=r"providers\.x\.api_key_env: MY_KEY is not set; export MY_KEY"):
        named.endpoint("x", {})


def test_its_times_reach_the_endpoint() -> None:
    endpoint = ProviderSection(base_url=URL, connect_timeout_ms=5, read_timeout_ms=6).endpoint("x", {})
    assert (endpoint.name, endpoint.connect_timeout_ms, endpoint.read_timeout_ms) == ("x", 5, 6)


def test_an_address_that_is_none_names_the_provider() -> None:
    with pytest.raises(ConfigError, match=r"x\.base_url"):
        ProviderSection().endpoint("x", {})


def test_keys_do_not_print() -> None:
    assert "secret" not in repr(ProviderSection(base_url=URL, api_key="secret"))


def test_local_speech_is_wanted_by_anything_between_sound_and_words() -> None:
    assert UseSection().wants_local_speech
    remote = UseSection(stt=("a",), eot=("a",), tts=("a",), vad="energy", llm=("local",))
    assert not remote.wants_local_speech
    for changes in ({"stt": ("a", "local")}, {"eot": ("local",)}, {"tts": ("local",)}, {"vad": "local"}):
        assert dataclasses.replace(remote, **changes).wants_local_speech


def test_every_section_is_a_dataclass() -> None:
    assert all(dataclasses.is_dataclass(kind) for kind in SECTIONS.values())
