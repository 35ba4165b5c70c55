"""Where speech begins, pauses and goes on, from the detector's windows alone.

Rules: driven by audio time only, so a replay of the same windows gives the same events however fast it is fed. It never
says that a turn is over: that is `decision.decide`, and whoever decides calls `end_turn`. A single loud window is a
click, not speech; between the two thresholds what was going on goes on.

    Quiet ──(onset_windows over onset_threshold)──▶ Speaking ──(pause_ms under offset_threshold)──▶ Pausing
      ▲                                               ▲  │                                            │  │
      └──────────────── end_turn ─────────────────────┼──┴────────────────────────────────────────────┘  │
                                                      └────────(resume_windows over onset_threshold)─────┘
"""

from dataclasses import dataclass
from typing import Final, assert_never

import msgspec

from segue.wire.realtime.session import ServerVad, TurnDetection


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointConfig:
    """How sure is sure. Probabilities are the detector's; times are of user audio."""

    window_ms: int = 32
    """What one probability covers; the detector's, not a choice."""
    onset_threshold: float = 0.5
    """0..1. Lower hears softer speech and more noise."""
    offset_threshold: float = 0.35
    """At most the onset threshold: speech goes on while above it."""
    onset_windows: int = 3
    """1..: windows of speech before an onset; each costs `window_ms` of barge-in delay and spares clicks and coughs."""
    resume_windows: int = 2
    """1..: the same after a pause, where speech is more likely."""
    pause_ms: int = 64
    """Silence before a pause is reported: the wait before speculation begins."""
    prefix_padding_ms: int = 300
    """0..500: audio before the onset that belongs to the turn."""

    def __post_init__(self) -> None:
        assert 0 < self.offset_threshold <= self.onset_threshold <= 1
        assert min(self.window_ms, self.onset_windows, self.resume_windows) > 0
        assert 0 <= self.prefix_padding_ms <= PREFIX_PADDING_MS_MAX


