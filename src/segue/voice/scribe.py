"""Where the machine's parts write: rows are folded as they are written, effects follow them in order.

Rules: rows keep their order. An effect follows the rows written before it, except that one which may be taken back does
not wait behind a *note* (a row that nobody waits for): thinking and speaking never stand behind bookkeeping.
"""

from collections import deque
from collections.abc import Iterable
from hashlib import blake2b

from segue.model.ids import SessionId
from segue.model.time import MonoNs
from segue.session.kind import Effect, Gate, KindOutput, Write
from segue.session.rows import Urgency
from segue.voice.effects import Tell, VoiceEffect
from segue.voice.rows import VoiceRow, encode_body, row_kind
from segue.voice.state import Conversation
from segue.wire.realtime.errors import WireErrorCode
from segue.wire.realtime.server import ServerEvent, error_event


class Scribe:
    """The state as it is folded, the outputs of this input, and the instant they are made at."""

    def __init__(self, session: SessionId) -> None:
        self.session_id = session
        self.fold = Conversation()
        self.now = MonoNs(0)
        self._outputs: deque[KindOutput[VoiceEffect]] = deque()
        self._notes: list[Write] = []

    def write(self, row: VoiceRow) -> None:
        """Fold a row and have it put in the journal at once."""
        self.fold.apply(row)
        self._put_notes()
        self._outputs.append(Write(kind=row_kind(row), body=encode_body(row), urgency=Urgency.GATE))

    def note(self, row: VoiceRow) -> None:
        """Write a row that nobody waits for."""
        self.fold.apply(row)
        self._notes.append(Write(kind=row_kind(row), body=encode_body(row), urgency=Urgency.SOON))

    def perform(self, effect: VoiceEffect, gate: Gate = Gate.PROMPT) -> None:
        """Have something done, after the rows written so far."""
        if gate is Gate.DURABLE:
            self._put_notes()
        self._outputs.append(Effect(payload=effect, gate=gate))

    def tell(self, event: ServerEvent, *, only_aware: bool = False) -> None:
        """Send the client an event that is in no row."""
        self.perform(Tell(event=event, only_aware=only_aware))

    def complain(
        self, code: WireErrorCode, message: str, *, param: str | None = None, event_id: str | None = None
    ) -> None:
        """Send the client an `error`, with its own id of the event at fault."""
        self.tell(error_event(code, message, param=param, client_event_id=event_id))

    def poll(self) -> KindOutput[VoiceEffect] | None:
        """Take the next output."""
        if not self._outputs:
            self._put_notes()
        return self._outputs.popleft() if self._outputs else None

    @property
    def is_drained(self) -> bool:
        return not self._outputs and not self._notes

    def _put_notes(self) -> None:
        self._outputs.extend(self._notes)
        self._notes.clear()

    def name(self, prefix: str, *parts: str) -> str:
        """An id that whoever holds the same journal makes too."""
        return f"{prefix}_{_digest(self.session_id, prefix, *parts)}"

    def fresh_name(self, prefix: str) -> str:
        """An id no row has used: the row it is for must be the next one written."""
        return self.name(prefix, "serial", str(self.fold.facts.serial))


def _digest(*parts: str) -> str:
    """22 hexadecimal characters of the parts, each with its length so that no two lists of parts are alike."""
    digest = blake2b(digest_size=11)
    for raw in _encoded(parts):
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return digest.hexdigest()


def _encoded(parts: Iterable[str]) -> Iterable[bytes]:
    return (part.encode() for part in parts)
