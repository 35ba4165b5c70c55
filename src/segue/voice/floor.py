"""Who has the floor: what the agent's speech has come to at the ear, and how it is held, resumed and cut.

Rules: heard is what the client acknowledged, or else what its clock must have played since it was sent, never more than
was sent. A held item is silent at clients that know how; everywhere else it plays on until it is cut. What was cut is
heard no further, and the conversation keeps only the words that were.
"""

from dataclasses import dataclass
from typing import Final

from segue.model.ids import ItemId
from segue.model.time import NS_PER_MS, MonoNs, ms
from segue.telemetry.marks import Mark, MarkName
from segue.voice.effects import CutSpeech, GoOnSpeech, HoldSpeech
from segue.voice.inputs import SpeechSent
from segue.voice.playout import PlayoutLedger
from segue.voice.rows import ItemWasHeard
from segue.voice.scribe import Scribe
from segue.voice.timing import CLIENT, TurnTimes
from segue.wire.realtime.client import Playout
from segue.wire.realtime.server import PlayoutClear, PlayoutHold, PlayoutResume


@dataclass(slots=True)
class _Playing:
    """An item that may be sounding. `base_ms` of it had been played at `base_at`, as far as we can tell."""

    item_id: str
    sent_ms: int
    base_ms: int
    base_at: MonoNs
    is_drained: bool = False
    acknowledged_ms: int | None = None
    noted_ms: int = 0

    def heard_ms(self, now: MonoNs) -> int:
        """Played by now."""
        if self.acknowledged_ms is not None:
            return min(self.acknowledged_ms, self.sent_ms)
        return min(self.sent_ms, self.base_ms + (now - self.base_at) // NS_PER_MS)

    def ends_at(self) -> MonoNs:
        """When what was sent has been played; a client that acknowledges has a while to say so itself."""
        grace_ms = 0 if self.acknowledged_ms is None else SILENT_CLIENT_MS
        played_ms = self.base_ms if self.acknowledged_ms is None else self.acknowledged_ms
        return MonoNs(self.base_at + ms(self.sent_ms - played_ms + grace_ms))


class Floor:
    """The agent's audible items of one session."""

    def __init__(self, scribe: Scribe, times: TurnTimes) -> None:
        self._scribe = scribe
        self._times = times
        self._playing: dict[str, _Playing] = {}
        self._cut_ms: dict[str, int] = {}
        self._held: tuple[str, ...] = ()

    @property
    def is_audible(self) -> bool:
        """Whether agent speech is (probably) sounding."""
        return bool(self._playing)

    @property
    def is_held(self) -> bool:
        return bool(self._held)

    def resume(self) -> None:
        """After a takeover: the last item that was said and not heard to its end is taken to sound still."""
        facts = self._scribe.fold.facts
        item_id = next((name for name in reversed(facts.order) if facts.speech.get(name)), None)
        if item_id is None or not self._is_finished(item_id):
            return
        state, length_ms = facts.items[item_id], self.length_ms(item_id)
        if state.heard_text is None and state.heard_ms < length_ms:
            self._playing[item_id] = _Playing(
                item_id, length_ms, state.heard_ms, self._scribe.now, is_drained=True, noted_ms=state.heard_ms
            )

    def handle_listener(self) -> None:
        """A client that the last owner may have asked for silence goes on."""
        for item_id in self._playing:
            self._scribe.tell(PlayoutResume(item_id=item_id), only_aware=True)

    def handle_sent(self, event: SpeechSent) -> None:
        """The speaker has handed audio on."""
        item_id, now = event.item_id, self._scribe.now
        playing = self._playing.get(item_id)
        if playing is None:
            if event.sent_ms <= 0 or item_id in self._cut_ms:
                return
            begins_at = max((other.ends_at() for other in self._playing.values()), default=now)
            playing = _Playing(item_id, 0, self._known_heard_ms(item_id), max(begins_at, now))
            self._playing[item_id] = playing
        if playing.acknowledged_ms is None and now > playing.base_at:
            playing.base_ms, playing.base_at = playing.heard_ms(now), now
        playing.sent_ms = max(playing.sent_ms, event.sent_ms)
        playing.is_drained = playing.is_drained or event.is_drained

    def handle_playout(self, event: Playout) -> None:
        """The client says what it has played."""
        self._mark(event)
        item_id, played_ms = event.item_id, max(int(event.played_ms), 0)
        if item_id in self._cut_ms:
            self._correct_cut(item_id, played_ms, is_last=event.done)
            return
        playing = self._playing.get(item_id)
        if playing is None:
            if event.done or item_id not in self._scribe.fold.facts.items:
                return
            playing = self._playing[item_id] = _Playing(item_id, played_ms, played_ms, self._scribe.now)
            playing.is_drained = self._is_finished(item_id)
        playing.sent_ms = max(playing.sent_ms, played_ms)
        playing.acknowledged_ms = max(played_ms, playing.acknowledged_ms or 0)
        playing.base_ms, playing.base_at = playing.acknowledged_ms, self._scribe.now
        self._note(playing, is_over=event.done and playing.is_drained)

    def handle_deadline(self) -> None:
        """Note what has been heard since, and what has ended."""
        for playing in list(self._playing.values()):
            is_over = playing.is_drained and not self._held and playing.ends_at() <= self._scribe.now
            if is_over:
                playing.acknowledged_ms = None if playing.acknowledged_ms is None else playing.sent_ms
            self._note(playing, is_over=is_over)

    def next_deadline(self) -> MonoNs | None:
        """When there is something new to note."""
        if self._held or not self._playing:
            return None
        return min((due for p in self._playing.values() if (due := self._due(p)) is not None), default=None)

    def hold(self, item_id: str | None) -> None:
        """Perhaps the user takes the floor: be silent. `item_id` is being said and may not have sounded yet."""
        self._held = tuple(dict.fromkeys([*self._playing, *([item_id] if item_id else [])]))
        for held in self._held:
            self._scribe.perform(HoldSpeech(item_id=ItemId(held)))
            self._scribe.tell(PlayoutHold(item_id=held), only_aware=True)

    def go_on(self) -> None:
        """They did not take it."""
        held, self._held = self._held, ()
        for item_id in held:
            playing = self._playing.get(item_id)
            if playing is not None and playing.acknowledged_ms is not None:
                playing.base_at = self._scribe.now
            self._scribe.perform(GoOnSpeech(item_id=ItemId(item_id)))
            self._scribe.tell(PlayoutResume(item_id=item_id), only_aware=True)

    def cut(self, item_id: str | None) -> None:
        """They did: nothing more is heard of what sounds, nor of `item_id`, whose response the caller stops."""
        self._held = ()
        for cut_id in dict.fromkeys([*self._playing, *([item_id] if item_id else [])]):
            playing = self._playing.pop(cut_id, None)
            heard_ms = playing.heard_ms(self._scribe.now) if playing is not None else 0
            self._remember_cut(cut_id, heard_ms)
            if cut_id != item_id:
                self._scribe.perform(CutSpeech(item_id=ItemId(cut_id)))
            self._scribe.write(
                ItemWasHeard(item_id=cut_id, heard_ms=heard_ms, text=self.text_heard(cut_id, heard_ms), is_cut=True)
            )
            self._scribe.tell(PlayoutClear(item_id=cut_id, played_ms=heard_ms), only_aware=True)

    def forget(self, item_id: str) -> None:
        """The client says itself how much of it was played, or deleted it."""
        playing = self._playing.pop(item_id, None)
        self._remember_cut(item_id, playing.heard_ms(self._scribe.now) if playing is not None else 0)

    def text_heard(self, item_id: str, heard_ms: int) -> str:
        """The words of an item up to a point."""
        return self._ledger(item_id).text_heard(heard_ms)

    def length_ms(self, item_id: str) -> int:
        """How long an item is, as far as it was made or sent."""
        playing = self._playing.get(item_id)
        known = self._scribe.fold.facts.speech.get(item_id, [])
        made_ms = sum(segment.duration_ms or 0 for segment in known)
        return max(made_ms, playing.sent_ms if playing is not None else 0)

    def _ledger(self, item_id: str) -> PlayoutLedger:
        known = self._scribe.fold.facts.speech.get(item_id, [])
        return PlayoutLedger((segment.text, segment.duration_ms) for segment in known)

    def _note(self, playing: _Playing, *, is_over: bool) -> None:
        heard_ms = playing.heard_ms(self._scribe.now)
        if is_over:
            del self._playing[playing.item_id]
        if heard_ms - playing.noted_ms >= (1 if is_over else NOTE_STEP_MS):
            playing.noted_ms = heard_ms
            text = self.text_heard(playing.item_id, heard_ms)
            self._scribe.note(ItemWasHeard(item_id=playing.item_id, heard_ms=heard_ms, text=text, is_cut=False))

    def _due(self, playing: _Playing) -> MonoNs | None:
        ends_at = playing.ends_at()
        if playing.acknowledged_ms is not None:
            return ends_at if playing.is_drained else None
        next_ms = playing.noted_ms + NOTE_STEP_MS
        if next_ms < playing.sent_ms:
            return MonoNs(playing.base_at + ms(max(next_ms - playing.base_ms, 0)))
        return ends_at if playing.is_drained else None

    def _correct_cut(self, item_id: str, played_ms: int, *, is_last: bool) -> None:
        """The client flushed its buffer and says where: its word is better than our guess."""
        if not is_last:
            return
        known_ms = self._cut_ms[item_id]
        heard_ms = min(played_ms, max(self.length_ms(item_id), known_ms))
        if abs(heard_ms - known_ms) >= CORRECTED_FROM_MS and item_id in self._scribe.fold.facts.items:
            self._cut_ms[item_id] = heard_ms
            text = self.text_heard(item_id, heard_ms)
            self._scribe.note(ItemWasHeard(item_id=item_id, heard_ms=heard_ms, text=text, is_cut=True))

    def _remember_cut(self, item_id: str, heard_ms: int) -> None:
        self._cut_ms[item_id] = heard_ms
        while len(self._cut_ms) > CUTS_MAX:
            del self._cut_ms[next(iter(self._cut_ms))]

    def _mark(self, event: Playout) -> None:
        if event.received_at_ns is not None:
            mark = Mark(name=MarkName.CLIENT_IN, domain=CLIENT, at_ns=event.received_at_ns)
            self._times.mark(event.item_id, mark)
        if event.started_at_ns is not None:
            self._times.mark(event.item_id, Mark(name=MarkName.EAR, domain=CLIENT, at_ns=event.started_at_ns))

    def _known_heard_ms(self, item_id: str) -> int:
        state = self._scribe.fold.facts.items.get(item_id)
        return state.heard_ms if state is not None else 0

    def _is_finished(self, item_id: str) -> bool:
        running = self._scribe.fold.facts.responses.values()
        return all(response.started.item_id != item_id or response.item is not None for response in running)


NOTE_STEP_MS: Final = 1_000
"""Heard marks are journalled this far apart, and at each end."""
SILENT_CLIENT_MS: Final = 2_000
"""A client that acknowledged and stopped doing so has played all of it by then."""
CORRECTED_FROM_MS: Final = 60
CUTS_MAX: Final = 64
"""Cut items whose late acknowledgements are still understood."""
