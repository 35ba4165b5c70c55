"""The GA session object: what a client may configure, and the full effective form that is echoed.

A client sends a partial object; `merge_session` (deep merge, `null` kept where it means "off") makes the next effective
one.
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType


class PcmFormat(msgspec.Struct, frozen=True, tag="audio/pcm"):
    rate: Literal[24000, 16000] = 24000


class PcmuFormat(msgspec.Struct, frozen=True, tag="audio/pcmu"):
    """G.711 mu-law, 8 kHz."""


class PcmaFormat(msgspec.Struct, frozen=True, tag="audio/pcma"):
    """G.711 A-law, 8 kHz."""


WireFormat = PcmFormat | PcmuFormat | PcmaFormat


class Transcription(msgspec.Struct, frozen=True):
    model: str | None = None
    language: str | None = None
    prompt: str | None = None


class ServerVad(msgspec.Struct, frozen=True, tag="server_vad"):
    """Turns end after `silence_duration_ms` without speech."""

    threshold: float = 0.5
    prefix_padding_ms: int = 300
    silence_duration_ms: int = 500
    idle_timeout_ms: int | None = None
    create_response: bool = True
    interrupt_response: bool = True


class SemanticVad(msgspec.Struct, frozen=True, tag="semantic_vad"):
    """Turns end when the end-of-turn model says so; eagerness scales how long it may doubt."""

    eagerness: Literal["low", "medium", "high", "auto"] = "auto"
    create_response: bool = True
    interrupt_response: bool = True


TurnDetection = ServerVad | SemanticVad


class NoiseReduction(msgspec.Struct, frozen=True):
    type: Literal["near_field", "far_field"]


class InputAudio(msgspec.Struct, frozen=True):
    format: WireFormat = PcmFormat()
    transcription: Transcription | None = Transcription()
    turn_detection: TurnDetection | None = SemanticVad()
    noise_reduction: NoiseReduction | None = None


class OutputAudio(msgspec.Struct, frozen=True):
    format: WireFormat = PcmFormat()
    voice: str = "heart"
    speed: float = 1.0


class SessionAudio(msgspec.Struct, frozen=True):
    input: InputAudio = InputAudio()
    output: OutputAudio = OutputAudio()


class FunctionTool(msgspec.Struct, frozen=True, tag="function"):
    name: str
    description: str = ""
    parameters: dict[str, Any] = {}


class Session(msgspec.Struct, frozen=True):
    """The full effective session, as echoed in `session.created` and `session.updated`."""

    id: str
    model: str
    type: Literal["realtime"] = "realtime"
    object: Literal["realtime.session"] = "realtime.session"
    output_modalities: tuple[Literal["audio", "text"], ...] = ("audio",)
    instructions: str = ""
    audio: SessionAudio = SessionAudio()
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: str | dict[str, Any] = "auto"
    max_output_tokens: int | Literal["inf"] = "inf"
    expires_at: int | None = None
    include: tuple[str, ...] | None = None


SessionPatch = dict[str, Any] | UnsetType
NO_PATCH = UNSET
