"""One journal and the owners that fight for it, stepped by hand: every answer may come, be lost, or land late."""

from collections import deque
from enum import StrEnum

from segue.model.errors import SlotTaken
from segue.model.ids import NodeId, Seq, SessionId, session_id_from_word
from segue.model.time import MonoNs, ms
from segue.session.config import SessionConfig
from segue.session.inputs import (
    Appended,
    AppendRefused,
    AppendUnknown,
    Claim,
    Happened,
    Input,
    RowsRead,
    SnapshotRead,
    StoreLost,
    Tick,
)
from segue.session.machine import SessionMachine
from segue.session.outputs import (
    Append,
    Owned,
    Perform,
    ReadRows,
    ReadSnapshot,
    RowReleased,
    SaveSnapshot,
    Stopped,
    StoreNoticed,
)
from segue.session.rows import EPOCH_KIND, Row, Snapshot
from tests.support.counter_kind import (
    Add,
    CounterEffect,
    CounterKind,
    Event,
    LookUpCharge,
    Receipt,
    RunCharge,
    folded,
)

SESSION = session_id_from_word(7)


class Time:
    """The monotonic clock of all owners of a test."""

    def __init__(self) -> None:
        self.now = MonoNs(1)

    def pass_ms(self, value: float) -> None:
        self.now = MonoNs(self.now + ms(value))


class Journal:
    """Put-if-absent over a list, checked whole at every write."""

    def __init__(self, session: SessionId = SESSION) -> None:
        self.session = session
        self.rows: list[Row] = []
        self.snapshot: Snapshot | None = None

    def put(self, rows: tuple[Row, ...]) -> None:
        for row in rows:
            if row.seq <= len(self.rows):
                raise SlotTaken(row.session, row.seq)
        assert rows[0].seq == len(self.rows) + 1, "a row landed behind an empty slot"
        epoch = self.rows[-1].epoch if self.rows else 0
        for row in rows:
            epoch += row.kind == EPOCH_KIND
            assert row.epoch == epoch, f"a row of epoch {row.epoch} landed while {epoch} is in force"
            self.rows.append(row)


class Fate(StrEnum):
    ANSWERED = "answered"
    UNSENT = "unsent"
    """The store never saw the request."""
    UNANSWERED = "unanswered"
    """It was performed, and the answer was lost."""
    LATE = "late"
    """Its answer is given up; the store performs it at some later time."""


