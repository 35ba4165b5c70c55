"""One response while it is made: what the model has brought, cut into segments, and how far each has come.

Rules: words that were published stay said. When an attempt is repeated, its segments are held against them: what is the
same is skipped, and an attempt that says something else is noticed here and settled by `answers`.
"""

from dataclasses import dataclass, field
from enum import Enum

from segue.model.ids import OperationKey
from segue.voice.results import Generated, ToolCallRecord
from segue.voice.rows import ResponseStarted
from segue.voice.segmenter import Segmenter


class Stage(Enum):
    """Whether anybody was told."""

    GUESSED = "guessed"
    """Made ahead for a turn that may not be over; may be thrown away."""
    RUNNING = "running"
    """`response.created` was sent."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Some of what the user said is still with the recogniser."""


@dataclass(frozen=True, slots=True)
class Thinking:
    """The model is at work on the operation `key`."""

    key: OperationKey


@dataclass(frozen=True, slots=True)
class Decided:
    """All words are known."""

    end: Generated


@dataclass(frozen=True, slots=True)
class Failing:
    """It cannot be finished. What was published is still spoken, unless speech is what failed."""

    code: str
    message: str
    is_mute: bool = False


Mind = Waiting | Thinking | Decided | Failing


class Sound(Enum):
    """How far a segment's sound is."""

    UNASKED = "unasked"
    ASKED = "asked"
    MADE = "made"


class Mouth(Enum):
    """How far the message's speech is."""

    SILENT = "silent"
    """Nothing handed to the speaker."""
    SPEAKING = "speaking"
    ENDING = "ending"
    """The speaker was told that no more comes."""
    DONE = "done"
    """All of it was sent, or there is none."""


@dataclass(slots=True)
class Segment:
    """A piece of the message that is spoken in one go."""

    text: str
    key: str = ""
    sound: Sound = Sound.UNASKED
    duration_ms: int | None = None


@dataclass(slots=True)
class Answer:
    """The live side of a response; what of it lasts is in the fold."""

    plan: ResponseStarted
    stage: Stage
    mind: Mind
    mouth: Mouth = Mouth.SILENT
    segments: list[Segment] = field(default_factory=list)
    published: int = 0
    """Segments that are in rows."""
    matched: int = 0
    """Segments that the running attempt has brought; behind `segments` only while an attempt is repeated."""
    calls: list[ToolCallRecord] = field(default_factory=list)
    segmenter: Segmenter = field(default_factory=Segmenter)

    @property
    def response_id(self) -> str:
        return self.plan.response_id

    @property
    def item_id(self) -> str:
        return self.plan.item_id

    @property
    def name(self) -> str:
        """Under which its operations are known."""
        return name_of(self.plan.origin, self.plan.round)

    @property
    def is_spoken(self) -> bool:
        """Whether there is sound, not only text."""
        return self.plan.modality == "audio"

    @property
    def is_in_conversation(self) -> bool:
        return self.plan.conversation_id is not None

    @property
    def text(self) -> str:
        """All its words so far."""
        return "".join(segment.text for segment in self.segments)

    @property
    def published_text(self) -> str:
        return "".join(segment.text for segment in self.segments[: self.published])

    def begin_again(self) -> None:
        """A new attempt starts from the first word: keep what was published, forget the rest."""
        del self.segments[self.published :]
        self.calls.clear()
        self.segmenter = Segmenter()
        self.matched = 0

    def go_on_from_here(self) -> None:
        """The next attempt brings only what follows the segments there are."""
        self.begin_again()
        self.matched = len(self.segments)

    def take(self, text: str) -> bool:
        """Add words of the model; false if they are not those that were published."""
        return self._take(self.segmenter.push(text))

    def take_rest(self) -> bool:
        """The model has finished: add what is left over; false as in `take`."""
        return self._take(self.segmenter.flush())

    def _take(self, texts: list[str]) -> bool:
        for text in texts:
            if self.matched == len(self.segments):
                self.segments.append(Segment(text))
            elif self.segments[self.matched].text != text:
                return False
            self.matched += 1
        return True


def name_of(origin: str, number: int) -> str:
    """The name of the `number`-th response in a row that has this origin: unique in the session."""
    return origin if number == 1 else f"{origin}#{number}"
