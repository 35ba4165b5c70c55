"""For whom an operation runs: where its news go."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PartOfTurn:
    """Words of the user between two positions."""

    from_ms: int
    to_ms: int


@dataclass(frozen=True, slots=True)
class EndOfTurn:
    """Whether the turn that paused at `pause_ms` is over."""

    pause_ms: int


@dataclass(frozen=True, slots=True)
class Interjection:
    """What the user says while the agent has the floor, from `onset_ms` on."""

    onset_ms: int


@dataclass(frozen=True, slots=True)
class AnswerOf:
    """The words of a response."""

    response_id: str


@dataclass(frozen=True, slots=True)
class SoundOf:
    """The sound of one segment of a response."""

    response_id: str
    segment: int


@dataclass(frozen=True, slots=True)
class CallOf:
    """One of the agent's own tools, called in a response."""

    response_id: str
    call_id: str


Customer = PartOfTurn | EndOfTurn | Interjection | AnswerOf | SoundOf | CallOf


def is_recorded(customer: Customer) -> bool:
    """Whether the operation is in the journal: guesses about the floor are made anew after a takeover."""
    return not isinstance(customer, EndOfTurn | Interjection)
