"""What of one agent item was generated, sent and heard, in milliseconds and in words.

Rules: each mark only grows, and heard ≤ sent. What the agent "said" is what was heard, cut at a word boundary: a word
counts once its last letter is past the heard mark (less a small allowance for the silence around words). Within a
segment letters are taken to be spoken evenly; segments are short enough for that to be off by a word at most.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import msgspec

from segue.model.errors import LimitExceeded
from segue.model.limits import RESPONSE_SEGMENTS_MAX


class SegmentRecord(msgspec.Struct, frozen=True):
    """One segment: its words, how much of it was synthesized, and its whole duration once that is known."""

    text: str
    duration_ms: int | None = None
    generated_ms: int = 0

    @property
    def expected_ms(self) -> int:
        """The duration, or the best guess at it."""
        if self.duration_ms is not None:
            return self.duration_ms
        return max(self.generated_ms, len(self.text.strip()) * MS_PER_LETTER)


class PlayoutSnapshot(msgspec.Struct, frozen=True):
    """All that a ledger knows."""

    segments: tuple[SegmentRecord, ...]
    sent_ms: int
    heard_ms: int
    is_complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A point in the item: `offset_ms` into segment number `segment`."""

    segment: int
    offset_ms: int


class PlayoutLedger:
    """The ledger of one agent item. Milliseconds count from the item's beginning unless said to be a segment's."""

    def __init__(self, segments: Iterable[tuple[str, int | None]] = ()) -> None:
        self._segments = [SegmentRecord(text, duration_ms) for text, duration_ms in segments]
        self._sent_ms = 0
        self._heard_ms = 0
        self._is_complete = False

    @property
    def sent_ms(self) -> int:
        return self._sent_ms

    @property
    def heard_ms(self) -> int:
        return self._heard_ms

    @property
    def segments(self) -> tuple[SegmentRecord, ...]:
        return tuple(self._segments)

    @property
    def text(self) -> str:
        """All that was to be said."""
        return "".join(segment.text for segment in self._segments)

    @property
    def generated_ms(self) -> int:
        """Audio there is, up to the first gap."""
        total_ms = 0
        for segment in self._segments:
            if segment.duration_ms is None:
                return total_ms + segment.generated_ms
            total_ms += segment.duration_ms
        return total_ms

    @property
    def duration_ms(self) -> int | None:
        """The whole item's, once no segments follow and all are synthesized."""
        durations = [segment.duration_ms for segment in self._segments if segment.duration_ms is not None]
        return sum(durations) if self._is_complete and len(durations) == len(self._segments) else None

    @property
    def is_heard_out(self) -> bool:
        """Nothing is left to be heard."""
        return self.duration_ms is not None and self._heard_ms >= self.duration_ms - HEARD_OUT_SLACK_MS

    def add(self, text: str) -> int:
        """Take the next segment and return its number.

        Raises:
            LimitExceeded: The item has `RESPONSE_SEGMENTS_MAX` segments.
        """
        assert not self._is_complete, "no segment follows the last one"
        if len(self._segments) >= RESPONSE_SEGMENTS_MAX:
            raise LimitExceeded("RESPONSE_SEGMENTS_MAX", len(self._segments) + 1, RESPONSE_SEGMENTS_MAX)
        self._segments.append(SegmentRecord(text))
        return len(self._segments) - 1

    def complete(self) -> None:
        """No segments follow."""
        self._is_complete = True

    def generate(self, segment: int, generated_ms: int) -> None:
        """This much of a segment has been synthesized."""
        record = self._segments[segment]
        self._segments[segment] = msgspec.structs.replace(record, generated_ms=max(record.generated_ms, generated_ms))

    def synthesize(self, segment: int, duration_ms: int) -> None:
        """A segment has been synthesized: it is `duration_ms` long."""
        self._segments[segment] = SegmentRecord(self._segments[segment].text, duration_ms, duration_ms)

    def send(self, sent_ms: int) -> None:
        """Audio up to here has gone to the client."""
        self._sent_ms = max(self._sent_ms, sent_ms)

    def hear(self, heard_ms: int) -> bool:
        """Audio up to here has been heard; what was not sent cannot have been. Returns whether the mark moved."""
        heard_ms = min(heard_ms, self._sent_ms)
        if heard_ms <= self._heard_ms:
            return False
        self._heard_ms = heard_ms
        return True

    def text_heard(self, heard_ms: int | None = None) -> str:
        """The words that were heard up to `heard_ms` (the heard mark, unless another is asked about)."""
        left_ms = self._heard_ms if heard_ms is None else heard_ms
        said = []
        for segment in self._segments:
            if left_ms <= 0:
                break
            if left_ms < segment.expected_ms - HEARD_OUT_SLACK_MS:
                said.append(_words_until(segment, left_ms))
                break
            said.append(segment.text)
            left_ms -= segment.expected_ms
        return "".join(said).rstrip()

    def place_at(self, item_ms: int) -> Place:
        """Which segment sounds at a point, and how far in: where speech goes on after a restart."""
        ends = list(accumulate(segment.expected_ms for segment in self._segments))
        for number, end_ms in enumerate(ends):
            if item_ms < end_ms:
                return Place(segment=number, offset_ms=max(item_ms - end_ms + self._segments[number].expected_ms, 0))
        return Place(segment=len(self._segments), offset_ms=0)

    def snapshot(self) -> PlayoutSnapshot:
        return PlayoutSnapshot(self.segments, self._sent_ms, self._heard_ms, self._is_complete)

    @classmethod
    def restored(cls, snapshot: PlayoutSnapshot) -> "PlayoutLedger":
        """The ledger that gave `snapshot`."""
        ledger = cls()
        ledger._segments = list(snapshot.segments)
        ledger._sent_ms, ledger._heard_ms = snapshot.sent_ms, snapshot.heard_ms
        ledger._is_complete = snapshot.is_complete
        return ledger


def _words_until(segment: SegmentRecord, heard_ms: int) -> str:
    """The words of a segment that end by `heard_ms` of it."""
    text, spoken = segment.text, segment.text.strip()
    if not spoken:
        return ""
    lead = len(text) - len(text.lstrip())
    understood_ms = heard_ms + min(heard_ms // 2, ALLOWANCE_MS)
    letters = lead + len(spoken) * understood_ms // segment.expected_ms
    if letters >= lead + len(spoken):
        # The allowance alone never completes a segment whose audio has not been heard to its end.
        letters = lead + len(spoken) - 1
    while letters > 0 and not text[letters].isspace():
        letters -= 1
    return text[:letters].rstrip()


MS_PER_LETTER: Final = 62
"""About sixteen letters a second, for segments whose audio is not there yet."""
ALLOWANCE_MS: Final = 120
"""A word is understood a little before its last sound, and segments end in silence."""
HEARD_OUT_SLACK_MS: Final = 40
"""Two frames: players report a little less than they played."""
