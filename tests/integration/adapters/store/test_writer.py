"""The writing thread: what shares a commit, what waits, what is refused."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from segue.adapters.clock.fake import FakeClock
from segue.adapters.store.schema import SqliteConfig, prepare
from segue.adapters.store.writer import Writer
from segue.model.errors import StoreUnavailable
from segue.model.ids import session_id_from_word
from segue.model.time import WallMs
from segue.session.rows import Urgency
from tests.support.journal_rows import row


class Counted(Writer):
    """Counts its batches."""

    batches: list[int]

    def _write(self, puts):  # type: ignore[no-untyped-def]
        self.batches.append(len(puts))
        return super()._write(puts)


async def counted(config: SqliteConfig, clock: FakeClock | None = None) -> Counted:
    prepare(config)
    writer = Counted(config, clock if clock is not None else FakeClock(), asyncio.get_running_loop())
    writer.batches = []
    await writer.start()
    return writer


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[Counted]:
    made = await counted(SqliteConfig(path=tmp_path / "journal.db", soon_linger_ms=50))
    yield made
    await made.close()


async def test_what_waits_shares_a_commit(writer: Counted) -> None:
    await asyncio.gather(*(writer.put([row(1, session=session_id_from_word(n))], Urgency.GATE) for n in range(200)))
    assert sum(writer.batches) == 200
    assert len(writer.batches) <= 10


async def test_rows_that_are_not_urgent_wait_for_company(writer: Counted) -> None:
    soon = asyncio.ensure_future(writer.put([row(1)], Urgency.SOON))  # noqa: TID251
    await asyncio.sleep(0)
    await writer.put([row(1, session=session_id_from_word(99))], Urgency.GATE)
    await soon
    assert writer.batches == [2]


async def test_an_urgent_row_does_not_linger(tmp_path: Path) -> None:
    writer = await counted(SqliteConfig(path=tmp_path / "journal.db", soon_linger_ms=50))
    loop = asyncio.get_running_loop()
    took = []
    for seq in range(1, 21):
        began = loop.time()
        await writer.put([row(seq)], Urgency.GATE)
        took.append(loop.time() - began)
    assert min(took) < 0.025
    await writer.close()


async def test_a_full_queue_refuses(tmp_path: Path) -> None:
    writer = await counted(SqliteConfig(path=tmp_path / "journal.db", queue_rows_max=10, queue_bytes_max=1_000))
    outcomes = await asyncio.gather(
        *(writer.put([row(1, session=session_id_from_word(n))], Urgency.GATE) for n in range(30)),
        return_exceptions=True,
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, StoreUnavailable)]
    assert len(refused) == 20
    assert "cannot keep up" in str(refused[0])
    with pytest.raises(StoreUnavailable, match="cannot keep up"):
        await writer.put([row(1, b"x" * 1_001)], Urgency.GATE)
    await writer.put([row(2)], Urgency.GATE)
    await writer.close()


async def test_a_bug_goes_to_those_who_wait_and_the_thread_goes_on(tmp_path: Path) -> None:
    class Broken(FakeClock):
        def wall_ms(self) -> WallMs:
            raise RuntimeError("a broken clock")

    clock = Broken()
    writer = await counted(SqliteConfig(path=tmp_path / "journal.db"), clock)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="a broken clock"):
            await writer.put([row(1)], Urgency.GATE)
    await writer.close()


async def test_it_opens_the_file_again_after_an_error(tmp_path: Path) -> None:
    config = SqliteConfig(path=tmp_path / "journal.db", busy_ms=20)
    writer = await counted(config)
    await writer.put([row(1)], Urgency.GATE)
    other = sqlite3.connect(config.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    outcomes = await asyncio.gather(
        *(writer.put([row(2, session=session_id_from_word(n))], Urgency.GATE) for n in range(5)),
        return_exceptions=True,
    )
    assert all(isinstance(outcome, StoreUnavailable) for outcome in outcomes)
    other.execute("ROLLBACK")
    other.close()
    await writer.put([row(2)], Urgency.GATE)
    await writer.close()
