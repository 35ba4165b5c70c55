"""The stores that the shared suite runs on. Another implementation joins by a line in `STORES`."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from segue.adapters.clock.fake import FakeClock
from segue.adapters.store.memory import MemoryStore
from segue.adapters.store.port import Store
from segue.adapters.store.schema import SqliteConfig
from segue.adapters.store.sqlite import SqliteStore


async def open_memory(folder: Path, clock: FakeClock) -> Store:
    return MemoryStore(clock)


async def open_sqlite(folder: Path, clock: FakeClock) -> Store:
    return await SqliteStore.open(SqliteConfig(path=folder / "journal.db"), clock)


STORES: dict[str, Callable[[Path, FakeClock], Awaitable[Store]]] = {"memory": open_memory, "sqlite": open_sqlite}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock) -> AsyncIterator[Store]:
    opened = await STORES[request.param](tmp_path, clock)
    yield opened
    await opened.close()
