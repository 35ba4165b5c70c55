"""The one thread that writes the journal: everything that waits goes into one transaction, one sync for all.

Rules:

- A batch is one INSERT statement of all its rows when that is possible. It stands or falls whole, so it needs no
  transaction around it, and the thread gives up the interpreter lock once, not once a row.
- If a slot was taken the batch is written again put by put inside one transaction: a put whose slots conflict fails
  alone, and no acknowledgement is given before the commit.
- Rows that are not urgent wait for company until an urgent one arrives, at most `soon_linger_ms`.
- After an error that SQLite does not explain by a taken slot the connection is opened anew; what was in the batch is
  reported as unavailable, which says that nobody knows.
- The event loop is woken once per batch.
"""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from segue.adapters.clock.port import Clock
from segue.adapters.store.checkpoint import Checkpointer, reserve_log
from segue.adapters.store.schema import SqliteConfig, connect, translated
from segue.model.errors import SlotTaken, StoreUnavailable
from segue.model.ids import Seq
from segue.session.rows import Row, Snapshot, Urgency


@dataclass(slots=True, eq=False)
class Put:
    """Rows of one session that land all or none, and who waits for them."""

    rows: Sequence[Row]
    is_urgent: bool
    done: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class Keep:
    """A snapshot to keep, and who waits for it."""

    snapshot: Snapshot
    done: asyncio.Future[None]


@dataclass(slots=True, eq=False)
class _Batch:
    """What goes into one transaction."""

    puts: list[Put]
    keeps: list[Keep]
    rows: int = 0
    is_urgent: bool = False
    is_last: bool = False

    def add(self, job: Put | Keep | None) -> None:
        match job:
            case None:
                self.is_last = True
            case Put():
                self.puts.append(job)
                self.rows += len(job.rows)
                self.is_urgent = self.is_urgent or job.is_urgent
            case Keep():
                self.keeps.append(job)


Outcome = tuple[asyncio.Future[None], Exception | None]


