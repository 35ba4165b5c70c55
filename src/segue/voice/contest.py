"""Sound while the agent has the floor: a turn, or only a word that does not want it?

Rules: words take the floor, a backchannel and noise do not; the recogniser is asked again as the sound goes on, and who
speaks on for long wants the floor whatever they say. If it cannot be told, the user is given the floor: an answer cut
short is a smaller harm than a person not heard.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from segue.voice import results
from segue.voice.backchannel import Said, classify
from segue.voice.customers import Interjection
from segue.voice.endpointing import Pause
from segue.voice.operations import GivenUp, News, Operations
from segue.voice.transcripts import HEARING


class Verdict(Enum):
    """Who has the floor."""

    OPEN = "open"
    TAKEN = "taken"
    LEFT = "left"


@dataclass(slots=True)
class Contest:
    """One contest, from its onset to its verdict. `asked_ms`: user audio was last asked about up to here."""

    operations: Operations
    onset_ms: int
    audio_ms: int
    asked_ms: int
    pause: Pause | None = None
    is_asking: bool = False
    said: Said | None = None

    @property
    def end_ms(self) -> int:
        """Up to where the sound was, as far as is known."""
        return self.pause.at_ms if self.pause is not None else self.audio_ms

    def handle_pause(self, pause: Pause, audio_ms: int) -> None:
        """The sound stopped: ask about all of it."""
        self.pause, self.audio_ms = pause, audio_ms
        self._ask()

    def handle_resumed(self) -> None:
        """It goes on."""
        self.pause = None

    def handle_window(self, audio_ms: int) -> Verdict:
        """Another window of it, or of the silence after it."""
        self.audio_ms = audio_ms
        if self.pause is not None:
            return Verdict.OPEN
        if audio_ms - self.asked_ms >= ASK_STEP_MS:
            self._ask()
        if audio_ms - self.onset_ms < CONTEST_MS_MAX:
            return Verdict.OPEN
        return Verdict.LEFT if self.said is Said.NOTHING else Verdict.TAKEN

    def handle_news(self, news: News, *, is_agents: bool) -> Verdict:
        """The recogniser says what was said; `is_agents`: the agent still has the floor."""
        match news:
            case results.Transcribed(text=text):
                self.is_asking = False
                self.said = classify(text, self._spoken_ms)
                return self._judge(self.said, is_agents=is_agents)
            case GivenUp():
                return Verdict.TAKEN
            case _:
                return Verdict.OPEN

    def _judge(self, said: Said, *, is_agents: bool) -> Verdict:
        if said is Said.WORDS or (said is Said.BACKCHANNEL and not is_agents):
            return Verdict.TAKEN
        if self.pause is None:
            return Verdict.OPEN
        if self.asked_ms >= self.pause.at_ms:
            return Verdict.LEFT
        self._ask()
        return Verdict.OPEN

    def _ask(self) -> None:
        if not self.is_asking:
            self.is_asking, self.asked_ms = True, self.audio_ms
            request = results.Transcribe(from_ms=self.onset_ms, to_ms=self.audio_ms)
            self.operations.start(HEARING, request, Interjection(self.onset_ms))

    @property
    def _spoken_ms(self) -> int:
        return self.pause.spoken_ms if self.pause is not None else self.asked_ms - self.onset_ms


ASK_STEP_MS: Final = 400
"""While the floor is contested, the recogniser is asked again after this much more audio."""
CONTEST_MS_MAX: Final = 1_600
"""Whoever speaks this long against the agent wants the floor, whatever they say; noise this long is let be."""
