"""What the tidy tests look at: the files git would hold, and parsed Python."""

import ast
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "segue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    path: Path
    text: str
    tree: ast.Module

    @property
    def where(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @property
    def name(self) -> str:
        """The dotted name, for a module of the package."""
        return ".".join(self.path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")

    @property
    def lines(self) -> int:
        return self.text.count("\n")


@cache
def files() -> tuple[Path, ...]:
    """Tracked files, and new ones that are not ignored; without git, everything that is not hidden or built."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listing.returncode == 0:
        found = (ROOT / name for name in listing.stdout.split("\0") if name)
    else:
        built = {"target", "node_modules", "dist", "static", "results", "__pycache__"}
        found = (
            path
            for path in ROOT.rglob("*")
            if not any(part in built or part.startswith(".") for part in path.relative_to(ROOT).parts)
        )
    return tuple(sorted(path for path in found if path.is_file()))


@cache
def modules(under: str) -> tuple[Module, ...]:
    """Every Python module below a folder of the repository."""
    found = (path for path in files() if path.suffix == ".py" and path.is_relative_to(ROOT / under))
    return tuple(parse(path) for path in found)


def parse(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    return Module(path=path, text=text, tree=ast.parse(text))


def imports(module: Module) -> Iterator[str]:
    """Dotted names of all that a module imports, `from a import b` as both `a` and `a.b`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def none_of(found: Iterable[str]) -> None:
    """Fail with one line for each thing found."""
    lines = list(found)
    if lines:
        pytest.fail(f"{len(lines)} found:\n  " + "\n  ".join(lines), pytrace=False)