def endpoint_config(detection: TurnDetection) -> EndpointConfig:
    """The detector settings that a session's turn detection asks for."""
    if not isinstance(detection, ServerVad):
        return EndpointConfig()
    onset = min(max(detection.threshold, THRESHOLD_MIN), 1.0)
    return EndpointConfig(
        onset_threshold=onset,
        offset_threshold=max(onset - HYSTERESIS, THRESHOLD_MIN / 2),
        prefix_padding_ms=min(max(detection.prefix_padding_ms, 0), PREFIX_PADDING_MS_MAX),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Onset:
    """Speech began at `speech_ms`; the turn begins `prefix_padding_ms` earlier, at `at_ms`."""

    at_ms: int
    speech_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Speech stopped at `at_ms`, of which `spoken_ms` were voiced since the onset."""

    at_ms: int
    spoken_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Another window of the pause that began at `at_ms`, which now lasts `silence_ms`. Also given with the `Pause`."""

    at_ms: int
    silence_ms: int
    spoken_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechResumed:
    """Speech went on at `at_ms`, before the turn was over."""

    at_ms: int


EndpointEvent = Onset | Pause | Silence | SpeechResumed


class Quiet(msgspec.Struct, frozen=True, tag="quiet"):
    """No turn. `rising_ms` is where the run of `rising` loud windows began."""

    rising: int = 0
    rising_ms: int = 0
    floor_ms: int = 0
    """Audio before this belongs to an earlier turn: padding does not reach back over it."""


class Speaking(msgspec.Struct, frozen=True, tag="speaking"):
    """In speech that was last voiced at `voiced_ms`."""

    voiced_ms: int
    spoken_ms: int


class Pausing(msgspec.Struct, frozen=True, tag="pausing"):
    """In a turn's pause since `end_ms`; `rising` as in `Quiet`."""

    end_ms: int
    spoken_ms: int
    rising: int = 0
    rising_ms: int = 0


class EndpointSnapshot(msgspec.Struct, frozen=True):
    """All that an endpointer knows."""

    audio_ms: int
    state: Quiet | Speaking | Pausing


class Endpointer:
    """One session's endpointing."""

    def __init__(self, config: EndpointConfig) -> None:
        self.config = config
        self._audio_ms = 0
        self._state: Quiet | Speaking | Pausing = Quiet()

    @property
    def is_in_turn(self) -> bool:
        """Between an onset and `end_turn`."""
        return not isinstance(self._state, Quiet)

    def handle(self, audio_ms: int, probability: float) -> tuple[EndpointEvent, ...]:
        """Take the window that ends at `audio_ms`; one that was already taken (a replay) changes nothing."""
        if audio_ms <= self._audio_ms:
            return ()
        self._audio_ms = audio_ms
        state = self._state
        match state:
            case Quiet():
                return self._on_quiet(state, probability)
            case Speaking():
                return self._on_speaking(state, probability)
            case Pausing():
                return self._on_pausing(state, probability)
            case _:
                assert_never(state)

    def end_turn(self, at_ms: int) -> None:
        """The turn was committed or dropped, with its audio up to `at_ms`: what comes next is a new one."""
        state = self._state
        if isinstance(state, Speaking):
            self._state = Quiet(floor_ms=at_ms)
        else:
            self._state = Quiet(state.rising, state.rising_ms, at_ms)

    def reopen(self, from_ms: int) -> None:
        """Take up an open turn whose onset another process saw: audio from `from_ms` on is about to be replayed."""
        self._audio_ms = from_ms
        self._state = Speaking(voiced_ms=from_ms, spoken_ms=0)

    def snapshot(self) -> EndpointSnapshot:
        return EndpointSnapshot(self._audio_ms, self._state)

    def restore(self, snapshot: EndpointSnapshot) -> None:
        """Be as the endpointer was that gave `snapshot`."""
        self._audio_ms, self._state = snapshot.audio_ms, snapshot.state

    @property
    def _window_from_ms(self) -> int:
        return max(self._audio_ms - self.config.window_ms, 0)

    def _risen(self, state: Quiet | Pausing, probability: float) -> tuple[int, int]:
        """The run of loud windows, and where it began, with this window counted."""
        if probability >= self.config.onset_threshold:
            return state.rising + 1, state.rising_ms if state.rising else self._window_from_ms
        is_recent = self._audio_ms - state.rising_ms <= RISING_WINDOWS_MAX * self.config.window_ms
        if probability >= self.config.offset_threshold and is_recent:
            return state.rising, state.rising_ms
        return 0, 0

    def _on_quiet(self, state: Quiet, probability: float) -> tuple[EndpointEvent, ...]:
        rising, rising_ms = self._risen(state, probability)
        if rising < self.config.onset_windows:
            self._state = Quiet(rising, rising_ms, state.floor_ms)
            return ()
        self._state = Speaking(self._audio_ms, self._audio_ms - rising_ms)
        at_ms = max(rising_ms - self.config.prefix_padding_ms, state.floor_ms)
        return (Onset(at_ms=at_ms, speech_ms=max(rising_ms, at_ms)),)

    def _on_speaking(self, state: Speaking, probability: float) -> tuple[EndpointEvent, ...]:
        if probability >= self.config.offset_threshold:
            self._state = Speaking(self._audio_ms, state.spoken_ms + self._audio_ms - self._window_from_ms)
            return ()
        silence_ms = self._audio_ms - state.voiced_ms
        if silence_ms < self.config.pause_ms:
            return ()
        self._state = Pausing(state.voiced_ms, state.spoken_ms)
        return (
            Pause(at_ms=state.voiced_ms, spoken_ms=state.spoken_ms),
            Silence(at_ms=state.voiced_ms, silence_ms=silence_ms, spoken_ms=state.spoken_ms),
        )

    def _on_pausing(self, state: Pausing, probability: float) -> tuple[EndpointEvent, ...]:
        rising, rising_ms = self._risen(state, probability)
        if rising >= self.config.resume_windows:
            self._state = Speaking(self._audio_ms, state.spoken_ms + self._audio_ms - rising_ms)
            return (SpeechResumed(at_ms=rising_ms),)
        self._state = Pausing(state.end_ms, state.spoken_ms, rising, rising_ms)
        silence_ms = (rising_ms if rising else self._audio_ms) - state.end_ms
        return (Silence(at_ms=state.end_ms, silence_ms=silence_ms, spoken_ms=state.spoken_ms),)


PREFIX_PADDING_MS_MAX: Final = 500
RISING_WINDOWS_MAX: Final = 10
"""An onset is made of loud windows within this many: a murmur with a click now and then is none."""
THRESHOLD_MIN: Final = 0.02
HYSTERESIS: Final = 0.15
