"""The session machine: who owns the session, what is durable, and what may be let out. All its transitions are here.

    Unclaimed ─Claim→ Restoring ─SnapshotRead→ Reading ─RowsRead(at end)→ Claiming ─Appended→ Owning ─Rest→ Resting
                                                  ↑                          │
                                                  └──────AppendRefused───────┘
    Owning, Resting ─AppendRefused→ Ended(fenced)      Resting, all durable and let out → Ended(rested)
    Restoring, Reading: a journal that is too new or damaged → Ended(unreadable)
    Owning: more rows or effects wait than the limits allow → Ended(overfull)
    any input a state does not know → Poisoned: it raises, and raises again for every later input

Ended absorbs every input: answers that are still on their way find nothing to do. The machine never lets out an output
after `Stopped`, and `Stopped` throws away what the gate still held.
"""

from collections import deque
from typing import Generic, TypeVar, assert_never

from segue.model.errors import ConfigError, JournalTooNew, LimitExceeded, LocalProtocolError, SegueError, SlotTaken
from segue.model.ids import Epoch, Seq, SessionId
from segue.model.time import Deadline, MonoNs, ms
from segue.session.appending import AppendLine, Landed, Taken
from segue.session.backoff import Backoff
from segue.session.config import SessionConfig
from segue.session.gate import OutputGate
from segue.session.inputs import (
    Appended,
    AppendRefused,
    AppendUnknown,
    Claim,
    Happened,
    Input,
    Rest,
    RowsRead,
    SnapshotRead,
    StoreLost,
    Tick,
)
from segue.session.kind import Effect, Gate, Kind, Write
from segue.session.outputs import (
    Output,
    Owned,
    Perform,
    ReadRows,
    ReadSnapshot,
    RowReleased,
    SaveSnapshot,
    Stopped,
    StopReason,
    StoreNoticed,
)
from segue.session.replay import Replay
from segue.session.rows import EPOCH_KIND, EpochBody, Row, Snapshot, Urgency, encode_epoch
from segue.session.snapshots import SnapshotKeeper
from segue.session.states import (
    Claiming,
    Ended,
    Owning,
    Poisoned,
    Reading,
    Resting,
    Restoring,
    State,
    TimerReason,
    Unclaimed,
)

E = TypeVar("E")
F = TypeVar("F")


