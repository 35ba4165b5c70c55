"""Identifiers and the counters that order a session.

Rules: an id is made once, by the process that creates the thing, from entropy passed in; it is never derived from a
clock.
"""

import base64
from typing import NewType

SessionId = NewType("SessionId", str)
"""`sess_` and 13 base32 characters: 64 random bits, so that it fits the route token as one word."""

NodeId = NewType("NodeId", str)
"""One process of the fleet; a restarted process has a new one."""

TurnId = NewType("TurnId", str)
ItemId = NewType("ItemId", str)
ResponseId = NewType("ResponseId", str)
OperationKey = NewType("OperationKey", str)
"""Digest of (session, turn, operation kind, input): equal requests have equal keys."""

Epoch = NewType("Epoch", int)
"""Ownership counter of a session: grows by one with each claim, first claim is 1."""

Seq = NewType("Seq", int)
"""Position of a row in a session's journal: the first row is 1; 0 means before the first."""

UplinkIndex = NewType("UplinkIndex", int)
"""Position of a client message in a session's uplink: the first is 1, it never restarts while the session lives."""

_SESSION_PREFIX = "sess_"
_SESSION_WORD_BYTES = 8


def session_id_from_word(word: int) -> SessionId:
    """Name the session whose route word is `word` (0 <= word < 2**64)."""
    raw = word.to_bytes(_SESSION_WORD_BYTES, "big")
    return SessionId(_SESSION_PREFIX + base64.b32encode(raw).decode().rstrip("=").lower())


def session_word(session: SessionId) -> int:
    """Return the 64-bit word of a session id.

    Raises:
        ValueError: `session` is not `sess_` and 13 base32 characters.
    """
    body = session.removeprefix(_SESSION_PREFIX)
    if not session.startswith(_SESSION_PREFIX) or len(body) != 13 or not body.isascii():
        raise ValueError(f"not a session id: {session[:40]!r}; expected {_SESSION_PREFIX} and 13 base32 characters")
    try:
        raw = base64.b32decode(body.upper() + "===")
    except ValueError as error:
        raise ValueError(f"not a session id: {session[:40]!r}; {error}") from error
    return int.from_bytes(raw, "big")
