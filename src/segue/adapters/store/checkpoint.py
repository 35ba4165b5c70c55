"""Checkpoints off the commit path: the log's pages are copied into the file by a thread of their own.

SQLite would do it inside some unlucky commit, which then takes ten times as long. Here a passive checkpoint runs beside
the writer. It cannot rewind the log while commits keep coming, so the log may grow; past `LOG_PAGES_MAX` the writer is
asked to do the short rest between two of its own batches, after which SQLite rewinds it.
"""

import sqlite3
import threading
from queue import SimpleQueue

from segue.adapters.store.schema import SqliteConfig, connect


class Checkpointer:
    """One thread that checkpoints when the writer says that enough has been written."""

    def __init__(self, config: SqliteConfig) -> None:
        self._config = config
        self._wanted: SimpleQueue[bool] = SimpleQueue()
        self._is_asked = False
        self._pages = 0
        self._is_log_long = False
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
        if self._is_asked or self._pages < CHECKPOINT_PAGES:
            return
        if self._is_log_long:
            _checkpoint(connection)
            self._is_log_long = False
        self._pages = 0
        self._is_asked = True
        self._wanted.put(True)

    def _run(self) -> None:
        while self._wanted.get():
            try:
                connection = connect(self._config)
                try:
                    self._is_log_long = _checkpoint(connection) > LOG_PAGES_MAX
                finally:
                    connection.close()
            except sqlite3.Error:
                self._is_log_long = False  # The disk or the file fails: the writer will say so to those who wait.
            self._is_asked = False


def _checkpoint(connection: sqlite3.Connection) -> int:
    """Copy what may be copied without making anyone wait; return how long the log was when this began, in pages."""
    _, log_pages, _ = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(log_pages)


CHECKPOINT_PAGES = 1_000
"""Pages of 4 KiB between checkpoints: SQLite's own measure."""

LOG_PAGES_MAX = 16_000
"""Pages (64 MiB) the log may reach before the writer lends a hand; what a crash would have to read again."""
