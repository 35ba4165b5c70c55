"""The append line: how rows get into their slots, one append at a time, whatever becomes of the answers.

Rules, each of which a double owner would follow from if broken:

1. At most one append is outstanding. A later row is never offered while the fate of an earlier one is open, so a row
   of ours cannot land behind a slot that another owner took.
2. An unknown append is resolved by reading its slots: empty, it is offered again, the same rows in the same slots;
   ours, it landed; another's, we are fenced. Never by offering anything further on.
3. A refusal is final, unless the same rows were offered before and that answer is missing: then the row in the slot
   may be our own, and only reading tells.
"""

from collections import deque
from dataclasses import dataclass
from itertools import islice

from segue.model.errors import LocalProtocolError
from segue.model.ids import Seq, SessionId
from segue.model.time import MonoNs, ms
from segue.session.backoff import Backoff
from segue.session.config import SessionConfig
from segue.session.outputs import Append, ReadRows
from segue.session.rows import Row, Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """Rows up to `through` are durable."""

    through: Seq


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Another owner's row is in slot `seq`."""

    seq: Seq


@dataclass(frozen=True, slots=True)
class _Clear:
    pass


@dataclass(frozen=True, slots=True)
class _Due:
    """Rows whose slots turned out empty: to be offered again."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class _InFlight:
    rows: tuple[Row, ...]
    since: MonoNs
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class _Resolving:
    """Their slots are to be read (`is_asked`: are being read)."""

    rows: tuple[Row, ...]
    is_asked: bool


@dataclass(frozen=True, slots=True)
class _BackingOff:
    rows: tuple[Row, ...]
    until: MonoNs


_State = _Clear | _Due | _InFlight | _Resolving | _BackingOff


class AppendLine:
    """Rows of one session on their way to the store."""

    def __init__(self, session: SessionId, config: SessionConfig) -> None:
        self._session = session
        self._config = config
        self._waiting: deque[Row] = deque()
        self._bytes = 0
        self._urgent_through = Seq(0)
        self._state: _State = _Clear()
        self._failures = 0
        self._reason = ""
        self._backoff = Backoff(session, config)

    @property
    def rows(self) -> int:
        """Rows that are not known to be durable."""
        match self._state:
            case _Clear():
                return len(self._waiting)
            case _Due(rows) | _InFlight(rows) | _Resolving(rows) | _BackingOff(rows):
                return len(self._waiting) + len(rows)

    @property
    def body_bytes(self) -> int:
        """Bytes of their bodies."""
        return self._bytes

    def away(self, now: MonoNs) -> str | None:
        """Why the store counts as away, or None: it failed more than once running, or has been silent for too long."""
        if self._failures > 1:
            return self._reason
        slow_at = self._slow_at()
        return "no answer to an append" if slow_at is not None and now >= slow_at else None

    def push(self, row: Row, urgency: Urgency) -> None:
        """Queue a row behind those before it."""
        self._waiting.append(row)
        self._bytes += len(row.body)
        if urgency is Urgency.GATE:
            self._urgent_through = row.seq

    def poll(self, now: MonoNs, *, is_awaited: bool) -> Append | ReadRows | None:
        """Take the next request for the store. `is_awaited`: something waits for these rows, so none may linger."""
        match self._state:
            case _Clear() if self._waiting:
                rows = tuple(islice(self._waiting, self._config.append_rows_max))
                for _ in rows:
                    self._waiting.popleft()
                return self._offer(now, rows, is_awaited=is_awaited, is_repeat=False)
            case _Due(rows):
                return self._offer(now, rows, is_awaited=is_awaited, is_repeat=True)
            case _BackingOff(rows, until) if now >= until:
                return self._ask(rows)
            case _Resolving(rows, is_asked=False):
                return self._ask(rows)
            case _:
                return None

    def appended(self, through: Seq) -> Landed:
        """The outstanding append is durable."""
        rows = self._in_flight("Appended").rows
        if through != rows[-1].seq:
            raise LocalProtocolError(f"Appended through {through}, but {rows[0].seq}..{rows[-1].seq} was offered")
        return self._land(rows)

    def refused(self, seq: Seq) -> Taken | None:
        """A slot of the outstanding append was taken; None if its own earlier offer may have done that."""
        state = self._in_flight("AppendRefused")
        if not state.rows[0].seq <= seq <= state.rows[-1].seq:
            raise LocalProtocolError(f"AppendRefused {seq} is not in {state.rows[0].seq}..{state.rows[-1].seq}")
        if not state.is_repeat:
            return self._lose(state.rows[0].seq)
        self._state = _Resolving(state.rows, is_asked=False)
        return None

    def unknown(self, now: MonoNs, seq: Seq, reason: str) -> None:
        """The answer to the outstanding append is lost: read its slots, at once the first time, later from then on."""
        state = self._in_flight("AppendUnknown")
        if seq != state.rows[0].seq:
            raise LocalProtocolError(f"AppendUnknown {seq}, but the append began at {state.rows[0].seq}")
        self._failures += 1
        self._reason = reason
        if self._failures > 1:
            self._state = _BackingOff(state.rows, self._backoff.next(now))
        else:
            self._state = _Resolving(state.rows, is_asked=False)

    def slots_read(self, rows: tuple[Row, ...]) -> Landed | Taken | None:
        """What is in the slots that were asked for; None if they are empty."""
        offered = self._asked("RowsRead")
        if not rows:
            self._state = _Due(offered)
            return None
        if rows == offered:
            return self._land(offered)
        if rows[0] == offered[0]:
            raise LocalProtocolError(f"slots {offered[0].seq}..{offered[-1].seq}: an append landed in part")
        return self._lose(offered[0].seq)

    def unread(self, now: MonoNs, reason: str) -> None:
        """The slots could not be read."""
        rows = self._asked("StoreLost")
        self._failures += 1
        self._reason = reason
        self._state = _BackingOff(rows, self._backoff.next(now))

    def next_retry(self) -> MonoNs | None:
        """When the store is asked again."""
        return self._state.until if isinstance(self._state, _BackingOff) else None

    def next_slow(self, now: MonoNs) -> MonoNs | None:
        """When the store's silence becomes long enough to be reported; None once it has."""
        slow_at = self._slow_at()
        return slow_at if slow_at is not None and slow_at > now and self._failures <= 1 else None

    def _slow_at(self) -> MonoNs | None:
        if not isinstance(self._state, _InFlight):
            return None
        return MonoNs(self._state.since + ms(self._config.store_answer_ms))

    def _offer(self, now: MonoNs, rows: tuple[Row, ...], *, is_awaited: bool, is_repeat: bool) -> Append:
        self._state = _InFlight(rows, now, is_repeat)
        is_urgent = is_awaited or self._urgent_through >= rows[0].seq
        return Append(rows=rows, urgency=Urgency.GATE if is_urgent else Urgency.SOON)

    def _ask(self, rows: tuple[Row, ...]) -> ReadRows:
        self._state = _Resolving(rows, is_asked=True)
        return ReadRows(session=self._session, from_seq=rows[0].seq, limit=len(rows))

    def _land(self, rows: tuple[Row, ...]) -> Landed:
        self._state = _Clear()
        self._failures = 0
        self._backoff.reset()
        self._bytes -= sum(len(row.body) for row in rows)
        return Landed(through=rows[-1].seq)

    def _lose(self, seq: Seq) -> Taken:
        self._state = _Clear()
        self._waiting.clear()
        self._failures = 0
        self._backoff.reset()
        self._bytes = 0
        return Taken(seq=seq)

    def _in_flight(self, answer: str) -> _InFlight:
        if not isinstance(self._state, _InFlight):
            raise LocalProtocolError(f"{answer} answers no append: none is outstanding")
        return self._state

    def _asked(self, answer: str) -> tuple[Row, ...]:
        if not (isinstance(self._state, _Resolving) and self._state.is_asked):
            raise LocalProtocolError(f"{answer} answers no read: none is outstanding")
        return self._state.rows