class Owner:
    """A driver of one machine. It asserts, at each effect, that the gate was right to let it out."""

    def __init__(
        self,
        journal: Journal,
        time: Time,
        node: str = "node-a",
        config: SessionConfig | None = None,
        kind: CounterKind | None = None,
    ) -> None:
        self.journal, self.time, self.node = journal, time, node
        self.kind = kind if kind is not None else CounterKind()
        self.machine: SessionMachine[Event, CounterEffect] = SessionMachine(
            journal.session, self.kind, config if config is not None else SessionConfig()
        )
        self.requests: deque[ReadSnapshot | ReadRows | Append] = deque()
        self.performed: list[CounterEffect] = []
        self.released: list[RowReleased] = []
        self.notices: list[bool] = []
        self.saved: list[Snapshot] = []
        self.late: list[Append] = []
        self.owned: Owned | None = None
        self.stopped: Stopped | None = None

    def claim(self) -> "Owner":
        self.tell(Claim(node=NodeId(self.node), claim=f"claim-of-{self.node}-{self.time.now}", subject="subject"))
        return self

    def own(self) -> "Owner":
        """Claim, and answer until the session is ours."""
        self.claim()
        self.settle()
        assert self.owned is not None
        return self

    def add(self, number: int, amount: int) -> None:
        self.happen(Add(number, amount))

    def happen(self, event: Event) -> None:
        self.tell(Happened(event=event))

    def tick(self) -> None:
        self.tell(Tick())

    def tick_at_deadline(self) -> None:
        """Let time pass to the next deadline, and tell."""
        deadline = self.machine.next_deadline()
        assert deadline is not None
        self.time.now = max(self.time.now, deadline.at)
        self.tick()

    def settle(self) -> None:
        """Answer every request, as a healthy store does."""
        while self.requests:
            self.answer()

    def answer(self, fate: Fate = Fate.ANSWERED) -> None:
        request = self.requests.popleft()
        match request:
            case Append(rows=rows):
                if fate is Fate.LATE:
                    self.late.append(request)
                try:
                    if fate in (Fate.ANSWERED, Fate.UNANSWERED):
                        self.journal.put(rows)
                    answer: Input[Event] = Appended(through=rows[-1].seq)
                except SlotTaken as error:
                    answer = AppendRefused(seq=error.seq)
                if fate is not Fate.ANSWERED:
                    answer = AppendUnknown(seq=rows[0].seq, reason=fate.value)
                self.tell(answer)
            case ReadRows() | ReadSnapshot() if fate is not Fate.ANSWERED:
                self.tell(StoreLost(reason=fate.value))
            case ReadRows(from_seq=from_seq, limit=limit):
                rows = tuple(self.journal.rows[from_seq - 1 : from_seq - 1 + limit])
                self.tell(RowsRead(rows=rows, at_end=len(rows) < limit))
            case ReadSnapshot():
                self.tell(SnapshotRead(snapshot=self.journal.snapshot))

    def land_late(self) -> None:
        """The store performs an append whose answer was given up long ago."""
        try:
            self.journal.put(self.late.pop(0).rows)
        except SlotTaken:
            return

    def tell(self, event: Input[Event]) -> None:
        was_stopped = self.stopped is not None
        self.machine.handle(self.time.now, event)
        while (output := self.machine.poll_output()) is not None:
            assert not was_stopped, f"{output} after the machine stopped"
            assert self.stopped is None, f"{output} behind Stopped"
            match output:
                case ReadSnapshot() | ReadRows() | Append():
                    appends = [request for request in self.requests if isinstance(request, Append)]
                    assert not (appends and isinstance(output, Append)), "two appends outstanding"
                    self.requests.append(output)
                case SaveSnapshot(snapshot=snapshot):
                    self.save(snapshot)
                case Perform(effect=effect):
                    self.check(effect)
                    self.performed.append(effect)
                case RowReleased(row=row, is_durable=is_durable):
                    if is_durable:
                        assert self.journal.rows[row.seq - 1] == row
                    self.released.append(output)
                case Owned():
                    self.owned = output
                case StoreNoticed(is_available=is_available):
                    self.notices.append(is_available)
                case Stopped():
                    self.stopped = output
                    if isinstance(output.error, SlotTaken):
                        theirs = self.journal.rows[output.error.seq - 1]
                        assert theirs.epoch > self.machine.epoch, "fenced by its own row"

    def save(self, snapshot: Snapshot) -> None:
        rows = self.journal.rows[: snapshot.through]
        assert len(rows) == snapshot.through, "a snapshot of rows that are not durable"
        assert snapshot.body == folded(rows).snapshot()
        assert snapshot.epoch == rows[-1].epoch
        self.saved.append(snapshot)
        if self.journal.snapshot is None or self.journal.snapshot.through < snapshot.through:
            self.journal.snapshot = snapshot

    def check(self, effect: CounterEffect) -> None:
        match effect:
            case Receipt(count=count, total=total):
                added = [row for row in self.journal.rows if row.kind == "added"][:count]
                assert len(added) == count, "a receipt before its row was durable"
                assert folded(added).total == total
            case RunCharge(key=key) | LookUpCharge(key=key):
                folded_now = folded(self.journal.rows)
                assert any(operation.key == key for operation in folded_now.ledger.open()), "a charge without intent"

    @property
    def head(self) -> Seq:
        return Seq(len(self.journal.rows))
