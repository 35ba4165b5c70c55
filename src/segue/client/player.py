"""An ideal audio device: plays at exactly 1x, starts a chunk the moment it may, and knows to the sample what was heard.

There is no sound card, so what a real one adds (its buffer) is `device_ms`, 0 unless said otherwise. The schedule is
arithmetic, not a ticking loop: asking what was played is exact however late one asks.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from segue.model.audio import SPOKEN_RATE_HZ
from segue.model.time import NS_PER_MS, NS_PER_S, MonoNs

Pcm = NDArray[np.int16]


@dataclass(slots=True)
class _Span:
    """Samples of one item, heard from `at_ns` on."""

    item_id: str
    at_ns: int
    samples: Pcm

    @property
    def end_ns(self) -> int:
        return self.at_ns + len(self.samples) * NS_PER_S // SPOKEN_RATE_HZ


@dataclass(frozen=True, slots=True, kw_only=True)
class PlayoutReport:
    """What the ear has had of one item."""

    item_id: str
    played_ms: float
    buffered_ms: float
    started_at_ns: int | None
    received_at_ns: int | None
    is_done: bool


@dataclass(slots=True)
class _ItemLog:
    received_at_ns: int
    started_at_ns: int | None = None
    is_cut: bool = False
    samples: int = 0


@dataclass(slots=True)
class Player:
    """Plays the items of one call, in the order received; `timeline` is everything the ear ever had."""

    device_ms: float = 0.0
    _spans: list[_Span] = field(default_factory=list)
    _items: dict[str, _ItemLog] = field(default_factory=dict)
    _held_at_ns: int | None = None

    def play(self, now: MonoNs, item_id: str, pcm: bytes) -> None:
        """Queue 24 kHz int16 samples of an item; ignored when that item was cut."""
        log = self._items.setdefault(item_id, _ItemLog(received_at_ns=now))
        if log.is_cut:
            return
        start = max([now + int(self.device_ms * NS_PER_MS)] + [span.end_ns for span in self._spans[-1:]])
        if self._held_at_ns is not None:
            start = max(start, self._held_at_ns)
        if log.started_at_ns is None:
            log.started_at_ns = start
        log.samples += len(pcm) // 2
        self._spans.append(_Span(item_id, start, np.frombuffer(pcm, "<i2")))

    def hold(self, now: MonoNs) -> None:
        """Fall silent, keep what is queued."""
        if self._held_at_ns is None:
            self._held_at_ns = now

    def go_on(self, now: MonoNs) -> None:
        """Continue where `hold` stopped."""
        if self._held_at_ns is None:
            return
        held_at, self._held_at_ns = self._held_at_ns, None
        moved: list[_Span] = []
        for span in self._spans:
            moved += _shift_from(span, held_at, now - held_at)
        self._spans = moved

    def clear(self, now: MonoNs, item_id: str) -> None:
        """Cut an item: what was not heard is thrown away and never played."""
        cut_at = self._held_at_ns if self._held_at_ns is not None else now
        self._items.setdefault(item_id, _ItemLog(received_at_ns=now)).is_cut = True
        kept: list[_Span] = []
        for span in self._spans:
            kept += [span] if span.item_id != item_id else _before(span, cut_at)
        self._spans = kept
        self._held_at_ns = None

    def report(self, now: MonoNs, item_id: str) -> PlayoutReport:
        """What of `item_id` has been heard by `now`."""
        until = min(now, self._held_at_ns) if self._held_at_ns is not None else now
        log = self._items.get(item_id)
        if log is None:
            return PlayoutReport(
                item_id=item_id, played_ms=0.0, buffered_ms=0.0, started_at_ns=None, received_at_ns=None, is_done=True
            )
        own = [span for span in self._spans if span.item_id == item_id]
        played = sum(_samples_before(span, until) for span in own)
        total = sum(len(span.samples) for span in own)
        started = log.started_at_ns if log.started_at_ns is not None and log.started_at_ns <= until else None
        return PlayoutReport(
            item_id=item_id,
            played_ms=played * 1000 / SPOKEN_RATE_HZ,
            buffered_ms=(total - played) * 1000 / SPOKEN_RATE_HZ,
            started_at_ns=started,
            received_at_ns=log.received_at_ns,
            is_done=played == total,
        )

    def idle_at(self) -> int:
        """The instant from which nothing is left to play (far in the future while held)."""
        if self._held_at_ns is not None and self._spans and self._spans[-1].end_ns > self._held_at_ns:
            return self._held_at_ns + 3600 * NS_PER_S
        return max((span.end_ns for span in self._spans[-1:]), default=0)

    def timeline(self, start_ns: int, end_ns: int) -> Pcm:
        """What the ear had between two instants, silence included."""
        out = np.zeros(max(0, (end_ns - start_ns) * SPOKEN_RATE_HZ // NS_PER_S), np.int16)
        for span in self._spans:
            at = (span.at_ns - start_ns) * SPOKEN_RATE_HZ // NS_PER_S
            first, last = max(0, -at), min(len(span.samples), len(out) - at)
            if first < last:
                out[at + first : at + last] = span.samples[first:last]
        return out


def _samples_before(span: _Span, until_ns: int) -> int:
    return min(len(span.samples), max(0, until_ns - span.at_ns) * SPOKEN_RATE_HZ // NS_PER_S)


def _before(span: _Span, cut_ns: int) -> list[_Span]:
    kept = _samples_before(span, cut_ns)
    return [_Span(span.item_id, span.at_ns, span.samples[:kept])] if kept else []


def _shift_from(span: _Span, held_ns: int, by_ns: int) -> list[_Span]:
    """The part heard before `held_ns` stays; the rest moves later."""
    heard = _samples_before(span, held_ns)
    rest_at = max(span.at_ns, held_ns) + by_ns
    parts = [_Span(span.item_id, span.at_ns, span.samples[:heard])] if heard else []
    if heard < len(span.samples):
        parts.append(_Span(span.item_id, rest_at, span.samples[heard:]))
    return parts
