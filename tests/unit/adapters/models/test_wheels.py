import os
import stat
from pathlib import Path

import pytest

from segue.adapters.models.progress import InstallProgress
from segue.adapters.models.wheels import PipDownload, WheelFolder, check_hash
from segue.model.errors import ConfigError, ProviderError
from tests.unit.adapters.models.wheels_made import make_wheel

SEEN: list[InstallProgress] = []


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "into").mkdir()
    return tmp_path / "into"


def fake_python(tmp_path: Path, script: str) -> str:
    """An interpreter whose `-m pip download` is `script`; $DEST is where the wheel goes."""
    path = tmp_path / "python"
    find_dest = 'while [ $# -gt 0 ]; do [ "$1" = --dest ] && DEST="$2"; LAST="$1"; shift; done\n'
    path.write_text(f'#!/bin/sh\nARGS="$*"\n{find_dest}{script}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_folder_of_wheels(tmp_path: Path, into: Path) -> None:
    pin = make_wheel(tmp_path / "wheels", {"a": b"1"})
    seen: list[InstallProgress] = []
    wheel = WheelFolder(folder=tmp_path / "wheels").fetch(pin, into, seen.append)
    check_hash(wheel, pin)
    assert seen[-1].done_bytes == pin.size_bytes


def test_folder_without_the_wheel_says_how_to_get_it(tmp_path: Path, into: Path) -> None:
    pin = make_wheel(tmp_path / "wheels", {"a": b"1"})
    with pytest.raises(ConfigError, match="pip download --no-deps tiny"):
        WheelFolder(folder=tmp_path).fetch(pin, into, SEEN.append)


def test_pip_reports_progress(tmp_path: Path, into: Path) -> None:
    pin = make_wheel(tmp_path / "wheels", {"a": b"1"})
    script = f"echo 'Progress 10 of 100'; echo 'Progress 90 of 100'; cp {tmp_path}/wheels/*.whl $DEST"
    seen: list[InstallProgress] = []
    wheel = PipDownload(python=fake_python(tmp_path, script)).fetch(pin, into, seen.append)
    check_hash(wheel, pin)
    assert [report.done_bytes for report in seen] == [10, 90]


def test_an_old_pip_is_asked_again_without_a_bar(tmp_path: Path, into: Path) -> None:
    pin = make_wheel(tmp_path / "wheels", {"a": b"1"})
    script = (
        'case "$ARGS" in *raw*) echo "error: argument --progress-bar: invalid choice" >&2; exit 2;; esac\n'
        f"cp {tmp_path}/wheels/*.whl $DEST"
    )
    assert PipDownload(python=fake_python(tmp_path, script)).fetch(pin, into, SEEN.append).name == pin.filename


@pytest.mark.parametrize(
    ("complaint", "error", "words"),
    [
        ("python: No module named pip", ConfigError, "ensurepip"),
        ("ERROR: Could not install: [Errno 28] No space left on device", ConfigError, "free some space"),
        ("WARNING: Retrying: NewConnectionError\nERROR: No matching distribution", ProviderError, "cannot be reached"),
        ("ERROR: No matching distribution found for tiny==1.0", ProviderError, "does not give tiny==1.0"),
        ("", ProviderError, "status 3"),
    ],
)
def test_what_pip_complains_of(tmp_path: Path, into: Path, complaint: str, error: type[Exception], words: str) -> None:
    pin = make_wheel(tmp_path / "wheels", {"a": b"1"})
    (tmp_path / "complaint").write_text(complaint)
    python = fake_python(tmp_path, f"cat {tmp_path}/complaint >&2; exit 3")
    with pytest.raises(error, match=words) as caught:
        PipDownload(python=python).fetch(pin, into, SEEN.append)
    if isinstance(caught.value, ProviderError):
        assert caught.value.retryable is ("reached" in words)


def test_pip_that_leaves_nothing(tmp_path: Path, into: Path) -> None:
    pin = make_wheel(tmp_path / "wheels", {"a": b"1"})
    with pytest.raises(ProviderError, match="left 0 wheels"):
        PipDownload(python=fake_python(tmp_path, "true")).fetch(pin, into, SEEN.append)
    assert os.listdir(into) == []


def test_another_hash_is_refused(tmp_path: Path) -> None:
    pin = make_wheel(tmp_path, {"a": b"1"})
    (tmp_path / pin.filename).write_bytes(b"something else")
    with pytest.raises(ConfigError, match="nothing was unpacked"):
        check_hash(tmp_path / pin.filename, pin)
