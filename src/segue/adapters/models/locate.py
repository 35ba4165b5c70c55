"""Where model files lie, and whether they are whole.

A model's folder is put in place by one rename when it is complete, and holds a manifest of its files; a folder without
a readable manifest is a half-finished install. Knows nothing of where files come from.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segue.adapters.models.catalog import ModelSpec
from segue.model.errors import ConfigError

MANIFEST = "segue-model.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The model is there."""

    folder: Path
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """The model was never installed here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damaged:
    """Something of the model is there, but not all of it as it should be."""

    problem: str


ModelState = Installed | Missing | Damaged


def default_cache(env: Mapping[str, str], home: Path) -> Path:
    """The cache folder: `$SEGUE_CACHE`, else `$XDG_CACHE_HOME/segue`, else `~/.cache/segue`; models lie in `models`."""
    if chosen := env.get("SEGUE_CACHE"):
        return Path(chosen).expanduser() / "models"
    base = Path(env["XDG_CACHE_HOME"]) if env.get("XDG_CACHE_HOME") else home / ".cache"
    return base / "segue" / "models"


class ModelCache:
    """The folder all model files lie under."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, spec: ModelSpec) -> Path:
        return self.root / spec.folder

    def state(self, spec: ModelSpec, *, thorough: bool = False) -> ModelState:
        """Say whether `spec` is whole. `thorough` reads every byte and compares hashes; else sizes only."""
        folder = self.folder(spec)
        if not folder.exists():
            return Missing()
        try:
            entries = _read_manifest(folder / MANIFEST)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return Damaged(problem=f"{folder / MANIFEST} is missing or unreadable")
        for inner in (path for path in spec.files.values() if path not in entries):
            return Damaged(problem=f"{inner} is not among its files")
        for inner, (size_bytes, sha256) in entries.items():
            if problem := _file_problem(folder / inner, size_bytes, sha256 if thorough else None):
                return Damaged(problem=problem)
        return Installed(folder=folder, size_bytes=sum(size for size, _ in entries.values()))

    def file(self, spec: ModelSpec, name: str) -> Path:
        """Return the path of one of the model's named files.

        Raises:
            ConfigError: The model is not installed, or damaged.
        """
        state = self.state(spec)
        if isinstance(state, Installed):
            return state.folder / spec.files[name]
        damage = f"is damaged: {state.problem}" if isinstance(state, Damaged) else None
        problem = damage or f"is not installed under {self.root}"
        raise ConfigError(f"model {spec.name}", problem, hint=f"run `segue models install {spec.name}`")


def write_manifest(folder: Path, spec: ModelSpec, inner_paths: list[str]) -> None:
    """Record size and hash of `inner_paths`, which lie in `folder`."""
    files = {
        inner: {"bytes": (folder / inner).stat().st_size, "sha256": file_sha256(folder / inner)}
        for inner in sorted(inner_paths)
    }
    body = {"model": spec.name, "version": spec.version, "wheel_sha256": spec.wheel.sha256, "files": files}
    (folder / MANIFEST).write_text(json.dumps(body, indent=1) + "\n", encoding="utf-8")


def file_sha256(path: Path) -> str:
    """Hash of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _read_manifest(path: Path) -> dict[str, tuple[int, str]]:
    files = json.loads(path.read_text(encoding="utf-8"))["files"]
    return {str(inner): (int(entry["bytes"]), str(entry["sha256"])) for inner, entry in files.items()}


def _file_problem(path: Path, size_bytes: int, sha256: str | None) -> str | None:
    try:
        found = path.stat().st_size
        if found != size_bytes:
            return f"{path} has {found} bytes instead of {size_bytes}"
        if sha256 is not None and file_sha256(path) != sha256:
            return f"{path} does not have the hash it was installed with"
    except OSError as error:
        return f"{path}: {error.strerror or error}"
    return None
