"""Tells the attached client what the journal says, in order, each event under the cursor a resume goes on from.

Three sources, one order: rows the gate released, speech, and events that are in no row. While a client that came back
is brought up to date from the journal, everything else waits in the queue. A row that finishes a spoken item waits
until the client has been sent its audio. With no client attached nothing is said; the journal keeps it.
"""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from segue.core.attachment import Attachment
from segue.model.ids import ItemId, Seq
from segue.session.rows import Row
from segue.voice.projection import is_aware_only, project
from segue.voice.rows import ItemFinished, ResponseStarted, VoiceRow, decode_row
from segue.wire.realtime.cursor import START, Cursor
from segue.wire.realtime.server import ServerEvent, SessionCreated, encode_audio_delta, encode_server_event

SAMPLES_PER_MS: Final = 24
RECENT_ROWS_MAX: Final = 512
"""Rows kept in memory so that a client that comes back soon is brought up to date without the store."""
QUEUED_MAX: Final = 4_096
"""Rows and events that wait while a client is brought up to date. Over: it is closed with 1013 and may try again."""


@dataclass(frozen=True, slots=True)
class _Told:
    """An event that is in no row."""

    event: ServerEvent
    only_aware: bool


@dataclass(frozen=True, slots=True)
class _Published:
    seq: Seq
    body: VoiceRow


