import json
from pathlib import Path

import pytest

from segue.adapters.models.locate import (
    MANIFEST,
    Damaged,
    Installed,
    Missing,
    ModelCache,
    default_cache,
    write_manifest,
)
from segue.model.errors import ConfigError
from tests.unit.adapters.models.wheels_made import make_spec, make_wheel


@pytest.fixture
def cache(tmp_path: Path) -> ModelCache:
    return ModelCache(tmp_path / "cache")


@pytest.fixture
def spec(tmp_path: Path):
    return make_spec(make_wheel(tmp_path, {}), files={"network": "a/net.onnx"})


def put(cache: ModelCache, spec, body: bytes = b"weights") -> Path:
    folder = cache.folder(spec)
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "net.onnx").write_bytes(body)
    write_manifest(folder, spec, ["a/net.onnx"])
    return folder


def test_whole(cache: ModelCache, spec) -> None:
    folder = put(cache, spec)
    assert cache.state(spec, thorough=True) == Installed(folder=folder, size_bytes=7)
    assert cache.file(spec, "network") == folder / "a" / "net.onnx"


def test_missing_says_what_to_run(cache: ModelCache, spec) -> None:
    assert cache.state(spec) == Missing()
    with pytest.raises(ConfigError, match="segue models install model"):
        cache.file(spec, "network")


def test_another_size_is_damage(cache: ModelCache, spec) -> None:
    folder = put(cache, spec)
    (folder / "a" / "net.onnx").write_bytes(b"short")
    with pytest.raises(ConfigError, match="5 bytes instead of 7"):
        cache.file(spec, "network")


def test_another_hash_is_found_when_thorough(cache: ModelCache, spec) -> None:
    folder = put(cache, spec)
    (folder / "a" / "net.onnx").write_bytes(b"weighty")
    assert isinstance(cache.state(spec), Installed)
    assert isinstance(cache.state(spec, thorough=True), Damaged)


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"files": 1}', '{"files": {"a/net.onnx": {}}}', '{"files": {}}'])
def test_a_manifest_that_cannot_be_right(cache: ModelCache, spec, manifest: str) -> None:
    folder = put(cache, spec)
    (folder / MANIFEST).write_text(manifest)
    assert isinstance(cache.state(spec), Damaged)


def test_a_lost_file_is_damage(cache: ModelCache, spec) -> None:
    folder = put(cache, spec)
    (folder / "a" / "net.onnx").unlink()
    assert isinstance(cache.state(spec), Damaged)


def test_manifest_names_its_origin(cache: ModelCache, spec) -> None:
    body = json.loads((put(cache, spec) / MANIFEST).read_text())
    assert (body["model"], body["wheel_sha256"]) == ("model", spec.wheel.sha256)


def test_where_the_cache_is() -> None:
    home = Path("/home/ada")
    assert default_cache({}, home) == Path("/home/ada/.cache/segue/models")
    assert default_cache({"XDG_CACHE_HOME": "/x"}, home) == Path("/x/segue/models")
    assert default_cache({"SEGUE_CACHE": "/big"}, home) == Path("/big/models")
