from collections.abc import AsyncIterator

import pytest

from tests.support.fake_core import FakeCore


@pytest.fixture(autouse=True)
async def _stop_cores() -> AsyncIterator[None]:
    """Fake cores that a test started end with it."""
    yield
    await FakeCore.stop_all()
