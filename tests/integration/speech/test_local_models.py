"""The real local models: what the voice says, the recogniser hears; what must hold for speech, silence and pauses."""

import asyncio
import difflib
import importlib.util
import time
from pathlib import Path

import numpy as np
import pytest

from segue.adapters.eot.logmel import log_mel
from segue.adapters.llm.local.words import numbered, words
from segue.adapters.models.catalog import SMART_TURN, ModelSpec, WheelPin
from segue.adapters.models.local import LocalSpeech
from segue.adapters.models.locate import ModelCache
from segue.adapters.models.measure import heard_from_spoken, measure_models, speak, windows
from segue.adapters.models.threads import ModelThreads
from segue.adapters.models.wheels import PipDownload
from segue.adapters.tts.hibari import HibariTts
from segue.model.errors import ProviderError

pytestmark = pytest.mark.models

SENTENCES = (
    "Hello, my name is Ada.",
    "I would like to book a table for two at half past seven.",
    "What is the capital of France?",
    "Your table is ready, and the kitchen closes at ten.",
    "Please remember that the meeting is on Friday morning.",
    "The weather will be cloudy with a little rain in the afternoon.",
)


def word_errors(wanted: str, heard: str) -> int:
    left, right = numbered(words(wanted)), numbered(words(heard))
    same = sum(block.size for block in difflib.SequenceMatcher(None, left, right).get_matching_blocks())
    return max(len(left), len(right)) - same


async def test_what_is_said_is_heard(speech: LocalSpeech) -> None:
    errors = count = 0
    for sentence in SENTENCES:
        heard = await speech.stt.transcribe(heard_from_spoken(await speak(speech, sentence)))
        # The recogniser writes "7:30" for "half past seven": the same to a listener.
        wanted = sentence.replace("half past seven", "7:30") if "7:30" in heard.text else sentence
        errors += word_errors(wanted, heard.text)
        count += len(words(wanted))
    assert errors / count <= 0.05


async def test_speech_is_told_from_silence(speech: LocalSpeech) -> None:
    spoken = heard_from_spoken(await speak(speech, SENTENCES[1]))
    quiet = np.random.default_rng(7).normal(scale=1e-4, size=16_000).astype(np.float32)
    vad = speech.vad.create()
    before = [vad.probability(window) for window in windows(quiet, 512)]
    during = [vad.probability(window) for window in windows(spoken, 512)]
    after = [vad.probability(window) for window in windows(quiet, 512)]
    assert max(before) < 0.5
    assert np.mean([probability > 0.5 for probability in during]) > 0.6
    assert max(after[6:]) < 0.5


async def test_two_sessions_do_not_share_state(speech: LocalSpeech) -> None:
    spoken = windows(heard_from_spoken(await speak(speech, SENTENCES[0])), 512)
    alone = speech.vad.create()
    expected = [alone.probability(window) for window in spoken]
    one, other = speech.vad.create(), speech.vad.create()
    mixed = [(one.probability(window), other.probability(np.zeros(512, np.float32)))[0] for window in spoken]
    assert mixed == expected


async def test_a_whole_sentence_ends_the_turn_more_than_half_a_one(speech: LocalSpeech) -> None:
    pause = np.zeros(3_200, np.float32)
    whole = heard_from_spoken(await speak(speech, SENTENCES[2]))
    half = heard_from_spoken(await speak(speech, "I would like to book a table for"))[:-6_000]
    done = await speech.eot.probability(np.concatenate([whole, pause]))
    assert done > 0.8
    assert 0.0 <= await speech.eot.probability(np.concatenate([half, pause])) <= 1.0


async def test_sentences_of_a_text_come_one_by_one_and_the_same_each_time(speech: LocalSpeech) -> None:
    text = " ".join(SENTENCES[:3])
    first = [chunk async for chunk in speech.tts.synthesize(text, voice="heart")]
    again = [chunk async for chunk in speech.tts.synthesize(text, voice="heart")]
    assert first == again
    seconds = sum(map(len, first)) / 48_000
    assert 5 < seconds < 15
    peak = np.abs(np.frombuffer(b"".join(first), "<i2").astype(np.int32)).max()
    assert 12_000 < peak <= 32_767


