"""What a client that came back has missed of the agent's speech, from the journal and its cursor alone. Pure.

Rows are told again as they are. Speech is not in the journal: of an item that is still being spoken the speaker is told
where the client is; of one that was finished meanwhile, the missing end is to be made and sent again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from segue.core.downlink import SAMPLES_PER_MS, starts_audio
from segue.model.ids import ItemId, OperationKey, Seq
from segue.voice.results import Synthesize
from segue.voice.rows import (
    ItemFinished,
    ItemTruncated,
    ItemWasHeard,
    ResponseStarted,
    SegmentAdded,
    SegmentSynthesized,
    VoiceRow,
)
from segue.wire.realtime.cursor import Cursor


@dataclass(slots=True, kw_only=True)
class SpokenItem:
    """An agent item's speech as the journal has it; the client has `at_ms` of it."""

    item_id: ItemId
    response_id: str
    started_seq: Seq
    at_ms: int = 0
    requests: dict[int, Synthesize] = field(default_factory=dict)
    keys: dict[int, OperationKey] = field(default_factory=dict)
    durations: dict[int, int] = field(default_factory=dict)
    heard_ms: int = 0
    finished_seq: Seq | None = None
    is_cut: bool = False

    @property
    def length_ms(self) -> int | None:
        """None while the length of a segment is not known."""
        if set(self.durations) != set(self.keys):
            return None
        return sum(self.durations.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """`running`: items not finished, to go on with; `repeats`: finished ones whose end did not arrive. In order."""

    running: tuple[SpokenItem, ...]
    repeats: tuple[SpokenItem, ...]


def missed_speech(rows: Iterable[tuple[Seq, VoiceRow]], cursor: Cursor) -> Missed:
    """Work out what speech is missing at `cursor`.

    Args:
        rows: In order, from the start of the response that `cursor` is in.
        cursor: The last place the client has.
    """
    spoken: dict[str, SpokenItem] = {}
    current: SpokenItem | None = None
    for seq, row in rows:
        match row:
            case ResponseStarted() if starts_audio(row):
                item = SpokenItem(item_id=ItemId(row.item_id), response_id=row.response_id, started_seq=seq)
                spoken[row.item_id] = item
                current = item if seq <= cursor.seq else current
            case SegmentAdded() if row.item_id in spoken and row.key:
                _add(spoken[row.item_id], row)
            case SegmentSynthesized() if row.item_id in spoken:
                spoken[row.item_id].durations[row.segment] = row.duration_ms
            case ItemFinished() if row.item.id in spoken:
                spoken[row.item.id].finished_seq = seq
                spoken[row.item.id].is_cut |= row.item.status != "completed"
            case ItemWasHeard() if row.item_id in spoken:
                spoken[row.item_id].heard_ms = row.heard_ms
                spoken[row.item_id].is_cut |= row.is_cut
            case ItemTruncated() if row.item_id in spoken:
                spoken[row.item_id].is_cut = True
            case _:
                pass
    if current is not None:
        current.at_ms = cursor.audio_samples // SAMPLES_PER_MS
    missing = [item for item in spoken.values() if current is None or item.started_seq >= current.started_seq]
    return Missed(
        running=tuple(item for item in missing if item.finished_seq is None and not item.is_cut),
        repeats=tuple(item for item in missing if _is_owed(item, cursor)),
    )


def _add(item: SpokenItem, row: SegmentAdded) -> None:
    item.keys[row.segment] = OperationKey(row.key)
    item.requests[row.segment] = Synthesize(item_id=item.item_id, segment=row.segment, text=row.text, voice=row.voice)


def _is_owed(item: SpokenItem, cursor: Cursor) -> bool:
    if item.finished_seq is None or item.is_cut or item.finished_seq <= cursor.seq:
        return False
    length_ms = item.length_ms
    return length_ms is None or max(item.at_ms, item.heard_ms) < length_ms
