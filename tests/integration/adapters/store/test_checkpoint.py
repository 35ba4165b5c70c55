"""Checkpoints happen beside the writer, and the log does not grow for ever."""

import asyncio
from pathlib import Path

import pytest

from segue.adapters.clock.fake import FakeClock
from segue.adapters.store import checkpoint
from segue.adapters.store.schema import SqliteConfig
from segue.adapters.store.sqlite import SqliteStore
from segue.model.ids import session_id_from_word
from segue.session.rows import Urgency
from tests.support.journal_rows import row


async def write(store: SqliteStore, rounds: range, writers: int = 32) -> None:
    for seq in rounds:
        await asyncio.gather(
            *(
                store.put([row(seq, b"x" * 2_000, session=session_id_from_word(n))], Urgency.GATE)
                for n in range(writers)
            )
        )


async def test_the_log_is_copied_and_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "CHECKPOINT_PAGES", 100)
    path = tmp_path / "journal.db"
    store = await SqliteStore.open(SqliteConfig(path=path), FakeClock())
    await write(store, range(1, 200))
    log_bytes = (tmp_path / "journal.db-wal").stat().st_size
    assert path.stat().st_size > 4_000_000, "most rows are in the file itself"
    assert log_bytes <= checkpoint.LOG_RESERVED_BYTES, "the log was rewound, not only copied"
    await store.close()
    assert not (tmp_path / "journal.db-wal").exists()