@pytest.mark.parametrize("text", ["", "   ", "...", "😀", "日本語", "a" * 3_000, "1234567890 " * 5, "x\x00y\n\n"])
async def test_any_text_is_spoken_or_left_out(speech: LocalSpeech, text: str) -> None:
    assert len(await speak(speech, text)) % 2 == 0


async def test_long_audio_is_heard_in_pieces(speech: LocalSpeech) -> None:
    once = heard_from_spoken(await speak(speech, " ".join(SENTENCES)))
    long = np.concatenate([once, np.zeros(8_000, np.float32)] * 2)
    assert len(long) > 16_000 * 30
    heard = await speech.stt.transcribe(long)
    wanted = " ".join(SENTENCES * 2).replace("half past seven", "7:30")
    assert word_errors(wanted, heard.text) / len(words(wanted)) <= 0.15


@pytest.mark.parametrize("samples", [0, 1, 399, 5_000])
async def test_very_short_audio_is_survived(speech: LocalSpeech, samples: int) -> None:
    audio = np.zeros(samples, np.float32)
    assert (await speech.stt.transcribe(audio)).audio_ms == samples // 16
    assert 0.0 <= await speech.eot.probability(audio) <= 1.0


async def test_cancelling_recognition_frees_its_thread(speech: LocalSpeech) -> None:
    audio = np.tile(heard_from_spoken(await speak(speech, SENTENCES[0])), 20)
    whole_from = time.perf_counter()
    await speech.stt.transcribe(audio)
    whole_s = time.perf_counter() - whole_from
    threads = ModelThreads()
    cancelled = [asyncio.wait_for(speech.stt.transcribe(audio), whole_s / 10) for _ in range(4)]
    assert all(isinstance(end, TimeoutError) for end in await asyncio.gather(*cancelled, return_exceptions=True))
    # Were they still running, this short one would wait for them.
    after_from = time.perf_counter()
    await speech.stt.transcribe(audio[:16_000])
    assert time.perf_counter() - after_from < whole_s
    threads.close()


async def test_real_time_factors_are_below_one(speech: LocalSpeech) -> None:
    for measured in await measure_models(speech, runs=1):
        assert 0 < measured.real_time_factor < 1, measured


async def test_a_broken_package_is_a_provider_error(model_threads: ModelThreads, tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("import does_not_exist_anywhere")
    with pytest.raises(ProviderError, match="does_not_exist_anywhere"):
        await HibariTts(tmp_path / "__init__.py", model_threads).warm()


@pytest.mark.slow
def test_features_equal_those_of_the_models_authors(model_cache: ModelCache, tmp_path: Path) -> None:
    """Their own extractor is in the wheel beside the network: load that one file and compare."""
    reference = _reference_features(SMART_TURN, tmp_path)
    noise = np.random.default_rng(3).normal(scale=0.1, size=128_000).astype(np.float32)
    tone = (np.sin(np.arange(128_000) / 9) * 0.3).astype(np.float32)
    quiet_start = np.concatenate([np.zeros(100_000, np.float32), noise[:28_000]])
    for audio in (noise, tone, quiet_start):
        assert np.abs(log_mel(audio) - reference(audio)).max() < 2e-3


def _reference_features(spec: ModelSpec, folder: Path):  # type: ignore[no-untyped-def]
    import zipfile

    pin: WheelPin = spec.wheel
    try:
        wheel = PipDownload().fetch(pin, folder, lambda _: None)
    except ProviderError as error:
        pytest.skip(f"waits for the registry: {error}")
    with zipfile.ZipFile(wheel) as archive:
        path = Path(archive.extract("pipecat/audio/turn/smart_turn/_whisper_features.py", folder))
    found = importlib.util.spec_from_file_location("reference_features", path)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.compute_whisper_log_mel_features
