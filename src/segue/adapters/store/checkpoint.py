"""Checkpoints off the commit path: the log's pages are copied into the file by a thread of their own.

SQLite would do it inside some unlucky commit, which then takes ten times as long. Here passive checkpoints run beside
the writer until little is left. They cannot rewind the log while commits keep coming, so the writer copies the short
rest between two of its batches, after it has answered them; its next commit then begins the log anew.

That matters, because a log that grows changes its file's metadata at each sync: measured on ext4, such a commit takes
half as long again. For the same reason the log is given its size before the first commit (`reserve_log`).
"""

import os
import sqlite3
import threading
from queue import SimpleQueue

from segue.adapters.store.schema import PAGE_BYTES, SqliteConfig, connect


class Checkpointer:
    """One thread that checkpoints when the writer says that enough has been written."""

    def __init__(self, config: SqliteConfig) -> None:
        self._config = config
        self._wanted: SimpleQueue[bool] = SimpleQueue()
        self._is_asked = False
        self._is_rest_due = False
        self._pages = 0
        self._thread = threading.Thread(target=self._run, name="journal-checkpoint", daemon=True)

    def start(self) -> None:
        """Begin waiting for work."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; SQLite makes the last checkpoint when the last connection is closed."""
        self._wanted.put(False)
        self._thread.join()

    def written(self, connection: sqlite3.Connection, pages: int) -> None:
        """The writer committed about `pages` pages on `connection`. Called by the writing thread, between batches."""
        self._pages += pages
        if self._is_rest_due:
            self._is_rest_due = False
            _checkpoint(connection)
        elif not self._is_asked and self._pages >= CHECKPOINT_PAGES:
            self._pages = 0
            self._is_asked = True
            self._wanted.put(True)

    def _run(self) -> None:
        while self._wanted.get():
            try:
                connection = connect(self._config)
                try:
                    _copy_most(connection)
                    self._is_rest_due = True
                finally:
                    connection.close()
            except sqlite3.Error:
                pass  # The disk or the file fails: the writer will say so to those who wait.
            self._is_asked = False


def reserve_log(connection: sqlite3.Connection, config: SqliteConfig) -> None:
    """Fill the log's file with zeros up to the size it will need, so that commits write over it.

    SQLite takes what follows the last valid frame for the remains of an earlier log, and a zero is never a valid frame.
    The write lock keeps every other writer from appending meanwhile. A disk too full for it is left as it is.

    Raises:
        sqlite3.Error: The write lock was not to be had.
    """
    connection.execute("BEGIN IMMEDIATE")
    try:
        log = os.open(f"{config.path}-wal", os.O_WRONLY | os.O_CLOEXEC)
        try:
            missing = LOG_RESERVED_BYTES - os.lseek(log, 0, os.SEEK_END)
            while missing > 0:
                missing -= os.write(log, bytes(min(missing, _ZEROS_BYTES)))
            os.fsync(log)
        finally:
            os.close(log)
    except OSError:
        return
    finally:
        connection.execute("ROLLBACK")


def _copy_most(connection: sqlite3.Connection) -> None:
    """Copy until a pass found little to do, as the writer goes on writing."""
    before = _checkpoint(connection)
    for _ in range(_PASSES_MAX):
        now = _checkpoint(connection)
        if now - before < _REST_PAGES_MAX:
            return
        before = now


def _checkpoint(connection: sqlite3.Connection) -> int:
    """Copy what may be copied without making anyone wait; return how much of the log has been copied, in pages."""
    _, _, copied_pages = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(copied_pages)


CHECKPOINT_PAGES = 2_000
"""Pages between checkpoints: a log of some 16 MiB, read again in a tenth of a second after a crash."""

LOG_RESERVED_BYTES = 2_500 * (PAGE_BYTES + 24)
"""The log between two checkpoints and a quarter: 20 MB of disk, written once when a journal is opened (some 30 ms)."""

_ZEROS_BYTES = 1024 * 1024
_REST_PAGES_MAX = 50
_PASSES_MAX = 4

assert LOG_RESERVED_BYTES > CHECKPOINT_PAGES * (PAGE_BYTES + 24), "else the log grows before it is rewound"
