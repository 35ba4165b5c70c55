"""The journal's tables in SQLite, and opening a file as a journal.

Rows lie in the order of their commits, so that a group of many sessions' rows fills neighbouring pages and the log
grows by little more than the bodies (clustering by session was measured at twice the pages); a unique index finds them
by `(session, seq)` and refuses a taken slot. The two partial indexes hold one entry per session and per claim: listing
sessions costs nothing on the commit path.
"""

import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from segue.model.errors import ConfigError, JournalTooNew, StoreUnavailable

SCHEMA_VERSION = 1
APPLICATION_ID = 0x53454755
"""`SEGU`, in the file's header: tells a journal from any other SQLite file."""

PAGE_BYTES = 8_192
"""Of a page: two or three rows of 2 KB share one, where 4 KiB holds one and wastes the rest. Groups commit half as fast
again, single rows no slower (`bench/journal.py`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqliteConfig:
    """One journal file and how it is written."""

    path: Path
    """The file; made with mode 0600 if absent, its directory must exist."""

    soon_linger_ms: float = 3.0
    """Milliseconds, 0..50: how long a row that is not urgent may wait for company; a row of the same
    session behind it waits that much longer at worst."""

    queue_rows_max: int = 20_000
    """Rows, 1..1000000, that wait for the writer: seconds of full load. Full: refused as StoreUnavailable."""

    queue_bytes_max: int = 256 * 1024 * 1024
    """Bytes of those rows. Full: refused as StoreUnavailable."""

    batch_rows_max: int = 512
    """Rows, 1..4096, of one transaction: about ten milliseconds of writing."""

    busy_ms: int = 2_000
    """Milliseconds, 1..60000, to wait for another process that writes to the same file."""

    readers: int = 2
    """Threads and connections that read, 1..16."""

    pages_max: int | None = None
    """Pages of `PAGE_BYTES` that the file may grow to; None: as the disk allows. Full: StoreUnavailable until
    it is raised."""

    def __post_init__(self) -> None:
        for name, value, low, high in (
            ("soon_linger_ms", self.soon_linger_ms, 0, 50),
            ("queue_rows_max", self.queue_rows_max, 1, 1_000_000),
            ("queue_bytes_max", self.queue_bytes_max, 1, 1 << 40),
            ("batch_rows_max", self.batch_rows_max, 1, 4_096),
            ("busy_ms", self.busy_ms, 1, 60_000),
            ("readers", self.readers, 1, 16),
        ):
            if not low <= value <= high:
                raise ConfigError(f"store.sqlite.{name}", f"{value} is not between {low} and {high}")


def prepare(config: SqliteConfig) -> None:
    """Make the file a journal of this version, or see that it is one.

    Raises:
        ConfigError: It cannot be opened, is damaged, or is something else.
        JournalTooNew: A newer release wrote it; it was left untouched.
        StoreUnavailable: Another process held it for too long.
    """
    try:
        # Only ever a new file: closing a second descriptor of one that is in use would drop SQLite's locks on it.
        os.close(os.open(config.path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigError(
            f"journal {config.path}", error.strerror or str(error), hint="name a file in a writable directory"
        ) from error
    try:
        connection = connect(config)
        try:
            _migrate(connection, config)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise translated(error, config) from error


def connect(config: SqliteConfig, *, is_reader: bool = False) -> sqlite3.Connection:
    """Open one connection, which commits when told and syncs the log at each commit.

    Raises:
        sqlite3.Error: As SQLite says; see `translated`.
    """
    connection = sqlite3.connect(
        config.path,
        timeout=config.busy_ms / 1000,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
    )
    try:
        connection.execute("PRAGMA synchronous = FULL")
        if is_reader:
            connection.execute("PRAGMA query_only = ON")
        elif config.pages_max is not None:
            connection.execute(f"PRAGMA max_page_count = {config.pages_max:d}")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def translated(error: sqlite3.Error, config: SqliteConfig) -> ConfigError | StoreUnavailable:
    """Sort what SQLite says by who must act: the operator (damage), or time (disk full, busy, I/O)."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return ConfigError(
            f"journal {config.path}", str(error), hint="restore it from a backup, or name another folder with --state"
        )
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return ConfigError(
            f"journal {config.path}", str(error), hint="check the file's and its directory's permissions"
        )
    return StoreUnavailable(f"journal {config.path}: {error}" + (f" ({name})" if name else ""))


def _migrate(connection: sqlite3.Connection, config: SqliteConfig) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES:d}")  # Heeded only while the file is empty.
    connection.execute("PRAGMA journal_mode = WAL").fetchone()
    connection.execute("BEGIN IMMEDIATE")
    try:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        application_id = connection.execute("PRAGMA application_id").fetchone()[0]
        if tables == 0 and application_id == 0:
            for statement in _SCHEMA:
                connection.execute(statement)
            connection.execute("INSERT INTO meta VALUES ('schema_version', ?)", (str(SCHEMA_VERSION),))
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        elif application_id != APPLICATION_ID:
            raise ConfigError(
                f"journal {config.path}", "it is an SQLite database, but not a journal", hint="name another file"
            )
        found = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        if found is None:
            raise ConfigError(f"journal {config.path}", "it does not say its version", hint="restore it from a backup")
        if int(found[0]) > SCHEMA_VERSION:
            raise JournalTooNew(found=int(found[0]), supported=SCHEMA_VERSION, where=str(config.path))
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


_SCHEMA = (
    """
    CREATE TABLE rows (
        session TEXT NOT NULL,
        seq INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        kind TEXT NOT NULL,
        version INTEGER NOT NULL,
        wall_ms INTEGER NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (session, seq)
    )
    """,
    "CREATE INDEX session_starts ON rows (wall_ms) WHERE seq = 1",
    "CREATE INDEX session_claims ON rows (session, seq) WHERE kind = 'epoch'",
    """
    CREATE TABLE snapshots (
        session TEXT PRIMARY KEY,
        through INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        body BLOB NOT NULL
    ) WITHOUT ROWID
    """,
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
)
