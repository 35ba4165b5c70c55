"""The state folder: keys made once, private, the same for all roles."""

from pathlib import Path

import pytest

from segue.cli.installation import find_api_key, open_installation
from segue.model.errors import ConfigError


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    folder = tmp_path / "state"

    first = open_installation(folder)
    second = open_installation(folder)

    assert (first.fleet_key, first.api_key) == (second.fleet_key, second.api_key)
    assert first.api_key.startswith("sk-segue-")
    assert len(first.fleet_key) >= 16
    assert (folder / "fleet.key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert first.journal == folder / "journal.db"
    assert (folder / ".gitignore").read_text() == "*\n"
    assert sorted(path.name for path in folder.iterdir()) == [".gitignore", "api.key", "fleet.key"]


def test_keys_do_not_print(tmp_path: Path) -> None:
    installation = open_installation(tmp_path)
    assert installation.api_key not in repr(installation)
    assert installation.fleet_key not in repr(installation)


def test_the_api_key_is_found_where_segue_runs(tmp_path: Path) -> None:
    assert find_api_key(tmp_path) is None
    assert find_api_key(tmp_path / "absent") is None
    assert find_api_key(open_installation(tmp_path).folder) == open_installation(tmp_path).api_key


def test_an_empty_key_and_an_unusable_folder_are_named(tmp_path: Path) -> None:
    (tmp_path / "fleet.key").write_text("\n")
    with pytest.raises(ConfigError, match=r"fleet\.key: is empty; delete it"):
        open_installation(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"file: cannot be used as state folder: .*; name another with --state"):
        open_installation(tmp_path / "file")
