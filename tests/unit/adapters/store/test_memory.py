"""What is particular to the store in memory; what all stores do is tested in the integration suite."""

from segue.adapters.clock.fake import FakeClock
from segue.adapters.store.memory import MemoryStore
from segue.model.ids import Seq
from segue.session.rows import Urgency
from tests.support.journal_rows import ONE, TWO, claim, row


async def test_a_journal_that_was_never_claimed_is_not_listed() -> None:
    store = MemoryStore(FakeClock())
    await store.put([row(1)], Urgency.GATE)
    await store.put([claim(1, session=TWO)], Urgency.GATE)
    assert [summary.session for summary in await store.sessions(limit=9)] == [TWO]
    assert await store.read(ONE, Seq(1), 9) == [row(1)]
