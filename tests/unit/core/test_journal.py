"""Reading what a client missed from the journal, however long ago the response it is in began."""

from segue.adapters.store.memory import MemoryStore
from segue.core.journal import PAGE_ROWS, read_since
from segue.model.ids import Seq, SessionId
from segue.session.rows import Urgency
from segue.wire.realtime.cursor import Cursor
from tests.support.harness import CLOCK
from tests.support.speech_rows import heard, opened, row, segment, started


async def filled(rows: int, start: int) -> MemoryStore:
    store = MemoryStore(CLOCK)
    bodies = {1: opened(), start: started(1), start + 1: segment(1, 0)}
    for seq in range(1, rows + 1):
        await store.put([row(seq, bodies.get(seq, heard(1, seq)))], Urgency.SOON)
    return store


async def test_a_short_journal_is_read_whole():
    store = await filled(20, 5)
    found = await read_since(store, SessionId("sess_a"), Cursor(Seq(7)))
    assert [seq for seq, _ in found] == list(range(1, 21))


async def test_a_long_one_from_the_response_on():
    store = await filled(4 * PAGE_ROWS, PAGE_ROWS // 2)
    at = Seq(3 * PAGE_ROWS)
    silent = await read_since(store, SessionId("sess_a"), Cursor(at))
    assert silent[0][0] == at - PAGE_ROWS + 1
    assert silent[-1][0] == 4 * PAGE_ROWS
    speaking = await read_since(store, SessionId("sess_a"), Cursor(at, 0, 240))
    assert speaking[0][0] <= PAGE_ROWS // 2
    assert [seq for seq, _ in speaking] == list(range(speaking[0][0], 4 * PAGE_ROWS + 1))
