"""The mouth of one session: sends the audio of agent items in order, ahead of the ear by a bounded lead.

A place in an item is a whole millisecond, so that the samples a client has are named exactly by its cursor; a segment's
last millisecond is padded. An item stays here, sent or not, until a later one has begun or it is cut: a client that
comes back without its last second is sent it again. It decides nothing: what to say, hold or cut is told to it.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from segue.core.sounds import Sounds
from segue.core.voicing import Voicing
from segue.model.audio import PCM_24K, AudioFormat
from segue.model.ids import ItemId, OperationKey
from segue.model.limits import SPOKEN_LEAD_MS_MAX
from segue.model.time import NS_PER_MS, MonoNs
from segue.voice.inputs import SpeechSent

FIRST_CHUNK_MS: Final = 60
"""The first delta of an item: small, so that it is encoded, sent and decoded sooner."""
CHUNK_MS: Final = 100
"""Every later one: ten a second are cheap, and a cut loses little."""
LEAST_CHUNK_MS: Final = 20
"""While a segment is still being made, less than this waits for more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Audio to send now; the item is sent through `to_ms` with it."""

    item_id: ItemId
    response_id: str
    audio: bytes
    to_ms: int
    is_first: bool


@dataclass(slots=True, kw_only=True)
class _Item:
    item_id: ItemId
    response_id: str
    keys: dict[int, OperationKey] = field(default_factory=dict)
    durations: dict[int, int] = field(default_factory=dict)
    at_ms: int = 0
    is_ended: bool = False
    is_held: bool = False
    is_told: bool = True
    """Whether the machine is told what is sent: not of an item it has finished with."""
    is_drained: bool = False
    heard_ms: int = 0
    started_at: MonoNs | None = None
    started_ms: int = 0
    reported_ms: int = -1
    voicing: Voicing | None = None


class Speaker:
    """One session's mouth.

    Args:
        sounds: Where the samples are.
        send: Hands a chunk to the client's connection.
        is_clear: Whether audio may be sent now.
    """

    def __init__(self, sounds: Sounds, send: Callable[[Chunk], None], is_clear: Callable[[], bool]) -> None:
        self._sounds = sounds
        self._send = send
        self._is_clear = is_clear
        self._format = PCM_24K
        self._lane: deque[_Item] = deque()
        self._places: dict[ItemId, int] = {}

    def configure(self, audio_format: AudioFormat) -> None:
        """Encode what is sent from now on like this."""
        if audio_format != self._format:
            self._format = audio_format
            for item in self._lane:
                item.voicing = None

    def speak(self, item_id: ItemId, response_id: str, segment: int, key: OperationKey, skip_ms: int) -> None:
        """Send this segment after those before it; `skip_ms` of the item are with the client already."""
        item = self._find(item_id)
        if item is None:
            item = _Item(item_id=item_id, response_id=response_id, at_ms=self._places.pop(item_id, skip_ms))
            self._lane.append(item)
            self._forget_old()
        item.keys[segment] = key

    def expect(self, item_id: ItemId, at_ms: int) -> None:
        """The client has `at_ms` of this item, whatever is said of it later."""
        item = self._find(item_id)
        if item is None:
            self._places = {item_id: at_ms}
        elif item.at_ms != at_ms:
            item.at_ms = at_ms
            item.voicing = None
            item.started_at = None
            item.is_drained = False

    def repeat(self, item_id: ItemId, response_id: str, keys: dict[int, OperationKey], at_ms: int) -> None:
        """Send the rest of an item that is finished but did not reach the client; the machine is not told."""
        item = self._find(item_id)
        if item is not None:
            self.expect(item_id, at_ms)
            return
        item = _Item(item_id=item_id, response_id=response_id, keys=dict(keys), at_ms=at_ms, is_ended=True)
        item.is_told = False
        self._lane.appendleft(item)

    def know_durations(self, item_id: ItemId, durations: dict[int, int]) -> None:
        """Lengths of segments that the journal knows."""
        item = self._find(item_id)
        if item is not None:
            item.durations |= durations

    def end(self, item_id: ItemId) -> None:
        """No more segments follow."""
        item = self._find(item_id)
        if item is not None:
            item.is_ended = True

    def hold(self, item_id: ItemId) -> None:
        item = self._find(item_id)
        if item is not None:
            item.is_held = True

    def go_on(self, item_id: ItemId) -> None:
        item = self._find(item_id)
        if item is not None:
            item.is_held = False

    def cut(self, item_id: ItemId) -> None:
        """Nothing more of this item is sent."""
        item = self._find(item_id)
        if item is not None:
            self._lane.remove(item)
            self._sounds.drop(item.keys.values())

    def hear(self, item_id: ItemId, heard_ms: float) -> None:
        """The ear has had this much of the item."""
        item = self._find(item_id)
        if item is not None:
            item.heard_ms = max(item.heard_ms, int(heard_ms))

    def owes(self, item_id: ItemId) -> bool:
        """Whether there is audio of this item that the client must be sent before it is told that the item is done."""
        item = self._find(item_id)
        return item is not None and not item.is_drained

    @property
    def item_ids(self) -> list[ItemId]:
        return [item.item_id for item in self._lane]

    def pump(self, now: MonoNs) -> list[SpeechSent]:
        """Send what may be sent now; returns what the machine is to be told."""
        reports: list[SpeechSent] = []
        for item in list(self._lane):
            self._pump_item(item, now)
            if item.is_told and (item.started_at is not None or item.is_drained):
                reports.extend(self._report(item))
            if not item.is_drained:
                break
        return reports

    def next_wake(self, now: MonoNs) -> MonoNs | None:
        """When the lead alone will let more be sent."""
        item = next((item for item in self._lane if not item.is_drained), None)
        if item is None or item.is_held or item.started_at is None:
            return None
        over_ms = item.at_ms - self._ear_ms(item, now) - SPOKEN_LEAD_MS_MAX + CHUNK_MS
        return MonoNs(now + over_ms * NS_PER_MS) if over_ms > 0 else None

    def _pump_item(self, item: _Item, now: MonoNs) -> None:
        while not item.is_held and not item.is_drained and self._is_clear():
            if item.at_ms - self._ear_ms(item, now) + CHUNK_MS > SPOKEN_LEAD_MS_MAX:
                return
            is_first = item.at_ms == 0
            pcm = self._next(item, FIRST_CHUNK_MS if item.started_at is None else CHUNK_MS)
            if not pcm:
                return
            if item.started_at is None:
                item.started_at, item.started_ms = now, item.at_ms
            if item.voicing is None:
                item.voicing = Voicing(self._format)
            item.at_ms += len(pcm) // _BYTES_PER_MS
            audio = item.voicing.encode(pcm)
            self._send(
                Chunk(
                    item_id=item.item_id,
                    response_id=item.response_id,
                    audio=audio,
                    to_ms=item.at_ms,
                    is_first=is_first,
                )
            )

    def _next(self, item: _Item, most_ms: int) -> bytes:
        """The samples at the item's place, b"" if they are not there yet; marks it drained at its end."""
        start_ms = 0
        segment = 0
        while True:
            key = item.keys.get(segment)
            sound = self._sounds.find(key) if key is not None else None
            if sound is not None and sound.is_whole:
                item.durations[segment] = sound.ready_ms
            known_ms = item.durations.get(segment)
            if known_ms is not None and item.at_ms >= start_ms + known_ms:
                start_ms += known_ms
                segment += 1
                continue
            if key is None:
                item.is_drained = item.is_ended and known_ms is None
                return b""
            from_ms = item.at_ms - start_ms
            if sound is None or from_ms >= sound.ready_ms:
                return b""
            to_ms = min(sound.ready_ms, from_ms + most_ms)
            if to_ms - from_ms < LEAST_CHUNK_MS and not sound.is_whole:
                return b""
            return sound.cut(from_ms, to_ms)

    def _report(self, item: _Item) -> list[SpeechSent]:
        if item.reported_ms == item.at_ms and not item.is_drained:
            return []
        item.reported_ms = item.at_ms
        if item.is_drained:
            item.is_told = False
        return [SpeechSent(item_id=item.item_id, sent_ms=item.at_ms, is_drained=item.is_drained)]

    def _ear_ms(self, item: _Item, now: MonoNs) -> int:
        """At most this much has been heard: what the client says, or as if it had played without a pause."""
        if item.started_at is None:
            return max(item.heard_ms, item.at_ms)
        played_ms = item.started_ms + (now - item.started_at) // NS_PER_MS
        return max(item.heard_ms, min(played_ms, item.at_ms))

    def _forget_old(self) -> None:
        """Keep the item before the newest, in case its end did not reach the client."""
        while len(self._lane) > _ITEMS_KEPT and self._lane[0].is_drained:
            self._sounds.drop(self._lane.popleft().keys.values())

    def _find(self, item_id: ItemId) -> _Item | None:
        return next((item for item in self._lane if item.item_id == item_id), None)


_ITEMS_KEPT = 2
_BYTES_PER_MS = PCM_24K.bytes_per_ms
