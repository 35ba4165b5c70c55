"""The SQLite configuration is checked, and SQLite's errors are sorted by who must act."""

import sqlite3
from pathlib import Path

import pytest

from segue.adapters.store.schema import SqliteConfig, translated
from segue.model.errors import ConfigError, StoreUnavailable

CONFIG = SqliteConfig(path=Path("journal.db"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"soon_linger_ms": 51},
        {"queue_rows_max": 0},
        {"queue_bytes_max": 0},
        {"batch_rows_max": 0},
        {"busy_ms": 0},
        {"readers": 0},
    ],
)
def test_a_value_out_of_range_is_named(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match=f"store.sqlite.{next(iter(wrong))}"):
        SqliteConfig(path=Path("journal.db"), **wrong)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SQLITE_CORRUPT_INDEX", ConfigError),
        ("SQLITE_NOTADB", ConfigError),
        ("SQLITE_CANTOPEN", ConfigError),
        ("SQLITE_READONLY", ConfigError),
        ("SQLITE_FULL", StoreUnavailable),
        ("SQLITE_IOERR_WRITE", StoreUnavailable),
        ("SQLITE_BUSY", StoreUnavailable),
        (None, StoreUnavailable),
    ],
)
def test_errors_are_sorted(name: str | None, kind: type[Exception]) -> None:
    error = sqlite3.OperationalError("what SQLite said")
    if name is not None:
        error.sqlite_errorname = name
    sorted_error = translated(error, CONFIG)
    assert type(sorted_error) is kind
    assert "journal.db" in str(sorted_error)
    assert "what SQLite said" in str(sorted_error)
