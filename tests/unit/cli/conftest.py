"""Commands run in an empty folder, without what would configure a Segue, and print into memory."""

import os
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with a model cache of its own that is empty."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("SEGUE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SEGUE_CACHE", str(tmp_path / "cache"))
    return tmp_path


class Screen:
    """A terminal of 100 columns."""

    def __init__(self) -> None:
        self._file = StringIO()
        self.console = Console(file=self._file, width=100, no_color=True)

    @property
    def text(self) -> str:
        return self._file.getvalue()

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.text.splitlines()]


@pytest.fixture
def screen() -> Screen:
    return Screen()