class SessionMachine(Generic[E, F]):
    """One session as one process holds it: the kernel around a new instance of a kind.

    Args:
        session: Whose journal it is.
        kind: New; the machine alone drives it from now on.
        config: Bounds and times.
    """

    def __init__(self, session: SessionId, kind: Kind[E, F], config: SessionConfig) -> None:
        self._session = session
        self._kind = kind
        self._config = config
        self._replay = Replay(session, kind)
        self._state: State = Unclaimed()
        self._out: deque[Output[F]] = deque()
        self._now = MonoNs(0)
        self._epoch = Epoch(0)
        self._last = Seq(0)
        self._durable = Seq(0)
        self._snapshots = SnapshotKeeper(session, kind, config.snapshot_rows)
        self._line = AppendLine(session, config)
        self._gate: OutputGate[F] = OutputGate(ms(config.gate_patience_ms))
        self._backoff = Backoff(session, config)
        self._is_away = False
        self._event_at = MonoNs(0)
        self._kind_due: Deadline[str] | None = None

    @property
    def session(self) -> SessionId:
        """Whose journal it is."""
        return self._session

    @property
    def state(self) -> State:
        """Where its life is; for drivers' decisions use the outputs."""
        return self._state

    @property
    def epoch(self) -> Epoch:
        """The newest epoch seen; ours once `Owned` was output."""
        return self._epoch

    @property
    def durable_through(self) -> Seq:
        """The last row known to be durable."""
        return self._durable

    @property
    def pending_rows(self) -> int:
        """Rows written and not known to be durable."""
        return self._line.rows

    def handle(self, now: MonoNs, event: Input[E]) -> None:
        """Take one input.

        Args:
            now: This process's monotonic clock; never before the previous call's.
            event: An input; answers only to requests that were polled.
        Raises:
            LocalProtocolError: The input is not one this state knows. The machine is of no use any more.
        """
        if isinstance(self._state, Poisoned):
            raise LocalProtocolError(f"{self._session}: the machine failed earlier: {self._state.error}")
        try:
            assert not self._out, "outputs are drained before the next input"
            assert now >= self._now, "the monotonic clock never goes back"
            self._now = now
            self._take(now, event)
            self._settle(now)
        except Exception as error:
            self._state = Poisoned(f"{type(error).__name__}: {error}")
            self._out.clear()
            raise

    def poll_output(self) -> Output[F] | None:
        """Take the next output, or None when there is none left."""
        return self._out.popleft() if self._out else None

    def next_deadline(self) -> Deadline[TimerReason] | None:
        """When to call `handle` with a `Tick` at the latest, and which timer that is."""
        due: tuple[MonoNs, TimerReason] | None = None
        for at, reason in self._timers():
            if at is not None and (due is None or at < due[0]):
                due = at, reason
        return Deadline(at=due[0], reason=due[1]) if due is not None else None

    def _timers(self) -> tuple[tuple[MonoNs | None, TimerReason], ...]:
        own = None
        match self._state:
            case Owning():
                own = self._kind_due
            case Claiming() | Resting():
                pass
            case Restoring(retry_at=at) | Reading(retry_at=at):
                return ((at, TimerReason.STORE_RETRY),)
            case Unclaimed() | Ended() | Poisoned():
                return ()
            case _:
                assert_never(self._state)
        return (
            (self._line.next_retry(), TimerReason.STORE_RETRY),
            (self._line.next_slow(self._now), TimerReason.STORE_ANSWER),
            (self._gate.next_deadline(), TimerReason.GATE_PATIENCE),
            (own.at if own is not None else None, TimerReason.KIND),
            (self._idle_at() if isinstance(self._state, Owning) else None, TimerReason.IDLE),
        )

    def _take(self, now: MonoNs, event: Input[E]) -> None:
        match self._state, event:
            case Owning(), Happened():  # First, because nearly every input is one.
                self._on_event(now, event)
            case Ended(), _:
                return
            case _, Tick():
                self._on_tick(now)
            case Unclaimed(), Claim():
                self._state = Restoring(event, None)
                self._out.append(ReadSnapshot(session=self._session))
            case Unclaimed() | Restoring() | Reading() | Claiming(), Rest():
                self._stop(StopReason.RESTED, None)
            case Restoring(claim=claim), SnapshotRead(snapshot=snapshot):
                self._noticed(True, "")
                self._read(claim, snapshot)
            case Restoring(claim=claim), StoreLost(reason=reason):
                self._noticed(False, reason)
                self._state = Restoring(claim, self._backoff.next(now))
            case Reading(claim=claim, snapshot=snapshot), StoreLost(reason=reason):
                self._noticed(False, reason)
                self._state = Reading(claim, snapshot, self._backoff.next(now))
            case Reading(claim=claim, snapshot=snapshot), RowsRead():
                self._noticed(True, "")
                self._on_replay(claim, snapshot, event)
            case Claiming() | Owning() | Resting(), Appended(through=through):
                self._on_verdict(now, self._line.appended(through))
            case Claiming() | Owning() | Resting(), AppendRefused(seq=seq):
                self._on_verdict(now, self._line.refused(seq))
            case Claiming() | Owning() | Resting(), AppendUnknown(seq=seq, reason=reason):
                self._line.unknown(now, seq, reason)
            case Claiming() | Owning() | Resting(), RowsRead(rows=rows):
                self._on_verdict(now, self._line.slots_read(rows))
            case Claiming() | Owning() | Resting(), StoreLost(reason=reason):
                self._line.unread(now, reason)
            case Owning(), Rest():
                self._state = Resting()
            case Resting(), Happened() | Rest():
                return
            case state, _:
                raise LocalProtocolError(f"{self._session}: {type(event).__name__} while {type(state).__name__}")

    # Replay and claim

    def _read(self, claim: Claim, snapshot: Snapshot | None) -> None:
        """Read on. From a snapshot's own last row, so that one which the journal does not bear out is found out."""
        from_seq = snapshot.through if snapshot is not None else Seq(self._last + 1)
        self._state = Reading(claim, snapshot, None)
        self._out.append(ReadRows(session=self._session, from_seq=from_seq, limit=self._config.read_rows_max))

    def _on_replay(self, claim: Claim, snapshot: Snapshot | None, read: RowsRead) -> None:
        rows = read.rows
        if snapshot is not None:
            if not self._replay.restore(snapshot, rows[0] if rows else None):
                self._read(claim, None)
                return
            self._snapshots.restored(snapshot.through)
            rows = rows[1:]
        try:
            for row in rows:
                self._replay.apply(row)
        except (JournalTooNew, ConfigError) as error:
            self._stop(StopReason.UNREADABLE, error)
            return
        self._last, self._epoch = self._replay.last, self._replay.epoch
        self._durable = self._last
        self._gate.set_durable(self._durable)
        if not read.at_end:
            self._read(claim, None)
            return
        body = EpochBody(node=claim.node, claim=claim.claim, subject=claim.subject)
        row = encode_epoch(self._session, Seq(self._last + 1), Epoch(self._epoch + 1), body)
        self._state = Claiming(claim, row)
        self._line.push(row, Urgency.GATE)

    def _on_claimed(self, now: MonoNs, row: Row) -> None:
        self._last, self._epoch = row.seq, row.epoch
        self._event_at = now
        self._state = Owning()
        self._out.append(Owned(epoch=row.epoch, is_new=row.seq == 1))
        self._kind.on_owned(now)
        self._drain_kind(now)

    # Owning

    def _on_event(self, now: MonoNs, event: Happened[E]) -> None:
        self._run_kind_deadlines(now)
        self._event_at = now
        if isinstance(self._state, Owning):
            self._kind.handle(now, event.event)
            self._drain_kind(now)

    def _on_tick(self, now: MonoNs) -> None:
        match self._state:
            case Restoring(claim=claim, retry_at=at) if at is not None and now >= at:
                self._state = Restoring(claim, None)
                self._out.append(ReadSnapshot(session=self._session))
            case Reading(claim=claim, snapshot=snapshot, retry_at=at) if at is not None and now >= at:
                self._read(claim, snapshot)
            case Owning():
                self._run_kind_deadlines(now)
                idle_at = self._idle_at()
                if idle_at is not None and now >= idle_at and isinstance(self._state, Owning):
                    self._state = Resting()
            case _:
                return

    def _run_kind_deadlines(self, now: MonoNs) -> None:
        for _ in range(_KIND_TIMERS_MAX):
            due = self._kind_due
            if due is None or due.at > now or not isinstance(self._state, Owning):
                return
            self._kind.handle_deadline(now)
            self._drain_kind(now)
        raise LocalProtocolError(f"{self._session}: a deadline of the kind stays due although it was handled")

    def _drain_kind(self, now: MonoNs) -> None:
        """Take what the kind wants: rows into slots, effects behind the rows before them; then when it is due next."""
        has_grown = False
        while (output := self._kind.poll_output()) is not None:
            has_grown = True
            match output:
                case Write(kind=kind, body=body, urgency=urgency):
                    row = self._row(kind, body)
                    self._line.push(row, urgency)
                    self._gate.enter(now, row.seq, Gate.PROMPT, RowReleased(row=row, is_durable=False))
                case Effect(payload=payload, gate=gate):
                    self._gate.enter(now, self._last, gate, Perform(effect=payload))
                case _:
                    assert_never(output)
        if has_grown:
            self._check_bounds()
        self._kind_due = self._kind.next_deadline()

    def _row(self, kind: str, body: bytes) -> Row:
        if kind == EPOCH_KIND:
            raise LocalProtocolError(f"{self._session}: {EPOCH_KIND} rows are the kernel's own")
        if len(body) > self._config.row_bytes_max:
            raise LimitExceeded("row_bytes_max", len(body), self._config.row_bytes_max)
        self._last = Seq(self._last + 1)
        return Row(
            session=self._session,
            seq=self._last,
            epoch=self._epoch,
            kind=kind,
            body=body,
            version=self._kind.row_version,
        )

    def _check_bounds(self) -> None:
        config = self._config
        for limit, value, maximum in (
            ("pending_rows_max", self._line.rows, config.pending_rows_max),
            ("pending_bytes_max", self._line.body_bytes, config.pending_bytes_max),
            ("effects_max", len(self._gate), config.effects_max),
        ):
            if value > maximum:
                self._stop(StopReason.OVERFULL, LimitExceeded(limit, value, maximum))
                return

    # The store's answers, and what follows from them

    def _on_verdict(self, now: MonoNs, verdict: Landed | Taken | None) -> None:
        match verdict, self._state:
            case None, _:
                return
            case Landed(through=through), state:
                self._durable = through
                self._gate.set_durable(through)
                self._noticed(True, "")
                if isinstance(state, Claiming):
                    self._on_claimed(now, state.row)
            case Taken(), Claiming(claim=claim):
                self._noticed(True, "")
                self._read(claim, None)
            case Taken(seq=seq), _:
                self._stop(StopReason.FENCED, SlotTaken(self._session, seq))
            case _:
                assert_never(verdict)

    def _settle(self, now: MonoNs) -> None:
        """Ask the store for what is next, let out what may go, keep a snapshot, and end if there is nothing left."""
        if not isinstance(self._state, (Claiming, Owning, Resting)):  # A tuple: no union is built each time.
            return
        away = self._line.away(now)
        if away is not None:
            self._noticed(False, away)
        request = self._line.poll(now, is_awaited=self._gate.has_durable)
        if request is not None:
            self._out.append(request)
        while (item := self._gate.poll(now)) is not None:
            self._out.append(item)
        is_resting = isinstance(self._state, Resting)
        if not isinstance(self._state, Claiming):
            snapshot = self._snapshots.poll(self._last, self._epoch, self._durable, is_final=is_resting)
            if snapshot is not None:
                self._out.append(SaveSnapshot(snapshot=snapshot))
        if is_resting and self._durable == self._last and not len(self._gate):
            self._stop(StopReason.RESTED, None)

    def _noticed(self, is_available: bool, reason: str) -> None:
        if is_available:
            self._backoff.reset()
        if self._is_away is not is_available:
            return
        self._is_away = not is_available
        self._gate.set_away(self._is_away)
        self._out.append(StoreNoticed(is_available=is_available, reason=reason))

    def _idle_at(self) -> MonoNs | None:
        return None if self._config.idle_ms is None else MonoNs(self._event_at + ms(self._config.idle_ms))

    def _stop(self, reason: StopReason, error: SegueError | None) -> None:
        if reason is not StopReason.RESTED:
            self._out.clear()
        self._state = Ended(reason)
        self._out.append(Stopped(reason=reason, error=error))


_KIND_TIMERS_MAX = 64
