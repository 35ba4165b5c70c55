"""The entry point: what was typed goes to the commands, their status to the shell."""

import subprocess
import sys

import pytest

import segue
from segue.cli import main


def test_the_status_of_a_command_is_the_program_s(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["segue", "--version"])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 0
    assert capsys.readouterr().out.strip() == segue.__version__


def test_importing_it_loads_no_command_line() -> None:
    code = "import sys, segue.cli; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "segue.cli.app" not in loaded
    assert "typer" not in loaded
