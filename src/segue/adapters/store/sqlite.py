"""The embedded store: one SQLite file, one writing thread with group commit, a few reading threads.

Durable means synced: WAL with `synchronous = FULL`. Two processes may share one file (each has its own writer; SQLite
orders them); the file must be on a local disk.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import Empty, SimpleQueue
from typing import TypeVar

from segue.adapters.clock.port import Clock
from segue.adapters.store.port import SessionSummary, StampedRow, check_put
from segue.adapters.store.schema import SqliteConfig, connect, prepare, translated
from segue.adapters.store.writer import Writer
from segue.model.errors import StoreUnavailable
from segue.model.ids import Epoch, Seq, SessionId
from segue.model.time import WallMs
from segue.session.rows import EPOCH_KIND, Row, Snapshot, Urgency, decode_epoch

T = TypeVar("T")


class SqliteStore:
    """A journal file, opened by `open`."""

    def __init__(self, config: SqliteConfig, writer: Writer, readers: ThreadPoolExecutor) -> None:
        self._config = config
        self._writer = writer
        self._readers = readers
        self._connections: SimpleQueue[sqlite3.Connection] = SimpleQueue()
        self._is_open = True

    @classmethod
    async def open(cls, config: SqliteConfig, clock: Clock) -> "SqliteStore":
        """Open the journal at `config.path`, making it if it is absent.

        Raises:
            ConfigError: The file cannot be opened, is damaged, or is something else.
            JournalTooNew: A newer release wrote it; it was left untouched.
            StoreUnavailable: Another process held it for too long.
        """
        loop = asyncio.get_running_loop()
        readers = ThreadPoolExecutor(config.readers, thread_name_prefix="journal-reader")
        try:
            await loop.run_in_executor(readers, prepare, config)
        except BaseException:
            readers.shutdown(wait=False)
            raise
        writer = Writer(config, clock, loop)
        await writer.start()
        return cls(config, writer, readers)

    async def put(self, rows: Sequence[Row], urgency: Urgency) -> None:
        check_put(rows)
        await self._writer.put(rows, urgency)

    async def read(self, session: SessionId, from_seq: Seq, limit: int) -> list[Row]:
        return await self._read(lambda connection: [s.row for s in _rows(connection, session, from_seq, limit)])

    async def read_stamped(self, session: SessionId, from_seq: Seq, limit: int) -> list[StampedRow]:
        return await self._read(lambda connection: _rows(connection, session, from_seq, limit))

    async def head(self, session: SessionId) -> Seq:
        return await self._read(lambda connection: _head(connection, session)[0])

    async def put_snapshot(self, snapshot: Snapshot) -> None:
        await self._writer.keep(snapshot)

    async def read_snapshot(self, session: SessionId) -> Snapshot | None:
        return await self._read(lambda connection: _snapshot(connection, session))

    async def sessions(
        self, *, limit: int, started_before: WallMs | None = None, subject: str | None = None
    ) -> list[SessionSummary]:
        return await self._read(lambda connection: _sessions(connection, limit, started_before, subject))

    async def close(self) -> None:
        self._is_open = False
        await self._writer.close()
        await asyncio.get_running_loop().run_in_executor(None, self._close_readers)

    async def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        if not self._is_open:
            raise StoreUnavailable("it is closed")
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._query, query)

    # From here on: the reading threads

    def _query(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            connection = self._connections.get_nowait()
        except Empty:
            connection = self._connect()
        try:
            result = query(connection)
        except sqlite3.Error as error:
            connection.close()
            raise translated(error, self._config) from error
        except BaseException:
            connection.close()
            raise
        self._connections.put(connection)
        return result

    def _connect(self) -> sqlite3.Connection:
        try:
            return connect(self._config, is_reader=True)
        except sqlite3.Error as error:
            raise translated(error, self._config) from error

    def _close_readers(self) -> None:
        self._readers.shutdown(wait=True)
        while True:
            try:
                self._connections.get_nowait().close()
            except Empty:
                return


def _rows(connection: sqlite3.Connection, session: SessionId, from_seq: Seq, limit: int) -> list[StampedRow]:
    found = connection.execute(
        "SELECT seq, epoch, kind, version, wall_ms, body FROM rows WHERE session = ? AND seq >= ? ORDER BY seq LIMIT ?",
        (session, from_seq, limit),
    ).fetchall()
    return [
        StampedRow(
            row=Row(session=session, seq=seq, epoch=epoch, kind=kind, body=body, version=version), wall_ms=wall_ms
        )
        for seq, epoch, kind, version, wall_ms, body in found
    ]


def _head(connection: sqlite3.Connection, session: SessionId) -> tuple[Seq, WallMs]:
    found = connection.execute(
        "SELECT seq, wall_ms FROM rows WHERE session = ? ORDER BY seq DESC LIMIT 1", (session,)
    ).fetchone()
    return (Seq(found[0]), WallMs(found[1])) if found is not None else (Seq(0), WallMs(0))


def _snapshot(connection: sqlite3.Connection, session: SessionId) -> Snapshot | None:
    found = connection.execute("SELECT through, epoch, body FROM snapshots WHERE session = ?", (session,)).fetchone()
    if found is None:
        return None
    return Snapshot(session=session, through=Seq(found[0]), epoch=Epoch(found[1]), body=found[2])


def _sessions(
    connection: sqlite3.Connection, limit: int, started_before: WallMs | None, subject: str | None
) -> list[SessionSummary]:
    listed: list[SessionSummary] = []
    starts = connection.execute(
        "SELECT session, wall_ms FROM rows WHERE seq = 1 AND kind = 'epoch' AND wall_ms < ? "
        "ORDER BY wall_ms DESC, session",
        (started_before if started_before is not None else _WALL_MS_MAX,),
    )
    for session, first_wall_ms in starts:
        if len(listed) == limit:
            break
        summary = _summary(connection, session, first_wall_ms)
        if subject is None or summary.subject == subject:
            listed.append(summary)
    starts.close()
    return listed


def _summary(connection: sqlite3.Connection, session: SessionId, first_wall_ms: WallMs) -> SessionSummary:
    head, last_wall_ms = _head(connection, session)
    seq, epoch, version, body = connection.execute(
        "SELECT seq, epoch, version, body FROM rows WHERE session = ? AND kind = 'epoch' ORDER BY seq DESC LIMIT 1",
        (session,),
    ).fetchone()
    claim = decode_epoch(Row(session=session, seq=seq, epoch=epoch, kind=EPOCH_KIND, body=body, version=version))
    return SessionSummary(
        session=session,
        first_wall_ms=first_wall_ms,
        last_wall_ms=last_wall_ms,
        head=head,
        epoch=epoch,
        node=claim.node,
        subject=claim.subject,
    )


_WALL_MS_MAX = 1 << 62
