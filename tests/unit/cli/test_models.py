"""`segue models`: what an install prints, what the list shows, whole and damaged, pinned and from a hub."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from segue.adapters.models.catalog import CATALOG, HIBARI, SILERO, ModelSpec
from segue.adapters.models.install import InstallResult
from segue.adapters.models.locate import MANIFEST, ModelCache, write_manifest
from segue.adapters.models.progress import InstallProgress, Step
from segue.cli import models
from segue.cli.models import install, list_models, missing_models, open_cache
from segue.model.errors import ConfigError
from tests.unit.cli.conftest import Screen


def put(spec: ModelSpec) -> Path:
    """A model that is whole, as far as sizes tell."""
    folder = open_cache().folder(spec)
    for inner in spec.files.values():
        (folder / inner).parent.mkdir(parents=True, exist_ok=True)
        (folder / inner).write_bytes(b"x")
    write_manifest(folder, spec, list(spec.files.values()))
    return folder


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What was asked of the installers, in order; they report progress and succeed."""
    asked: list[Any] = []

    def pinned(names: Iterable[str] | None, cache: ModelCache, *, progress: Any) -> list[InstallResult]:
        asked.append(None if names is None else list(names))
        for step in (Step.DOWNLOAD, Step.DONE):
            progress(InstallProgress(subject="hibari", step=step, done_bytes=1, total_bytes=0))
        result = InstallResult(model="hibari", folder=cache.root, size_bytes=16_200_000, fetched=True)
        there = InstallResult(model="silero-vad", folder=cache.root, size_bytes=2_300_000, fetched=False)
        return [result, there]

    def from_hub(ref: Any, cache: ModelCache, *, progress: Any) -> Path:
        asked.append(ref.text)
        path = cache.root / "file.onnx"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(1_500_000))
        return path

    monkeypatch.setattr(models, "install_models", pinned)
    monkeypatch.setattr(models, "install_hub_file", from_hub)
    return asked


def test_an_install_without_names_is_of_all(fetched: list[Any], screen: Screen) -> None:
    install([], screen.console)
    assert fetched == [None]
    assert "hibari: installed (16.2 MB)" in screen.lines
    assert "silero-vad: already there (2.3 MB)" in screen.lines


def test_hub_names_go_to_the_hub_and_their_path_is_printed(fetched: list[Any], screen: Screen) -> None:
    install(["hf:org/name/model.onnx@v1"], screen.console)
    assert fetched == ["hf:org/name/model.onnx@v1"]
    assert f"{open_cache().root / 'file.onnx'} (1.5 MB)" in screen.lines


def test_both_kinds_of_names_may_be_given(fetched: list[Any], screen: Screen) -> None:
    install(["hibari", "hf:org/name/model.onnx"], screen.console)
    assert fetched == [["hibari"], "hf:org/name/model.onnx@main"]


@pytest.mark.parametrize(
    ("name", "says"), [("nobody", "known are: silero-vad"), ("hf:org", "write hf:org/name/path/to/file")]
)
def test_an_unknown_name_is_told_what_would_do(name: str, says: str, screen: Screen) -> None:
    with pytest.raises(ConfigError, match=says):
        install([name], screen.console)


def test_the_list_says_what_is_here(screen: Screen) -> None:
    put(SILERO)
    (put(HIBARI) / MANIFEST).write_text("{}")
    list_models(screen.console)
    rows = {line.split()[0]: line for line in screen.lines}
    assert set(rows) >= {spec.name for spec in CATALOG}
    assert " installed " in rows["silero-vad"]
    assert " damaged " in rows["hibari"]
    assert " missing " in rows["smart-turn"]
    assert rows["silero-vad"].split()[-1] == "MIT"
    assert screen.lines[-1] == f"cache: {open_cache().root}"


def test_the_list_shows_what_was_measured(screen: Screen) -> None:
    list_models(screen.console, {spec.name: 0.125 for spec in CATALOG})
    assert "RTF here" in screen.lines[0]
    assert screen.text.count("0.125") == len(CATALOG)


def test_what_is_not_whole_is_missing() -> None:
    assert missing_models(open_cache()) == list(CATALOG)
    put(SILERO)
    assert SILERO not in missing_models(open_cache())


async def test_measuring_needs_the_models() -> None:
    with pytest.raises(ConfigError, match="is not installed"):
        await models.measured_factors()


async def test_a_factor_is_work_per_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    from segue.adapters.models.measure import Measurement

    async def measure(_: object) -> list[Measurement]:
        return [Measurement(model="hibari", audio_ms=1000.0, work_ms=50.0)]

    monkeypatch.setattr(models, "open_local_speech", lambda *_: None)
    monkeypatch.setattr(models, "measure_models", measure)
    assert await models.measured_factors() == {"hibari": 0.05}
