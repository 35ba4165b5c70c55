from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.model.errors import PeerProtocolError
from segue.model.limits import INSTRUCTIONS_CHARS_MAX, TOOLS_MAX
from segue.wire.realtime.merge import merge_session
from segue.wire.realtime.session import (
    FunctionTool,
    NoiseReduction,
    PcmaFormat,
    PcmFormat,
    PcmuFormat,
    SemanticVad,
    ServerVad,
    Session,
    Transcription,
)

BASE = Session(id="sess_aaaaaaaaaaaaa", model="segue", expires_at=1_800_000_000)


def merged(patch: dict[str, Any], base: Session = BASE) -> Session:
    return merge_session(base, patch)


def audio_in(**fields: Any) -> dict[str, Any]:
    return {"audio": {"input": fields}}


def audio_out(**fields: Any) -> dict[str, Any]:
    return {"audio": {"output": fields}}


def test_an_empty_patch_changes_nothing() -> None:
    assert merged({}) == BASE


def test_a_deep_key_changes_only_itself() -> None:
    session = merged(audio_in(turn_detection={"type": "semantic_vad", "eagerness": "high"}))

    assert session.audio.input.turn_detection == SemanticVad(eagerness="high")
    assert session.audio.input.format == BASE.audio.input.format
    assert session.audio.output == BASE.audio.output


def test_another_type_of_turn_detection_starts_from_its_defaults() -> None:
    first = merged(audio_in(turn_detection={"type": "server_vad", "silence_duration_ms": 300}))
    second = merged(audio_in(turn_detection={"type": "server_vad", "threshold": 0.7}), first)
    third = merged(audio_in(turn_detection={"type": "semantic_vad"}), second)

    assert second.audio.input.turn_detection == ServerVad(threshold=0.7, silence_duration_ms=300)
    assert third.audio.input.turn_detection == SemanticVad()


def test_turn_detection_without_a_type_changes_the_one_in_force() -> None:
    session = merged(audio_in(turn_detection={"interrupt_response": False, "create_response": None}))
    assert session.audio.input.turn_detection == SemanticVad(interrupt_response=False)


def test_null_turns_off_what_can_be_off() -> None:
    on = merged(audio_in(noise_reduction={"type": "near_field"}))
    assert on.audio.input.noise_reduction == NoiseReduction(type="near_field")

    off = merged(audio_in(turn_detection=None, transcription=None, noise_reduction=None), on)

    assert off.audio.input.turn_detection is None
    assert off.audio.input.transcription is None
    assert off.audio.input.noise_reduction is None
    again = merged(audio_in(turn_detection={"type": "server_vad"}, transcription={"language": "en"}), off)
    assert again.audio.input.turn_detection == ServerVad()
    assert again.audio.input.transcription == Transcription(language="en")


def test_the_idle_timeout_can_be_set_and_taken_away() -> None:
    on = merged(audio_in(turn_detection={"type": "server_vad", "idle_timeout_ms": 6000}))
    off = merged(audio_in(turn_detection={"idle_timeout_ms": None}), on)
    assert on.audio.input.turn_detection == ServerVad(idle_timeout_ms=6000)
    assert off.audio.input.turn_detection == ServerVad()


def test_null_elsewhere_says_nothing() -> None:
    said = merged({"instructions": "Be brief.", "tools": [{"type": "function", "name": "f"}]})
    assert merged({"instructions": None, "tools": None, "audio": None, "tool_choice": None}, said) == said
    assert merged(audio_out(voice=None, format=None, speed=None), said) == said


def test_transcription_is_replaced_whole() -> None:
    first = merged(audio_in(transcription={"model": "whisper-1", "prompt": "names"}))
    assert merged(audio_in(transcription={"model": "local"}), first).audio.input.transcription == Transcription(
        model="local"
    )


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"type": "audio/pcm"}, PcmFormat()),
        ({"type": "audio/pcm", "rate": 24000}, PcmFormat()),
        ({"type": "audio/pcm", "rate": 16000}, PcmFormat(rate=16000)),
        ({"rate": 16000}, PcmFormat(rate=16000)),
        ({"type": "audio/pcmu"}, PcmuFormat()),
        ({"type": "audio/pcmu", "rate": 8000}, PcmuFormat()),
        ({"type": "audio/pcma"}, PcmaFormat()),
    ],
)
def test_formats(stated: dict[str, Any], expected: object) -> None:
    assert merged(audio_in(format=stated)).audio.input.format == expected
    assert merged(audio_out(format=stated)).audio.output.format == expected