class Writer:
    """The writing thread and the bounded queue before it. All methods are for the event loop's thread."""

    def __init__(self, config: SqliteConfig, clock: Clock, loop: asyncio.AbstractEventLoop) -> None:
        self._config = config
        self._clock = clock
        self._loop = loop
        self._queue: SimpleQueue[Put | Keep | None] = SimpleQueue()
        self._rows = 0
        self._bytes = 0
        self._is_open = True
        self._ready: asyncio.Future[None] = loop.create_future()
        self._connection: sqlite3.Connection | None = None
        self._checkpointer = Checkpointer(config)
        self._thread = threading.Thread(target=self._run, name="journal-writer", daemon=True)

    async def start(self) -> None:
        """Begin writing: return once the file is ready for the first commit."""
        self._checkpointer.start()
        self._thread.start()
        await self._ready

    async def put(self, rows: Sequence[Row], urgency: Urgency) -> None:
        """Make `rows` durable; see `Store.put`."""
        size = 0
        for row in rows:
            size += len(row.body)
        self._admit(len(rows), size)
        done = self._loop.create_future()
        self._queue.put(Put(rows, urgency is Urgency.GATE, done))
        try:
            await done
        finally:
            self._rows -= len(rows)
            self._bytes -= size

    async def keep(self, snapshot: Snapshot) -> None:
        """Keep a snapshot; see `Store.put_snapshot`."""
        self._admit(1, len(snapshot.body))
        done = self._loop.create_future()
        self._queue.put(Keep(snapshot, done))
        try:
            await done
        finally:
            self._rows -= 1
            self._bytes -= len(snapshot.body)

    async def close(self) -> None:
        """Write what was accepted, then end the thread."""
        if self._is_open:
            self._is_open = False
            self._queue.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def _admit(self, rows: int, size: int) -> None:
        if not self._is_open:
            raise StoreUnavailable("it is closed")
        config = self._config
        if self._rows + rows > config.queue_rows_max or self._bytes + size > config.queue_bytes_max:
            raise StoreUnavailable(f"{self._rows} rows ({self._bytes} bytes) wait to be written: it cannot keep up")
        self._rows += rows
        self._bytes += size

    # From here on: the writing thread

    def _run(self) -> None:
        is_last = False
        with contextlib.suppress(sqlite3.Error):  # The first batch tries again, and has someone to tell.
            self._connected()
        self._answer([(self._ready, None)])
        while not is_last:
            batch = self._gather()
            is_last = batch.is_last
            try:
                if batch.puts:
                    self._answer(self._write(batch.puts))
                if batch.keeps:
                    self._answer(self._write_snapshots(batch.keeps))
                if self._connection is not None:
                    self._checkpointer.written(self._connection, batch.rows + len(batch.keeps) + 2)
            except Exception as error:  # noqa: BLE001  # the thread's outermost frame: a bug goes to all who wait
                self._drop_connection()
                jobs: list[Put | Keep] = [*batch.puts, *batch.keeps]
                self._answer([(job.done, error) for job in jobs])
        self._checkpointer.close()
        self._drop_connection()

    def _gather(self) -> _Batch:
        """Wait for a job, then take what else is there; linger only while nothing urgent has come."""
        batch = _Batch([], [])
        batch.add(self._queue.get())
        linger_until: float | None = None
        while batch.rows < self._config.batch_rows_max and not batch.is_last:
            try:
                batch.add(self._queue.get_nowait())
                continue
            except Empty:
                if batch.is_urgent or not batch.puts:
                    break
            now = time.monotonic()
            if linger_until is None:
                linger_until = now + self._config.soon_linger_ms / 1000
            if now >= linger_until:
                break
            try:
                batch.add(self._queue.get(timeout=linger_until - now))
            except Empty:
                break
        return batch

    def _write(self, puts: list[Put]) -> list[Outcome]:
        wall_ms = self._clock.wall_ms()
        try:
            connection = self._connected()
            try:
                self._insert_all(connection, puts, wall_ms)
            except sqlite3.IntegrityError:
                return self._insert_each(connection, puts, wall_ms)
        except sqlite3.Error as error:
            self._drop_connection()
            return [(put.done, translated(error, self._config)) for put in puts]
        return [(put.done, None) for put in puts]

    def _insert_all(self, connection: sqlite3.Connection, puts: list[Put], wall_ms: int) -> None:
        rows = [row for put in puts for row in put.rows]
        if len(rows) <= _STATEMENT_ROWS_MAX:
            _insert(connection, rows, wall_ms)
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            for start in range(0, len(rows), _STATEMENT_ROWS_MAX):
                _insert(connection, rows[start : start + _STATEMENT_ROWS_MAX], wall_ms)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def _insert_each(self, connection: sqlite3.Connection, puts: list[Put], wall_ms: int) -> list[Outcome]:
        outcomes: list[Outcome] = []
        connection.execute("BEGIN IMMEDIATE")
        try:
            for put in puts:
                taken = _taken(connection, put.rows)
                if taken is None:
                    for start in range(0, len(put.rows), _STATEMENT_ROWS_MAX):
                        _insert(connection, put.rows[start : start + _STATEMENT_ROWS_MAX], wall_ms)
                outcomes.append((put.done, None if taken is None else SlotTaken(put.rows[0].session, taken)))
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return outcomes

    def _write_snapshots(self, keeps: list[Keep]) -> list[Outcome]:
        try:
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            try:
                for keep in keeps:
                    kept = keep.snapshot
                    connection.execute(_KEEP, (kept.session, kept.through, kept.epoch, kept.body))
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            self._drop_connection()
            return [(keep.done, translated(error, self._config)) for keep in keeps]
        return [(keep.done, None) for keep in keeps]

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = connect(self._config)
            try:
                connection.execute("PRAGMA wal_autocheckpoint = 0")
                reserve_log(connection, self._config)
            except sqlite3.Error:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _drop_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except sqlite3.Error:
                return

    def _answer(self, outcomes: Sequence[Outcome]) -> None:
        try:
            self._loop.call_soon_threadsafe(_settle, outcomes)
        except RuntimeError:
            return  # The loop is closed: nobody is left to tell.


def _settle(outcomes: Sequence[Outcome]) -> None:
    for done, error in outcomes:
        if done.done():
            continue
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)


def _insert(connection: sqlite3.Connection, rows: Sequence[Row], wall_ms: int) -> None:
    """Insert all of `rows`, or none if a slot is taken (one statement is undone whole)."""
    values: list[object] = []
    for row in rows:
        values += (row.session, row.seq, row.epoch, row.kind, row.version, wall_ms, row.body)
    connection.execute(_insert_statement(len(rows)), values)


def _insert_statement(rows: int) -> str:
    statement = _STATEMENTS.get(rows)
    if statement is None:
        statement = _STATEMENTS[rows] = _INSERT + ", ".join(["(?, ?, ?, ?, ?, ?, ?)"] * rows)
    return statement


def _taken(connection: sqlite3.Connection, rows: Sequence[Row]) -> Seq | None:
    found = connection.execute(
        "SELECT min(seq) FROM rows WHERE session = ? AND seq BETWEEN ? AND ?",
        (rows[0].session, rows[0].seq, rows[-1].seq),
    ).fetchone()[0]
    return None if found is None else Seq(found)


_STATEMENT_ROWS_MAX = 128
_STATEMENTS: dict[int, str] = {}
_INSERT = "INSERT INTO rows (session, seq, epoch, kind, version, wall_ms, body) VALUES "
_KEEP = (
    "INSERT INTO snapshots (session, through, epoch, body) VALUES (?, ?, ?, ?) "
    "ON CONFLICT (session) DO UPDATE SET through = excluded.through, epoch = excluded.epoch, body = excluded.body "
    "WHERE excluded.through > snapshots.through"
)
