"""What the user said, part by part: asked of the recogniser, kept once it is understood for good.

Rules: a part is at most STT_AUDIO_MS_MAX long. The last part of an unfinished turn is a guess until it is sealed: if
the user goes on, it is dropped and asked again, longer. A sealed part that is understood becomes a row and its audio is
not needed again, so undecided audio stays short however long somebody speaks.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final, assert_never

from segue.model.ids import OperationKey
from segue.model.limits import STT_AUDIO_MS_MAX
from segue.telemetry.marks import MarkName
from segue.voice import results, rows
from segue.voice.customers import PartOfTurn
from segue.voice.facts import AwaitedTranscript
from segue.voice.operations import GivenUp, News, Operations, Restarted
from segue.voice.scribe import Scribe
from segue.voice.timing import TurnTimes


@dataclass(frozen=True, slots=True)
class NotYet:
    """The recogniser is at work."""


@dataclass(frozen=True, slots=True)
class Understood:
    """All of it is known; the text is empty if nothing was said."""

    text: str


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """Nobody could say what was said."""

    reason: str


Heard = NotYet | Understood | NotUnderstood


@dataclass(slots=True)
class _Part:
    from_ms: int
    to_ms: int
    key: OperationKey
    heard: Heard
    is_sealed: bool = False


class Transcripts:
    """The parts of the unfinished turn, and of those committed before they were understood."""

    def __init__(self, scribe: Scribe, operations: Operations, times: TurnTimes) -> None:
        self._scribe = scribe
        self._operations = operations
        self._times = times
        self._open: list[_Part] = []
        self._committed: dict[str, list[_Part]] = {}

    def next_from_ms(self, start_ms: int) -> int:
        """Where the next part of the unfinished turn begins, which itself began at `start_ms`."""
        if self._open:
            return self._open[-1].to_ms
        heard = self._scribe.fold.facts.heard
        return max(start_ms, heard[-1].to_ms) if heard else start_ms

    def kept_from_ms(self, start_ms: int) -> int:
        """The first audio of the unfinished turn that is still needed."""
        heard = self._scribe.fold.facts.heard
        return max(start_ms, heard[-1].to_ms) if heard else start_ms

    def ask(self, from_ms: int, to_ms: int) -> None:
        """Have this part of the unfinished turn recognised."""
        self._open.extend(self._parts(from_ms, to_ms))

    def seal(self) -> None:
        """The turn goes on, but these parts will not be asked for again."""
        for part in self._open:
            part.is_sealed = True
        self._keep_sealed()

    def drop_guess(self) -> None:
        """The user goes on: the last parts will be asked for again, longer."""
        for part in self._open:
            if not part.is_sealed:
                self._operations.cancel(part.key)
        self._open = [part for part in self._open if part.is_sealed]

    def drop(self) -> None:
        """There is no turn."""
        for part in self._open:
            self._operations.cancel(part.key)
        self._open = []

    def heard(self) -> Heard:
        """The unfinished turn so far."""
        kept = [span.text for span in self._scribe.fold.facts.heard]
        return _joined(kept, self._open)

    def commit(self, item_id: str) -> None:
        """The unfinished turn was committed as this item, whose row was just written."""
        self._committed[item_id], self._open = self._open, []
        self._settle(item_id)

    def resume(self) -> None:
        """After a takeover: ask again for what was committed and not understood."""
        for awaited in list(self._scribe.fold.facts.awaited):
            from_ms = awaited.heard[-1].to_ms if awaited.heard else awaited.audio_start_ms
            self._committed[awaited.item_id] = self._parts(from_ms, awaited.audio_end_ms)

    def handle(self, customer: PartOfTurn, news: News) -> str | None:
        """The recogniser brought something; returns why a committed turn will never be understood, if so."""
        heard: Heard
        match news:
            case results.Transcribed(text=text):
                heard = Understood(text.strip())
            case GivenUp(reason=reason):
                heard = NotUnderstood(reason)
            case Restarted():
                return None
            case _:
                raise AssertionError(f"the recogniser does not bring {type(news).__name__}")
        for part in (*self._open, *(part for parts in self._committed.values() for part in parts)):
            if (part.from_ms, part.to_ms) == (customer.from_ms, customer.to_ms):
                part.heard = heard
        self._keep_sealed()
        for item_id in list(self._committed):
            self._settle(item_id)
        return heard.reason if isinstance(heard, NotUnderstood) else None

    def _parts(self, from_ms: int, to_ms: int) -> list[_Part]:
        """Equal parts, none too long for the recogniser."""
        count = max(-(-(to_ms - from_ms) // STT_AUDIO_MS_MAX), 1)
        edges = [from_ms + (to_ms - from_ms) * number // count for number in range(count + 1)]
        settings = self._scribe.fold.session.audio.input.transcription
        parts = []
        for begin_ms, end_ms in pairwise(edges):
            request = results.Transcribe(
                from_ms=begin_ms,
                to_ms=end_ms,
                language=settings.language if settings is not None else None,
                prompt=settings.prompt if settings is not None else None,
            )
            key = self._operations.start(HEARING, request, PartOfTurn(begin_ms, end_ms))
            parts.append(_Part(begin_ms, end_ms, key, NotYet()))
        return parts

    def _keep_sealed(self) -> None:
        while self._open and self._open[0].is_sealed:
            first = self._open[0]
            if not isinstance(first.heard, Understood):
                return
            self._open.pop(0)
            self._scribe.note(rows.TurnHeard(from_ms=first.from_ms, to_ms=first.to_ms, text=first.heard.text))

    def _settle(self, item_id: str) -> None:
        """Write what was said in a committed turn once all of it is understood, or one part of it will never be."""
        awaited = next((a for a in self._scribe.fold.facts.awaited if a.item_id == item_id), None)
        if awaited is None:
            self._committed.pop(item_id, None)
            return
        heard = _joined([span.text for span in awaited.heard], self._committed[item_id])
        match heard:
            case NotYet():
                return
            case Understood(text=text):
                self._write_text(awaited, text)
            case NotUnderstood(reason=reason):
                told = self._scribe.fold.session.audio.input.transcription is not None
                self._scribe.write(rows.TranscriptionGivenUp(item_id=item_id, reason=reason, is_told=told))
            case _:
                assert_never(heard)
        del self._committed[item_id]

    def _write_text(self, awaited: AwaitedTranscript, text: str) -> None:
        self._times.stamp(awaited.turn_id, MarkName.STT_FINAL)
        self._scribe.write(
            rows.TurnTranscribed(
                item_id=awaited.item_id,
                text=text,
                audio_ms=awaited.audio_end_ms - awaited.audio_start_ms,
                is_told=self._scribe.fold.session.audio.input.transcription is not None,
            )
        )


def _joined(kept: list[str], parts: list[_Part]) -> Heard:
    texts = list(kept)
    waiting = False
    for part in parts:
        match part.heard:
            case Understood(text=text):
                texts.append(text)
            case NotUnderstood() as lost:
                return lost
            case NotYet():
                waiting = True
            case _:
                assert_never(part.heard)
    return NotYet() if waiting else Understood(" ".join(text for text in texts if text))


HEARING: Final = "hearing"
"""Under which name recognition is known: its positions already tell one request from another."""
