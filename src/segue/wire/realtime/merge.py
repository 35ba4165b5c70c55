"""From what a client sends in `session.update` (or a client secret carries) to the next effective session.

Rules: the patch is merged deeply; lists, audio formats and `transcription` are replaced whole; another `type` of turn
detection starts from that type's defaults. `null` turns off what can be off (`turn_detection`, `transcription`,
`noise_reduction`, `idle_timeout_ms`, `include`); elsewhere it says nothing, because clients write `null` for "not set".
Keys we do not know (`tracing`, `prompt`, `reasoning`, `truncation`, …) are ignored. An invalid patch changes nothing.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeGuard

import msgspec

from segue.model.errors import PeerProtocolError
from segue.model.limits import INSTRUCTIONS_CHARS_MAX, TOOLS_MAX
from segue.wire.realtime.bounds import check_json
from segue.wire.realtime.session import FunctionTool, PcmFormat, ServerVad, Session


def merge_session(effective: Session, patch: Mapping[str, Any]) -> Session:
    """The session in force once `patch` is applied to `effective`.

    Raises:
        PeerProtocolError: A value is of the wrong shape or out of range; `param` is its path, `session.` first.
    """
    check_json(patch, "session")
    merged = _merge(msgspec.to_builtins(effective), patch, "session")
    try:
        session = msgspec.convert(merged, Session)
    except msgspec.ValidationError as error:
        raise _at_path(error) from error
    _check_audio(session)
    _check_content(session)
    return session


def _merge(effective: dict[str, Any], patch: Mapping[str, Any], path: str) -> dict[str, Any]:
    """`effective` with the known keys of `patch` over it; `path` names this object in errors."""
    merged = dict(effective)
    for key, value in patch.items():
        here = f"{path}.{key}"
        if here in _OURS or key not in effective:
            continue
        if value is None:
            merged[key] = None if here in _CAN_BE_OFF else effective[key]
        elif here in _SPECIAL:
            merged[key] = _SPECIAL[here](value, effective[key], here)
        elif here in _OBJECTS:
            merged[key] = _merge(effective[key] or {}, _object(value, here), here)
        else:
            merged[key] = value
    return merged


def _object(value: object, path: str) -> Mapping[str, Any]:
    if not _is_object(value):
        raise PeerProtocolError(f"{path}: expected an object, got {_shown(value)}", param=path)
    return value


def _merge_type(value: object, _effective: object, path: str) -> object:
    if value != "realtime":
        raise PeerProtocolError(f"{path}: only 'realtime' sessions are served, got {_shown(value)}", param=path)
    return value


def _merge_modalities(value: object, _effective: object, path: str) -> object:
    if value not in (["audio"], ["text"]):
        raise PeerProtocolError(
            f"{path}: expected ['audio'] or ['text'], not both (audio has its transcript), got {_shown(value)}",
            param=path,
        )
    return value


def _merge_format(value: object, effective: dict[str, Any], path: str) -> object:
    """A format is replaced whole; one that only names a rate keeps the type in force."""
    stated = {"type": effective["type"], **_object(value, path)}
    kind, rate = stated["type"], stated.get("rate")
    if not isinstance(kind, str) or kind not in _RATES_HZ:
        raise PeerProtocolError(
            f"{path}.type: expected one of {', '.join(_RATES_HZ)}, got {_shown(kind)}", param=f"{path}.type"
        )
    if rate is not None and rate not in _RATES_HZ[kind]:
        wanted = " or ".join(str(known) for known in _RATES_HZ[kind])
        raise PeerProtocolError(f"{path}.rate: {kind} is {wanted} Hz, got {_shown(rate)}", param=f"{path}.rate")
    return {"type": kind, "rate": rate or _RATES_HZ[kind][0]}


def _merge_turn_detection(value: object, effective: dict[str, Any] | None, path: str) -> object:
    stated = _object(value, path)
    if effective is None and "type" not in stated:
        raise PeerProtocolError(
            f"{path}.type: turn detection is off; say 'server_vad' or 'semantic_vad' to turn it on",
            param=f"{path}.type",
        )
    known = effective or {}
    kind = stated.get("type", known.get("type"))
    if not isinstance(kind, str) or kind not in ("server_vad", "semantic_vad"):
        raise PeerProtocolError(
            f"{path}.type: expected 'server_vad' or 'semantic_vad', got {_shown(kind)}", param=f"{path}.type"
        )
    is_same = known.get("type") == kind
    merged = dict(known) if is_same else {"type": kind}
    return merged | {key: item for key, item in stated.items() if item is not None or key == "idle_timeout_ms"}


def _merge_transcription(value: object, _effective: object, path: str) -> object:
    """Transcription is replaced whole: a prompt or language belongs to the model it was said with."""
    return dict(_object(value, path))


def _merge_voice(value: object, _effective: object, path: str) -> object:
    """`"name"` or `{"id": "name"}`."""
    name = value.get("id") if _is_object(value) else value
    if not isinstance(name, str) or not name:
        raise PeerProtocolError(f"{path}: expected a name or {{'id': name}}, got {_shown(value)}", param=path)
    return name


def _merge_tools(value: object, _effective: object, path: str) -> object:
    if not isinstance(value, (list, tuple)):
        raise PeerProtocolError(f"{path}: expected a list, got {_shown(value)}", param=path)
    if len(value) > TOOLS_MAX:
        raise PeerProtocolError(f"{path}: {len(value)} tools; at most {TOOLS_MAX}", param=path)
    tools = []
    for index, item in enumerate(value):
        tool = {key: field for key, field in _object(item, f"{path}[{index}]").items() if field is not None}
        kind = tool.setdefault("type", "function")
        if kind != "function":
            where = f"{path}[{index}].type"
            raise PeerProtocolError(f"{where}: only 'function' tools are served, got {_shown(kind)}", param=where)
        tools.append(tool)
    return tools


def _check_audio(session: Session) -> None:
    output, detection = session.audio.output, session.audio.input.turn_detection
    _check_range(output.speed, SPEED_MIN, SPEED_MAX, "session.audio.output.speed")
    if isinstance(detection, ServerVad):
        path = "session.audio.input.turn_detection"
        _check_range(detection.threshold, 0.0, 1.0, f"{path}.threshold")
        _check_range(detection.prefix_padding_ms, 0, PREFIX_PADDING_MS_MAX, f"{path}.prefix_padding_ms")
        _check_range(detection.silence_duration_ms, SILENCE_MS_MIN, SILENCE_MS_MAX, f"{path}.silence_duration_ms")
        if detection.idle_timeout_ms is not None:
            _check_range(detection.idle_timeout_ms, IDLE_MS_MIN, IDLE_MS_MAX, f"{path}.idle_timeout_ms")


def _check_content(session: Session) -> None:
    _check_range(len(session.instructions), 0, INSTRUCTIONS_CHARS_MAX, "session.instructions", "characters")
    if session.max_output_tokens != "inf":
        _check_range(session.max_output_tokens, 1, OUTPUT_TOKENS_MAX, "session.max_output_tokens")
    _check_tool_names(session.tools)
    choice = session.tool_choice
    is_word = isinstance(choice, str) and choice in ("auto", "none", "required")
    is_named = isinstance(choice, dict) and choice.get("type") == "function" and isinstance(choice.get("name"), str)
    if not is_word and not is_named:
        raise PeerProtocolError(
            "session.tool_choice: expected 'auto', 'none', 'required' or {'type': 'function', 'name': …}, "
            f"got {_shown(choice)}",
            param="session.tool_choice",
        )


def _check_tool_names(tools: tuple[FunctionTool, ...]) -> None:
    seen: set[str] = set()
    for index, tool in enumerate(tools):
        path = f"session.tools[{index}].name"
        if _TOOL_NAME.fullmatch(tool.name) is None:
            raise PeerProtocolError(
                f"{path}: expected 1 to 64 of letters, digits, _ and -, got {_shown(tool.name)}", param=path
            )
        if tool.name in seen:
            raise PeerProtocolError(f"{path}: {_shown(tool.name)} is named twice", param=path)
        seen.add(tool.name)


def _check_range(value: float, least: float, most: float, path: str, unit: str = "") -> None:
    if not least <= value <= most:
        words = f" {unit}" if unit else ""
        raise PeerProtocolError(f"{path}: expected {least} to {most}{words}, got {value}", param=path)


def _at_path(error: msgspec.ValidationError) -> PeerProtocolError:
    """msgspec's "… - at `$.a.b`" as "session.a.b: …"."""
    what, found, path = str(error).partition(" - at `$")
    param = f"session{path.rstrip('`')}" if found else "session"
    return PeerProtocolError(f"{param}: {what[:1].lower()}{what[1:]}", param=param)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN_CHARS_MAX else text[:SHOWN_CHARS_MAX] + "…"


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


