"""The SQLite store on a real disk: kill -9, a full disk, damage, other versions, other processes."""

# ruff: noqa: ASYNC240  # a test may block its own loop for a small file

import asyncio
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from segue.adapters.clock.fake import FakeClock
from segue.adapters.store.schema import SqliteConfig
from segue.adapters.store.sqlite import SqliteStore
from segue.model.errors import ConfigError, JournalTooNew, SlotTaken, StoreUnavailable
from segue.model.ids import Seq, SessionId, session_id_from_word
from segue.session.rows import Row, Urgency
from tests.support.journal_rows import ONE, row

ROOT = Path(__file__).parents[4]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}


def writer(*arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "tests/support/journal_writer.py"), *arguments]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


async def opened(path: Path, **config: int) -> SqliteStore:
    return await SqliteStore.open(SqliteConfig(path=path, **config), FakeClock())


@pytest.mark.parametrize("round_", range(3))
async def test_kill_9_loses_no_acknowledged_row(path: Path, round_: int) -> None:
    process = await asyncio.create_subprocess_exec(
        *writer(str(path), "8"), stdout=asyncio.subprocess.PIPE, env=ENVIRONMENT
    )
    assert process.stdout is not None
    acknowledged: dict[SessionId, int] = {}
    try:
        async with asyncio.timeout(30):
            for _ in range(300 + 170 * round_):
                session, seq = (await process.stdout.readline()).decode().split()
                acknowledged[SessionId(session)] = int(seq)
    finally:
        process.kill()
    rest = (await process.stdout.read()).decode()
    await process.wait()
    for line in rest.splitlines(keepends=True):
        if line.endswith("\n"):
            session, seq = line.split()
            acknowledged[SessionId(session)] = int(seq)
    store = await opened(path)
    for session, last in acknowledged.items():
        rows = await store.read(session, Seq(1), 100_000)
        assert len(rows) >= last
        assert [one.seq for one in rows] == list(range(1, len(rows) + 1))
        assert all(one.body == b"%d" % one.seq * 100 for one in rows)
    await store.close()


def test_a_full_disk_is_unavailable_and_passes(path: Path) -> None:
    done = subprocess.run(
        writer(str(path), "full", "2000000"), capture_output=True, text=True, env=ENVIRONMENT, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "LOST" not in done.stdout
    word, before, after, *reason = done.stdout.split()
    assert word == "full"
    assert int(before) > 10
    assert int(after) == int(before) + 3
    assert "journal.db" in " ".join(reason)


async def test_a_journal_at_its_page_limit_is_unavailable_until_it_is_raised(path: Path) -> None:
    store = await opened(path, pages_max=30)
    seq = 0
    refusal: StoreUnavailable | None = None
    while refusal is None:
        try:
            await store.put([row(seq + 1, b"x" * 10_000)], Urgency.GATE)
            seq += 1
        except StoreUnavailable as error:
            refusal = error
    assert await store.head(ONE) == seq > 5
    with pytest.raises(StoreUnavailable, match="full"):
        await store.put([row(seq + 1, b"x" * 10_000)], Urgency.GATE)
    await store.close()
    store = await opened(path, pages_max=500)
    await store.put([row(seq + 1, b"x" * 10_000)], Urgency.GATE)
    assert await store.head(ONE) == seq + 1
    await store.close()


async def test_two_processes_share_a_file(path: Path) -> None:
    """Two stores stand for them: each has its own connections, and SQLite knows no difference."""
    one, other = await opened(path), await opened(path)
    winners = []
    for seq in range(1, 31):
        outcomes = await asyncio.gather(
            one.put([row(seq, b"one")], Urgency.GATE),
            other.put([row(seq, b"other")], Urgency.GATE),
            return_exceptions=True,
        )
        assert sorted(outcome is None for outcome in outcomes) == [False, True]
        assert any(isinstance(outcome, SlotTaken) for outcome in outcomes)
        winners.append((await one.read(ONE, Seq(seq), 1))[0].body)
        assert (await other.read(ONE, Seq(seq), 1))[0].body == winners[-1]
    await one.close()
    await other.put([row(31)], Urgency.GATE)
    await other.close()


async def test_a_file_locked_for_too_long_is_unavailable_and_then_not(path: Path) -> None:
    store = await opened(path, busy_ms=50)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        await store.put([row(1)], Urgency.GATE)
    with pytest.raises(StoreUnavailable, match="locked"):
        await opened(path, busy_ms=50)
    other.execute("ROLLBACK")
    other.close()
    await store.put([row(1)], Urgency.GATE)
    await store.close()


async def test_the_file_is_the_owners_alone(path: Path) -> None:
    store = await opened(path)
    await store.put([row(1)], Urgency.GATE)
    for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
        assert stat.S_IMODE((path.parent / name).stat().st_mode) == 0o600
    await store.close()


async def test_what_was_accepted_is_written_before_it_closes(path: Path) -> None:
    store = await opened(path)
    puts = [asyncio.ensure_future(store.put([row(1, session=session_id_from_word(n))], Urgency.SOON)) for n in range(9)]  # noqa: TID251
    await asyncio.sleep(0)
    await store.close()
    assert await asyncio.gather(*puts) == [None] * 9
    store = await opened(path)
    assert [await store.head(session_id_from_word(n)) for n in range(9)] == [1] * 9
    await store.close()


async def test_a_newer_journal_is_left_untouched(path: Path) -> None:
    await (await opened(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(JournalTooNew, match=r"version 99 is newer than 1"):
        await opened(path)
    assert path.read_bytes() == before


async def test_another_programs_database_is_refused(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    with pytest.raises(ConfigError, match="not a journal"):
        await opened(path)


async def test_a_journal_without_a_version_is_refused(path: Path) -> None:
    await (await opened(path)).close()
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM meta")
    connection.close()
    with pytest.raises(ConfigError, match="does not say its version"):
        await opened(path)


async def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"this is a letter, not a database\n" * 1_000)
    with pytest.raises(ConfigError, match="not a database"):
        await opened(path)
    assert path.read_bytes().startswith(b"this is a letter")


async def read_all(path: Path) -> list[Row]:
    store = await opened(path)
    try:
        return await store.read(ONE, Seq(1), 100)
    finally:
        await store.close()


async def test_damage_found_later_is_named(path: Path) -> None:
    store = await opened(path)
    await store.put([row(seq, os.urandom(3_000)) for seq in range(1, 101)], Urgency.GATE)
    await store.close()
    damaged = bytearray(path.read_bytes())
    damaged[8192 * 2 :] = b"\xff" * (len(damaged) - 8192 * 2)
    path.write_bytes(damaged)
    with pytest.raises(ConfigError, match="restore it from a backup"):
        await read_all(path)


async def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        await opened(tmp_path / "absent" / "journal.db")


async def test_many_openings_at_once(path: Path) -> None:
    stores = await asyncio.gather(*(opened(path) for _ in range(6)))
    await stores[0].put([row(1)], Urgency.GATE)
    assert [await store.head(ONE) for store in stores] == [1] * 6
    for store in stores:
        await store.close()
