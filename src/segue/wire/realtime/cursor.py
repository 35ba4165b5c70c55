"""Event ids that are resume cursors: `event_<seq>_<part>[_a<samples>][_e<n>]`.

Every event a client is sent is the `part`-th event of journal row `seq`, or audio of the response that row belongs to.
A client that presents the last id it has says exactly how far it got; any core goes on from there with the journal
alone.
Rule: one cursor has one spelling (no leading zeros, no `_a0`, no `_e0`), so that equal ids are equal texts.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from segue.model.errors import PeerProtocolError
from segue.model.ids import Seq


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A place in what a session has told its client; ordered as it was told."""

    seq: Seq
    """Journal row; 0 is before the first."""
    part: int = 0
    """Event within the row's events, from 0."""
    audio_samples: int = 0
    """Samples of 24 kHz audio of the current response sent so far."""
    ephemeral: int = 0
    """The n-th event told at this place that is in no row (error, partial caption, ack); 0 is the place itself."""

    def __str__(self) -> str:
        text = f"event_{self.seq}_{self.part}"
        if self.audio_samples:
            text += f"_a{self.audio_samples}"
        if self.ephemeral:
            text += f"_e{self.ephemeral}"
        return text

    @property
    def place(self) -> "Cursor":
        """The cursor without its ephemeral count: where a resume goes on from."""
        return replace(self, ephemeral=0) if self.ephemeral else self

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Read an event id.

        Raises:
            PeerProtocolError: `text` is not an event id of this server.
        """
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise PeerProtocolError(
                f"not an event id of this server: {text[:60]!r}; expected event_<seq>_<part>[_a<samples>][_e<n>]",
                param="after",
            )
        seq, part, audio, ephemeral = match.groups()
        return cls(Seq(int(seq)), int(part), int(audio or 0), int(ephemeral or 0))


START: Final = Cursor(Seq(0))
"""Before anything was told."""

_SHAPE: Final = re.compile(
    r"event_(0|[1-9][0-9]{0,17})_(0|[1-9][0-9]{0,8})(?:_a([1-9][0-9]{0,17}))?(?:_e([1-9][0-9]{0,17}))?", re.ASCII
)