def test_a_voice_is_a_name_or_an_id() -> None:
    assert merged(audio_out(voice="alloy")).audio.output.voice == "alloy"
    assert merged(audio_out(voice={"id": "voice_7"})).audio.output.voice == "voice_7"


def test_tools_are_replaced_and_may_leave_out_what_has_a_default() -> None:
    first = merged({"tools": [{"type": "function", "name": "old"}]})
    tools: list[dict[str, Any]] = [
        {"name": "book", "description": None, "parameters": {"type": "object"}, "strict": True}
    ]

    session = merged({"tools": tools, "tool_choice": {"type": "function", "name": "book"}}, first)

    assert session.tools == (FunctionTool(name="book", parameters={"type": "object"}),)
    assert session.tool_choice == {"type": "function", "name": "book"}


def test_what_we_do_not_know_is_ignored() -> None:
    patch = {
        "type": "realtime",
        "tracing": "auto",
        "prompt": {"id": "p"},
        "reasoning": {"effort": "low"},
        "truncation": {"type": "retention_ratio", "retention_ratio": 0.8},
        "parallel_tool_calls": True,
        "modalities": ["audio", "text"],
        "audio": {"input": {"unheard_of": 1}, "extra": {}},
    }
    assert merged(patch) == BASE


def test_a_client_cannot_rename_or_prolong_its_session() -> None:
    assert merged({"id": "sess_other", "object": "x", "expires_at": 0}) == BASE
    assert merged({"model": "gpt-realtime"}).model == "gpt-realtime"


def test_the_client_patches_of_a_text_session() -> None:
    session = merged({"output_modalities": ["text"], "max_output_tokens": 200, "instructions": "Be brief."})
    assert session.output_modalities == ("text",)
    assert session.max_output_tokens == 200
    assert merged({"max_output_tokens": "inf"}, session).max_output_tokens == "inf"


VAD = "session.audio.input.turn_detection"


