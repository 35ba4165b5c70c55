"""How a client's connection joins a session that is owned here: where its messages and the audio go on."""

from dataclasses import dataclass

from segue.core.attachment import Wanted
from segue.core.hearing import UNITS_PER_MS, Hearing, decode_position


@dataclass(frozen=True, slots=True, kw_only=True)
class UplinkStart:
    """Where a session's ear begins: after message `received`, at audio position `units`."""

    received: int
    units: int


def uplink_start(wanted: Wanted, *, control_through: int, decided_ms: int) -> UplinkStart:
    """Where a new owner takes up the uplink.

    Whoever holds unreleased messages gives back the position of the last release. Without one nobody does: numbering
    goes on after everything that was ever answered or sent, audio after what was decided.

    Raises:
        PeerProtocolError: The position is none of ours.
    """
    if wanted.position:
        through, units = decode_position(wanted.position)
        return UplinkStart(received=through, units=units)
    decided = decided_ms * UNITS_PER_MS
    if wanted.ring_from:
        return UplinkStart(received=wanted.ring_from - 1, units=decided)
    return UplinkStart(received=max(control_through, wanted.received or 0), units=decided)


def received_for(wanted: Wanted, hearing: Hearing) -> int:
    """What the edge of this flow is told to be received already: the next message it sends is the one after.

    A holder that resends gets the last release, so that its replay ring holds all that is undecided; one that has only
    new messages, or that never lost the flow's own ring, goes on behind the last one received.
    """
    is_resent_by_client = wanted.received is not None and not wanted.is_same_socket
    return hearing.released if is_resent_by_client else hearing.received
