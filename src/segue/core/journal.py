"""One session's way to the store: performs what the kernel asks and brings the answer back."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from segue.adapters.clock.port import Clock
from segue.adapters.store.answering import answer
from segue.adapters.store.port import Store
from segue.core.downlink import starts_audio
from segue.core.metrics import CoreMetrics
from segue.core.tasks import SessionTasks
from segue.model.errors import StoreUnavailable
from segue.model.ids import Seq, SessionId
from segue.model.time import NS_PER_S
from segue.session.inputs import Appended, StoreAnswer
from segue.session.outputs import StoreRequest
from segue.session.rows import Row
from segue.voice.rows import VoiceRow, decode_row
from segue.wire.realtime.cursor import Cursor

PAGE_ROWS: Final = 128


class Journal:
    """The store as one session uses it. Requests run as tasks of the session."""

    def __init__(
        self,
        store: Store,
        tasks: SessionTasks,
        clock: Clock,
        metrics: CoreMetrics,
        on_answer: Callable[[StoreAnswer], None],
    ) -> None:
        self._store = store
        self._tasks = tasks
        self._clock = clock
        self._metrics = metrics
        self._on_answer = on_answer

    def ask(self, request: StoreRequest) -> None:
        """Have this done; the answer comes later, if one is expected."""
        self._tasks.spawn(self._perform(request), f"journal.{type(request).__name__}")

    def read_history(
        self, session: SessionId, cursor: Cursor, done: Callable[[tuple[tuple[Seq, VoiceRow], ...] | None], None]
    ) -> None:
        """Fetch what a client at `cursor` may have missed; None if the store is away."""

        async def read() -> None:
            try:
                done(await read_since(self._store, session, cursor))
            except StoreUnavailable:
                done(None)

        self._tasks.spawn(read(), "journal.history")

    async def _perform(self, request: StoreRequest) -> None:
        began = self._clock.mono_ns()
        answered = await answer(self._store, request)
        if isinstance(answered, Appended):
            self._metrics.put_s.observe((self._clock.mono_ns() - began) / NS_PER_S)
        if answered is not None:
            self._on_answer(answered)


async def read_since(store: Store, session: SessionId, cursor: Cursor) -> tuple[tuple[Seq, VoiceRow], ...]:
    """Rows from the start of the spoken response that `cursor` is in, to the end of the journal.

    Raises:
        StoreUnavailable: They cannot be read now.
        PeerProtocolError: The journal is damaged.
    """
    first = Seq(max(1, cursor.seq - PAGE_ROWS + 1))
    found = _decoded(await _to_end(store, session, first))
    while first > 1 and cursor.audio_samples and not _has_start(found, cursor):
        until, first = first, Seq(max(1, first - PAGE_ROWS))
        found = _decoded(await store.read(session, first, until - first)) + found
    return found


async def _to_end(store: Store, session: SessionId, first: Seq) -> list[Row]:
    rows: list[Row] = []
    while True:
        page = await store.read(session, Seq(first + len(rows)), PAGE_ROWS)
        rows += page
        if len(page) < PAGE_ROWS:
            return rows


def _decoded(rows: Sequence[Row]) -> tuple[tuple[Seq, VoiceRow], ...]:
    return tuple((row.seq, body) for row in rows if (body := decode_row(row)) is not None)


def _has_start(rows: Iterable[tuple[Seq, VoiceRow]], cursor: Cursor) -> bool:
    return any(starts_audio(body) for seq, body in rows if seq <= cursor.seq)
