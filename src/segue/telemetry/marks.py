"""The named points on the path of a turn, and a stamp at one of them.

The order of `MarkName` is the order of the path. A point that a transport does not have is left out (a WebSocket turn
has no `ordered` or `encoded`); what is missing widens a hop or leaves it unattributed, and is never made up.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from segue.model.time import ClockDomain


class MarkName(StrEnum):
    """Points of a turn, in the order of its path from the microphone to the ear."""

    MIC = "mic"
    """Client: the last sample of the user's speech was at the microphone."""
    CLIENT_SENT = "client_sent"
    """Client: the message with that sample was handed to the transport."""
    EDGE_IN = "edge_in"
    """Edge: that message had arrived."""
    EDGE_FORWARDED = "edge_forwarded"
    """Edge: that message was handed to the trunk."""
    CORE_IN = "core_in"
    """Core: that message had arrived."""
    ORDERED = "ordered"
    """Core, WebRTC: it left the reorder and jitter buffer."""
    ENDPOINT = "endpoint"
    """Core: the user's turn was decided to be over."""
    STT_FINAL = "stt_final"
    """Core: the transcript the answer is made from was final. May be before the decision (speculation)."""
    LLM_FIRST = "llm_first"
    """Core: the first token of the answer came. An answer made without a model has this at `stt_final`."""
    TTS_FIRST = "tts_first"
    """Core: the first audio of the answer came."""
    ENCODED = "encoded"
    """Core, WebRTC: that audio was encoded and sealed."""
    CORE_OUT = "core_out"
    """Core: the first audio delta was handed to the trunk."""
    EDGE_RECEIVED = "edge_received"
    """Edge: that delta had arrived from the trunk."""
    EDGE_OUT = "edge_out"
    """Edge: it was handed to the client's socket."""
    CLIENT_IN = "client_in"
    """Client: it had arrived."""
    EAR = "ear"
    """Client: the first sample of the agent's speech was played."""


PATH: Final = tuple(MarkName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One point of one turn: which clock took the stamp, and what it read."""

    name: MarkName
    domain: ClockDomain
    at_ns: int
