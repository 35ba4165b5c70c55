"""Journal rows, and the one kind of row that is the kernel's own.

Rules: a row never changes once it is in its slot `(session, seq)`; what it means is told by `kind` and `version`; the
kernel reads only `epoch` rows, every other body is opaque to it.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from segue.model.errors import ConfigError, JournalTooNew
from segue.model.ids import Epoch, NodeId, Seq, SessionId


class Urgency(StrEnum):
    """How soon a row must be durable."""

    GATE = "gate"
    """Something waits behind it: commit at once."""

    SOON = "soon"
    """It may linger a few milliseconds so that more rows share its commit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One entry of a session's journal.

    `epoch` is that of the owner who wrote it; `version` is the format of `body`, numbered by whoever owns `kind`.
    """

    session: SessionId
    seq: Seq
    epoch: Epoch
    kind: str
    body: bytes
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What the rows `1..through` add up to: a cache of the journal that may be deleted at any time.

    `epoch` is the one in force after row `through`; `body` is the kind's own, its version inside it.
    """

    session: SessionId
    through: Seq
    epoch: Epoch
    body: bytes


EPOCH_KIND = "epoch"
EPOCH_VERSION = 1


class EpochBody(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """Body of an `epoch` row: who claimed the session.

    `claim` is entropy of that one claim, so that a claimer whose answer was lost can recognise its own row. `subject`
    is on whose behalf the session runs (the token's subject), for listings.
    """

    node: NodeId
    claim: str
    subject: str = ""


def encode_epoch(session: SessionId, seq: Seq, epoch: Epoch, body: EpochBody) -> Row:
    """Make the row that claims `session` at `seq`."""
    return Row(
        session=session, seq=seq, epoch=epoch, kind=EPOCH_KIND, body=_ENCODER.encode(body), version=EPOCH_VERSION
    )


def decode_epoch(row: Row) -> EpochBody:
    """Read who claimed the session with this `epoch` row.

    Raises:
        JournalTooNew: A newer release wrote it.
        ConfigError: Its body is not what this kernel writes: the journal is damaged.
    """
    if row.version > EPOCH_VERSION:
        raise JournalTooNew(found=row.version, supported=EPOCH_VERSION, where=f"{row.session} row {row.seq}")
    try:
        return _DECODER.decode(row.body)
    except msgspec.MsgspecError as error:
        raise ConfigError(
            f"{row.session} row {row.seq}",
            f"the epoch row cannot be read ({error})",
            hint="the journal is damaged; restore it from a backup",
        ) from error


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(EpochBody)
