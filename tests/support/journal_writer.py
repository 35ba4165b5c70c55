"""A process that writes a journal and prints what was acknowledged: to be killed, or to run out of disk.

python journal_writer.py PATH SESSIONS            write rows for ever, printing `session seq` once acknowledged
python journal_writer.py PATH full BYTES          write under a file size limit, then without it
"""

import asyncio
import itertools
import resource
import sys
from pathlib import Path

from segue.adapters.clock.system import SystemClock
from segue.adapters.store.schema import SqliteConfig
from segue.adapters.store.sqlite import SqliteStore
from segue.model.errors import SlotTaken, StoreUnavailable
from segue.model.ids import Seq, SessionId, session_id_from_word
from segue.session.rows import Urgency
from tests.support.journal_rows import row


async def write_for_ever(path: Path, sessions: int) -> None:
    store = await SqliteStore.open(SqliteConfig(path=path), SystemClock())

    async def write(session: SessionId) -> None:
        for seq in itertools.count(1):
            await store.put([row(seq, b"%d" % seq * 100, session=session)], Urgency.GATE)
            print(session, seq, flush=True)

    async with asyncio.TaskGroup() as group:
        for word in range(sessions):
            group.create_task(write(session_id_from_word(word)), name=f"writer-{word}")


async def write_until_full(path: Path, limit: int) -> None:
    """Rows go in until the file may not grow; then the limit is lifted and writing goes on. Prints what happened."""
    store = await SqliteStore.open(SqliteConfig(path=path), SystemClock())
    session, acknowledged, refusals = session_id_from_word(1), 0, 0
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    while refusals < 5:
        try:
            await store.put([row(acknowledged + 1, b"x" * 20_000, session=session)], Urgency.GATE)
            acknowledged += 1
        except StoreUnavailable as error:
            refusals += 1
            reason = error.reason
        if await store.head(session) != acknowledged:
            print("LOST", await store.head(session), acknowledged)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    before = acknowledged
    for _ in range(3):
        try:
            await store.put([row(acknowledged + 1, b"y" * 20_000, session=session)], Urgency.GATE)
        except SlotTaken:
            assert len(await store.read(session, Seq(acknowledged + 1), 1)) == 1
        acknowledged += 1
    await store.close()
    print("full", before, acknowledged, reason)


if __name__ == "__main__":
    if sys.argv[2] == "full":
        asyncio.run(write_until_full(Path(sys.argv[1]), int(sys.argv[3])))
    else:
        asyncio.run(write_for_ever(Path(sys.argv[1]), int(sys.argv[2])))
