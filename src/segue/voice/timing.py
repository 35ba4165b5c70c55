"""Collects the marks of each turn's path and writes the turn's record.

Rules: a mark is taken once, the first time (what a dropped guess stamped is forgotten with it); the record is written
once, when the ear has spoken up or the answer is over and the edge had its chance to. Nothing is decided by these.
"""

from dataclasses import dataclass, field
from typing import Final

from segue.model.errors import PeerProtocolError
from segue.model.ids import ItemId, TurnId
from segue.model.time import ClockDomain, MonoNs, ms
from segue.telemetry.clock import ClockRelation, ClockSample
from segue.telemetry.hops import tile
from segue.telemetry.marks import Mark, MarkName
from segue.telemetry.record import HopStats, record_turn
from segue.telemetry.relation import ClockFix
from segue.voice.rows import TurnTimed
from segue.voice.scribe import Scribe
from segue.wire.realtime.server import HopStats as Percentiles


@dataclass(slots=True)
class _Path:
    marks: dict[MarkName, Mark] = field(default_factory=dict)
    item_id: str = ""
    due_at: MonoNs | None = None


class TurnTimes:
    """The times of the turns that are not recorded yet."""

    def __init__(self, scribe: Scribe, domain: ClockDomain) -> None:
        self.is_aware = False
        """Whether the attached client tells what it plays."""
        self._scribe = scribe
        self._domain = domain
        self._client = ClockRelation(CLIENT, domain)
        self._fixes: dict[tuple[ClockDomain, ClockDomain], ClockFix] = {}
        self._paths: dict[str, _Path] = {}
        self._turn_of: dict[str, str] = {}

    def begin(self, turn_id: str, item_id: str) -> None:
        """The user's turn `turn_id` is in the item `item_id`."""
        self._paths[turn_id] = _Path()
        self._turn_of[item_id] = turn_id
        while len(self._paths) > PATHS_MAX:
            del self._paths[next(iter(self._paths))]
        while len(self._turn_of) > PATHS_MAX * 4:
            del self._turn_of[next(iter(self._turn_of))]

    def answer(self, turn_id: str, item_id: str) -> None:
        """The turn is answered by the agent's item `item_id`; the first one counts."""
        path = self._paths.get(turn_id)
        if path is not None and not path.item_id:
            path.item_id = item_id
            self._turn_of[item_id] = turn_id

    def stamp(self, turn_id: str, name: MarkName) -> None:
        """Our own mark, now; kept if it is the first of its name."""
        self._take(turn_id, Mark(name=name, domain=self._domain, at_ns=self._scribe.now))

    def restamp(self, turn_id: str, name: MarkName) -> None:
        """The same, in place of an earlier one."""
        self.forget(turn_id, name)
        self.stamp(turn_id, name)

    def forget(self, turn_id: str, *names: MarkName) -> None:
        """These were of a guess that was dropped."""
        path = self._paths.get(turn_id)
        if path is not None:
            for name in names:
                path.marks.pop(name, None)

    def mark(self, item_id: str, mark: Mark) -> None:
        """A mark somebody else took."""
        turn_id = self._turn_of.get(item_id, "")
        self._take(turn_id, mark)
        if mark.name is MarkName.EAR:
            self._expect(turn_id, EAR_GRACE_MS)

    def relate(self, fix: ClockFix) -> None:
        """Two clocks were compared."""
        self._fixes[fix.near, fix.far] = fix
        while len(self._fixes) > FIXES_MAX:
            del self._fixes[next(iter(self._fixes))]

    def sample(self, sample: ClockSample) -> PeerProtocolError | None:
        """The client finished an exchange with us; returns what is wrong with it."""
        try:
            self._client.add(sample)
        except PeerProtocolError as error:
            return error
        return None

    def finish(self, turn_id: str) -> None:
        """The answer is over; a client that tells what it played has a while longer to say when it began."""
        self._expect(turn_id, AWARE_GRACE_MS if self.is_aware else EDGE_GRACE_MS)

    def handle_deadline(self) -> None:
        """Record what is due."""
        for turn_id, path in list(self._paths.items()):
            if path.due_at is not None and path.due_at <= self._scribe.now:
                self._record(turn_id, path)

    def next_deadline(self) -> MonoNs | None:
        if not self._paths:
            return None
        return min((path.due_at for path in self._paths.values() if path.due_at is not None), default=None)

    def _take(self, turn_id: str, mark: Mark) -> None:
        path = self._paths.get(turn_id)
        if path is not None:
            path.marks.setdefault(mark.name, mark)

    def _expect(self, turn_id: str, within_ms: int) -> None:
        path = self._paths.get(turn_id)
        if path is not None:
            due_at = MonoNs(self._scribe.now + ms(within_ms))
            path.due_at = due_at if path.due_at is None else min(path.due_at, due_at)

    def _record(self, turn_id: str, path: _Path) -> None:
        del self._paths[turn_id]
        if not path.marks:
            return
        marks = tuple(path.marks.values())
        fixes = list(self._fixes.values())
        client = next((mark for mark in marks if mark.domain == CLIENT), None)
        fix = self._client.fix(client.at_ns) if client is not None else None
        if fix is not None:
            fixes.append(fix)
        turn = tile(marks, fixes, self._domain)
        record = record_turn(
            TurnId(turn_id),
            ItemId(path.item_id),
            turn,
            marks=marks,
            fixes=fixes,
            clock_steps=self._client.steps,
            transport="websocket",
        )
        stats = HopStats()
        stats.merge(self._scribe.fold.hop_stats)
        stats.add(record)
        percentiles = {name: Percentiles(**summary) for name, summary in stats.summary().items()}
        self._scribe.note(TurnTimed(record=record, stats=percentiles))


CLIENT: Final = ClockDomain("client")
PATHS_MAX: Final = 16
"""Turns waiting for their last marks; the oldest is forgotten."""
FIXES_MAX: Final = 16
EAR_GRACE_MS: Final = 100
"""After the ear's mark: the edge's may be behind it."""
EDGE_GRACE_MS: Final = 500
AWARE_GRACE_MS: Final = 3_000