@pytest.mark.parametrize(
    ("patch", "param", "says"),
    [
        ({"type": "transcription"}, "session.type", "only 'realtime'"),
        ({"output_modalities": ["audio", "text"]}, "session.output_modalities", "not both"),
        ({"output_modalities": []}, "session.output_modalities", "expected"),
        ({"output_modalities": "audio"}, "session.output_modalities", "expected"),
        (audio_in(format={"type": "audio/pcm", "rate": 44100}), "session.audio.input.format.rate", "24000 or 16000 Hz"),
        (audio_in(format={"type": "audio/pcmu", "rate": 16000}), "session.audio.input.format.rate", "8000 Hz"),
        (audio_in(format={"type": "audio/opus"}), "session.audio.input.format.type", "audio/pcma"),
        (audio_in(format={"type": ["audio/pcm"]}), "session.audio.input.format.type", "expected one of"),
        (audio_out(format="pcm16"), "session.audio.output.format", "expected an object, got 'pcm16'"),
        (audio_in(turn_detection="server_vad"), VAD, "expected an object"),
        (audio_in(turn_detection={"type": "none"}), f"{VAD}.type", "'semantic_vad'"),
        (audio_in(turn_detection={"type": []}), f"{VAD}.type", "'semantic_vad'"),
        (audio_in(turn_detection={"type": "server_vad", "threshold": 1.5}), f"{VAD}.threshold", "0.0 to 1.0"),
        (audio_in(turn_detection={"type": "server_vad", "silence_duration_ms": -1}), f"{VAD}.silence_duration_ms", "0"),
        (audio_in(turn_detection={"type": "server_vad", "prefix_padding_ms": 9e3}), f"{VAD}.prefix_padding_ms", "int"),
        (audio_in(turn_detection={"type": "server_vad", "prefix_padding_ms": 9000}), f"{VAD}.prefix_padding_ms", "500"),
        (audio_in(turn_detection={"type": "server_vad", "idle_timeout_ms": 5}), f"{VAD}.idle_timeout_ms", "1000"),
        (audio_in(turn_detection={"type": "semantic_vad", "eagerness": "very"}), f"{VAD}.eagerness", "'very'"),
        (audio_in(transcription="whisper-1"), "session.audio.input.transcription", "expected an object"),
        (audio_in(noise_reduction={"type": "loud"}), "session.audio.input.noise_reduction.type", "'loud'"),
        (audio_out(speed=9), "session.audio.output.speed", "0.25 to 1.5"),
        (audio_out(speed="fast"), "session.audio.output.speed", "`float`"),
        (audio_out(voice=3), "session.audio.output.voice", "expected a name"),
        (audio_out(voice=""), "session.audio.output.voice", "expected a name"),
        (audio_out(voice={"name": "x"}), "session.audio.output.voice", "expected a name"),
        ({"audio": []}, "session.audio", "expected an object"),
        ({"instructions": 7}, "session.instructions", "`str`"),
        ({"instructions": "x" * (INSTRUCTIONS_CHARS_MAX + 1)}, "session.instructions", "characters"),
        ({"tools": {}}, "session.tools", "expected a list"),
        ({"tools": ["f"]}, "session.tools[0]", "expected an object"),
        ({"tools": [{"type": "mcp", "server_label": "x"}]}, "session.tools[0].type", "only 'function'"),
        ({"tools": [{"type": "function"}]}, "session.tools[0]", "`name`"),
        ({"tools": [{"name": "a b"}]}, "session.tools[0].name", "letters"),
        ({"tools": [{"name": "f"}, {"name": "f"}]}, "session.tools[1].name", "twice"),
        ({"tools": [{"name": f"f{n}"} for n in range(TOOLS_MAX + 1)]}, "session.tools", "at most"),
        ({"tool_choice": "sometimes"}, "session.tool_choice", "'required'"),
        ({"tool_choice": {"type": "function"}}, "session.tool_choice", "'required'"),
        ({"tool_choice": 4}, "session.tool_choice", "`str | object`"),
        ({"max_output_tokens": 0}, "session.max_output_tokens", "1 to"),
        ({"max_output_tokens": "lots"}, "session.max_output_tokens", "'lots'"),
        ({"include": "x"}, "session.include", "`array | null`"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(patch: dict[str, Any], param: str, says: str) -> None:
    with pytest.raises(PeerProtocolError) as caught:
        merged(patch)
    assert caught.value.param == param
    assert says in caught.value.what
    assert caught.value.what.startswith(param)


@pytest.mark.parametrize(
    ("patch", "param"),
    [
        ({"tools": [{"name": "f", "parameters": {"n": 2**63}}]}, "session.tools[0].parameters.n"),
        ({"x": 2**70}, "session.x"),
    ],
)
def test_a_number_the_journal_cannot_hold_is_refused(patch: dict[str, Any], param: str) -> None:
    with pytest.raises(PeerProtocolError, match="64 bits") as caught:
        merged(patch)
    assert caught.value.param == param


def test_turning_detection_on_needs_its_type() -> None:
    off = merged(audio_in(turn_detection=None))
    with pytest.raises(PeerProtocolError, match="turn detection is off") as caught:
        merged(audio_in(turn_detection={"threshold": 0.5}), off)
    assert caught.value.param == f"{VAD}.type"


def test_a_long_value_is_not_sent_back_whole() -> None:
    with pytest.raises(PeerProtocolError) as caught:
        merged({"tools": "x" * 10_000})
    assert len(caught.value.what) < 200


leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
keys = st.sampled_from(
    ["type", "audio", "input", "output", "format", "rate", "turn_detection", "voice", "tools", "name", "id", "model",
     "tool_choice", "output_modalities", "instructions", "transcription", "threshold", "include", "server_vad"]
)  # fmt: skip
values = st.recursive(
    leaves | st.sampled_from(["server_vad", "audio/pcm", "function", "realtime"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(keys, values, max_size=6))
def test_any_patch_gives_a_session_or_says_what_is_wrong(patch: dict[str, Any]) -> None:
    refusal: PeerProtocolError | None = None
    session = BASE
    try:
        session = merged(patch)
    except PeerProtocolError as error:
        refusal = error

    assert refusal is None or (refusal.param or "").startswith("session")
    assert session.id == BASE.id
    assert merge_session(session, {}) == session