class Downlink:
    """One session's way down.

    Args:
        owes: Whether audio of an item has still to be sent (`Speaker.owes`).
        session_event: The `segue.session` of an attachment, made when it is sent.
    """

    def __init__(self, owes: Callable[[ItemId], bool], session_event: Callable[[Attachment], ServerEvent]) -> None:
        self._owes = owes
        self._session_event = session_event
        self._attachment: Attachment | None = None
        self._is_behind = False
        self._queue: deque[_Published | _Told] = deque()
        self._recent: deque[_Published] = deque(maxlen=RECENT_ROWS_MAX)
        self._oldest = Seq(1)
        self._published = Seq(0)
        self._place = START
        self._ephemeral = 0

    @property
    def attachment(self) -> Attachment | None:
        return self._attachment

    @property
    def place(self) -> Cursor:
        """Where the client is, as far as it was told."""
        return self._place

    @property
    def may_speak(self) -> bool:
        """Whether audio may be sent now."""
        return self._attachment is not None and not self._is_behind and self._attachment.is_clear

    def remembers(self, cursor: Cursor) -> bool:
        """Whether all that a client at `cursor` may have missed is in memory: from the response it is in on."""
        if cursor.seq < self._oldest:
            return False
        return not cursor.audio_samples or any(
            each.seq <= cursor.seq and starts_audio(each.body) for each in self._recent
        )

    def forget_before(self, seq: Seq) -> None:
        """Rows before this were released by another owner, or never: they are in the journal only."""
        self._oldest = max(self._oldest, seq)
        self._published = max(self._published, Seq(seq - 1))

    def attach(self, attachment: Attachment, greeting: ServerEvent | None) -> None:
        """A new client, from here on; `greeting` is for one that joins a session that has begun."""
        self._attachment = attachment
        self._queue.clear()
        self._is_behind = False
        self._ephemeral = 0
        self._place = Cursor(self._published, _ALL_PARTS) if self._published else START
        if greeting is not None:
            self._send_event(greeting, self._next_ephemeral())
            self._send_session()

    def attach_behind(self, attachment: Attachment) -> None:
        """A client that came back: it is told from its cursor on once `catch_up` says what happened since."""
        self._attachment = attachment
        self._queue.clear()
        self._is_behind = True
        self._place = attachment.wanted.cursor.place
        self._ephemeral = attachment.wanted.cursor.ephemeral
        if self._place.seq:  # One that was told nothing yet is told behind `session.created`.
            self._send_session()

    def detach(self) -> None:
        self._attachment = None
        self._is_behind = False
        self._queue.clear()

    def recent_rows(self, after: Seq) -> list[tuple[Seq, VoiceRow]]:
        """Rows in memory after `after`."""
        return [(each.seq, each.body) for each in self._recent if each.seq > after]

    def catch_up(self, rows: Iterable[tuple[Seq, VoiceRow]]) -> None:
        """What the journal has from the cursor's row on; then what waited."""
        known = {each.seq: each for each in (*self._recent, *(q for q in self._queue if isinstance(q, _Published)))}
        known |= {seq: _Published(seq, body) for seq, body in rows}
        told = [each for each in self._queue if isinstance(each, _Told)]
        ordered = [known[seq] for seq in sorted(known) if seq >= self._place.seq]
        self._queue = deque([*ordered, *told])
        self._is_behind = False
        self.drain()

    def publish(self, row: Row) -> VoiceRow | None:
        """A row of the kind was released; returns what it says."""
        body = decode_row(row)
        if body is None:
            return None
        if len(self._recent) == RECENT_ROWS_MAX:
            self._oldest = Seq(self._recent[0].seq + 1)
        published = _Published(row.seq, body)
        self._recent.append(published)
        self._published = row.seq
        self._enqueue(published)
        return body

    def tell(self, event: ServerEvent, *, only_aware: bool = False) -> None:
        """Say something that is in no row; lost if nobody is attached."""
        self._enqueue(_Told(event, only_aware))

    def tell_now(self, event: ServerEvent) -> None:
        """The same, past everything that waits: for answers whose meaning is their instant."""
        if self._attachment is not None:
            self._send_event(event, self._next_ephemeral())

    def send_audio(self, response_id: str, item_id: ItemId, audio: bytes, to_ms: int, *, report: bool) -> str:
        """Send speech; the client then has `to_ms` of the item. Returns the cursor."""
        attachment = self._attachment
        assert attachment is not None, "audio is sent while may_speak"
        self._move(Cursor(self._place.seq, self._place.part, to_ms * SAMPLES_PER_MS))
        cursor = str(self._place)
        attachment.send(cursor, encode_audio_delta(cursor, response_id, item_id, 0, 0, audio), report=report)
        return cursor

    def drain(self) -> None:
        """Send what waits, as far as it may be sent."""
        while self._queue and not self._is_behind:
            entry = self._queue[0]
            if isinstance(entry, _Published) and self._waits_for_audio(entry.body):
                return
            self._queue.popleft()
            match entry:
                case _Published():
                    self._send_row(entry)
                case _Told():
                    self._send_told(entry)

    def _enqueue(self, entry: _Published | _Told) -> None:
        if self._attachment is None:
            return
        if not self._queue and not self._is_behind:
            self._queue.append(entry)
            self.drain()
            return
        self._queue.append(entry)
        if len(self._queue) > QUEUED_MAX:
            self._attachment.close(1013, "too far behind; reconnect to resume")
            self.detach()

    def _waits_for_audio(self, body: VoiceRow) -> bool:
        if not isinstance(body, ItemFinished) or body.modality != "audio" or body.item.status != "completed":
            return False
        return self._owes(ItemId(body.item.id))

    def _send_row(self, published: _Published) -> None:
        seq = published.seq
        samples = 0 if starts_audio(published.body) else self._place.audio_samples
        for part, event in enumerate(project(published.body)):
            if (seq, part) <= (self._place.seq, self._place.part):
                continue
            place = Cursor(seq, part, samples)
            self._move(place)
            self._send_event(event, place, only_aware=is_aware_only(event))
            if isinstance(event, SessionCreated):
                self._send_session()

    def _send_told(self, told: _Told) -> None:
        if self._attachment is not None and (self._attachment.is_aware or not told.only_aware):
            self._send_event(told.event, self._next_ephemeral(), only_aware=told.only_aware)

    def _send_session(self) -> None:
        attachment = self._attachment
        if attachment is None or not attachment.is_aware:
            return
        if not attachment.wanted.is_same_socket or not attachment.wanted.cursor.seq:
            self._send_event(self._session_event(attachment), self._next_ephemeral(), only_aware=True)

    def _send_event(self, event: ServerEvent, cursor: Cursor, *, only_aware: bool = False) -> None:
        attachment = self._attachment
        if attachment is None or (only_aware and not attachment.is_aware):
            return
        text = str(cursor)
        attachment.send(text, encode_server_event(event, text))

    def _move(self, place: Cursor) -> None:
        self._place = place
        self._ephemeral = 0

    def _next_ephemeral(self) -> Cursor:
        self._ephemeral += 1
        place = self._place
        return Cursor(place.seq, place.part, place.audio_samples, self._ephemeral)


def starts_audio(body: VoiceRow) -> bool:
    """Whether samples are counted from here on anew: a spoken response of the conversation begins."""
    return isinstance(body, ResponseStarted) and body.modality == "audio" and body.conversation_id is not None


_ALL_PARTS: Final = 99
"""More than any row has: of that row, everything."""
