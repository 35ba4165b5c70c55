import sys
from pathlib import Path

import numpy as np
import pytest

from segue.adapters.models.threads import ModelThreads
from segue.adapters.tts.hibari import HibariTts, load_package, pcm_at_level
from segue.model.errors import ProviderError

FAKE_PACKAGE = """
import numpy as np
from .inner import MARK

class Hibari:
    def phonemize(self, text):
        return [part for part in text.split(". ") if part.strip()]
    def ids(self, phonemes):
        return [0, len(phonemes), 0]
    def from_ids(self, ids, speed, rng):
        return (rng.standard_normal(ids[1] * 480) * 0.1).astype(np.float32)
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "hibari"
    folder.mkdir()
    (folder / "__init__.py").write_text(FAKE_PACKAGE)
    (folder / "inner.py").write_text("MARK = 1\n")
    return folder / "__init__.py"


async def test_equal_texts_have_equal_bytes_in_chunks(package: Path) -> None:
    threads = ModelThreads()
    tts = HibariTts(package, threads)
    await tts.warm()
    first = [chunk async for chunk in tts.synthesize("One two three four. Five", voice="heart")]
    again = [chunk async for chunk in tts.synthesize("One two three four. Five", voice="heart")]
    assert first == again
    assert all(len(chunk) % 2 == 0 and len(chunk) <= 4_800 for chunk in first)
    assert sum(map(len, first)) == (18 + 4) * 480 * 2
    threads.close()


async def test_nothing_to_pronounce_yields_nothing(package: Path) -> None:
    threads = ModelThreads()
    assert [chunk async for chunk in HibariTts(package, threads).synthesize(" ", voice="heart")] == []
    threads.close()


async def test_an_unknown_voice_is_refused(package: Path) -> None:
    threads = ModelThreads()
    with pytest.raises(ProviderError, match="it has: heart"):
        await anext(HibariTts(package, threads).synthesize("Hi", voice="emma"))
    threads.close()


def test_loads_under_a_private_name_once(package: Path) -> None:
    path = list(sys.path)
    module = load_package(package)
    assert load_package(package) is module
    assert module.__name__.startswith("_segue_hibari_")
    assert module.MARK == 1
    assert "hibari" not in sys.modules
    assert sys.path == path


def test_a_package_that_does_not_import_leaves_nothing(package: Path) -> None:
    package.write_text("raise RuntimeError('broken')")
    before = set(sys.modules)
    with pytest.raises(RuntimeError):
        load_package(package)
    assert set(sys.modules) == before


def test_level_is_raised_and_never_clips() -> None:
    wave = np.array([0.0, 0.1, -0.3, 0.9, -5.0], np.float32)
    pcm = np.frombuffer(pcm_at_level(wave), "<i2")
    assert abs(int(pcm[1]) - 6_553) <= 1
    assert pcm[2] < 0
    assert 32_000 < pcm[3] <= 32_767
    assert pcm[4] == -32_767