SPEED_MIN: Final = 0.25
SPEED_MAX: Final = 1.5
PREFIX_PADDING_MS_MAX: Final = 5_000
SILENCE_MS_MIN: Final = 0
SILENCE_MS_MAX: Final = 10_000
IDLE_MS_MIN: Final = 1_000
IDLE_MS_MAX: Final = 600_000
OUTPUT_TOKENS_MAX: Final = 65_536
SHOWN_CHARS_MAX: Final = 80

_RATES_HZ: Final[dict[str, tuple[int, ...]]] = {
    "audio/pcm": (PcmFormat().rate, 16_000),
    "audio/pcmu": (8_000,),
    "audio/pcma": (8_000,),
}
_OURS: Final = {"session.id", "session.object", "session.expires_at"}
_CAN_BE_OFF: Final = {
    "session.include",
    "session.audio.input.transcription",
    "session.audio.input.turn_detection",
    "session.audio.input.noise_reduction",
}
_OBJECTS: Final = {"session.audio", "session.audio.input", "session.audio.output"}
_SPECIAL: Final[dict[str, Any]] = {
    "session.type": _merge_type,
    "session.output_modalities": _merge_modalities,
    "session.audio.input.format": _merge_format,
    "session.audio.output.format": _merge_format,
    "session.audio.input.turn_detection": _merge_turn_detection,
    "session.audio.input.transcription": _merge_transcription,
    "session.audio.output.voice": _merge_voice,
    "session.tools": _merge_tools,
}
_TOOL_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
