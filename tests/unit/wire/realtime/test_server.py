"""Every server event, as the official client's own models read it."""

import base64
import json
from typing import Any, get_args

import msgspec
import pytest
from openai.types import realtime as official
from openai.types.realtime.realtime_server_event import RealtimeServerEvent
from pydantic import TypeAdapter

from segue.wire.realtime import server as ev
from segue.wire.realtime.errors import CANCEL_NOT_ACTIVE_MESSAGE, WireErrorCode
from segue.wire.realtime.items import (
    FunctionCall,
    FunctionCallOutput,
    InputAudioPart,
    Message,
    OutputAudioPart,
    OutputText,
    Response,
    StatusDetails,
    Usage,
)
from segue.wire.realtime.session import FunctionTool, InputAudio, ServerVad, Session, SessionAudio

USER = Message(role="user", content=(InputAudioPart(),), id="item_1")
AGENT = Message(role="assistant", content=(OutputAudioPart(transcript="Hello."),), id="item_2")
TEXT = Message(role="assistant", content=(OutputText(text="Hello."),), id="item_2", status="incomplete")
CALL = FunctionCall(name="book", call_id="call_1", arguments='{"day":"Friday"}', id="item_3")
CALL_OUTPUT = FunctionCallOutput(call_id="call_1", output="booked", id="item_4")
RUNNING = Response(id="resp_1", status="in_progress", conversation_id="conv_1", metadata={"client_event_id": "x"})
DONE = Response(id="resp_1", status="completed", output=(AGENT, CALL), usage=Usage(total_tokens=3, output_tokens=3))
CUT = Response(
    id="resp_1",
    status="cancelled",
    output=(TEXT,),
    status_details=StatusDetails(type="cancelled", reason="turn_detected"),
    usage=Usage(),
)
SESSION = Session(
    id="sess_aaaaaaaaaaaaa",
    model="segue",
    tools=(FunctionTool(name="book", description="Book a day.", parameters={"type": "object"}),),
)
VAD_SESSION = Session(
    id="sess_aaaaaaaaaaaaa",
    model="segue",
    output_modalities=("text",),
    audio=SessionAudio(input=InputAudio(turn_detection=ServerVad(), transcription=None)),
    tool_choice={"type": "function", "name": "book"},
    max_output_tokens=100,
)
PART = {"response_id": "resp_1", "item_id": "item_2", "output_index": 0, "content_index": 0}

OFFICIAL: list[ev.ServerEvent] = [
    ev.SessionCreated(session=SESSION),
    ev.SessionUpdated(session=VAD_SESSION),
    ev.ConversationCreated(conversation=ev.ConversationRecord(id="conv_1")),
    ev.error_event(WireErrorCode.RESPONSE_CANCEL_NOT_ACTIVE, CANCEL_NOT_ACTIVE_MESSAGE, client_event_id="mine"),
    ev.RateLimitsUpdated(rate_limits=(ev.RateLimit(name="tokens", limit=9, remaining=8, reset_seconds=0.5),)),
    ev.SpeechStarted(item_id="item_1", audio_start_ms=120),
    ev.SpeechStopped(item_id="item_1", audio_end_ms=900),
    ev.AudioCommitted(item_id="item_1"),
    ev.AudioCommitted(item_id="item_1", previous_item_id="item_0"),
    ev.AudioCleared(),
    ev.TimeoutTriggered(item_id="item_1", audio_start_ms=0, audio_end_ms=6000),
    ev.TranscriptionDelta(item_id="item_1", delta="hel"),
    ev.TranscriptionCompleted(item_id="item_1", transcript="hello", usage=ev.DurationUsage(seconds=1.25)),
    ev.TranscriptionFailed(
        item_id="item_1", error=ev.TranscriptionError(type="server_error", code="provider_error", message="no answer")
    ),
    ev.ItemAdded(item=USER, previous_item_id=None),
    ev.ItemAdded(item=CALL, previous_item_id="item_1"),
    ev.ItemDone(item=CALL_OUTPUT),
    ev.ItemDone(item=Message(role="system", content=(), id="item_9")),
    ev.ItemDeleted(item_id="item_1"),
    ev.ItemTruncated(item_id="item_2", content_index=0, audio_end_ms=300),
    ev.ItemRetrieved(item=AGENT),
    ev.ResponseCreated(response=RUNNING),
    ev.ResponseDone(response=DONE),
    ev.ResponseDone(response=CUT),
    ev.OutputItemAdded(response_id="resp_1", item=AGENT),
    ev.OutputItemDone(response_id="resp_1", item=CALL, output_index=1),
    ev.ContentPartAdded(part=ev.AudioPart(), **PART),
    ev.ContentPartAdded(part=ev.TextPart(), **PART),
    ev.ContentPartDone(part=ev.AudioPart(transcript="Hello."), **PART),
    ev.ContentPartDone(part=ev.TextPart(text="Hello."), **PART),
    ev.OutputAudioDelta(delta=b"\x01\x02", **PART),
    ev.OutputAudioDone(**PART),
    ev.AudioTranscriptDelta(delta="Hel", **PART),
    ev.AudioTranscriptDone(transcript="Hello.", **PART),
    ev.OutputTextDelta(delta="Hel", **PART),
    ev.OutputTextDone(text="Hello.", **PART),
    ev.ArgumentsDelta(response_id="resp_1", item_id="item_3", call_id="call_1", delta="{"),
    ev.ArgumentsDone(response_id="resp_1", item_id="item_3", call_id="call_1", name="book", arguments="{}"),
    ev.OutputBufferStarted(response_id="resp_1"),
    ev.OutputBufferStopped(response_id="resp_1"),
    ev.OutputBufferCleared(response_id="resp_1"),
]
OURS: list[ev.ServerEvent] = [
    ev.SegueSession(
        session_id="sess_aaaaaaaaaaaaa",
        resume_token="rt_x",
        epoch=2,
        resumed=True,
        uplink_received=7,
        uplink_position="p",
        expires_at=1_800_000_000,
    ),
    ev.SegueAck(through=7, position="p"),
    ev.PlayoutHold(item_id="item_2"),
    ev.PlayoutResume(item_id="item_2"),
    ev.PlayoutClear(item_id="item_2", played_ms=420),
    ev.ClockPong(t0_ns=1, t1_ns=2, t2_ns=3),
    ev.TranscriptPartial(item_id="item_1", text="book me"),
    ev.ItemHeard(item_id="item_2", heard_ms=400, heard_text="Hello", cut=True),
    ev.TurnHops(
        turn_id="turn_1",
        item_id="item_2",
        voice_to_voice_ms=801.5,
        bound_ms=0.4,
        hops=(ev.HopRecord(name="uplink", start_ms=0.0, duration_ms=2.0, bound_ms=0.4),),
        stats={"uplink": ev.HopStats(p50=2.0, p95=2.0, p99=2.0, n=1)},
    ),
    ev.SegueState(store="away", message="database is locked"),
]
decode = msgspec.json.Decoder(ev.ServerEvent).decode
official_event: TypeAdapter[Any] = TypeAdapter(RealtimeServerEvent)


def ids(event: ev.ServerEvent) -> str:
    return type(event).__name__


@pytest.mark.parametrize("event", OFFICIAL, ids=ids)
def test_official_models_validate_each_event(event: ev.ServerEvent) -> None:
    payload = ev.encode_server_event(event, "event_3_1")

    read = official_event.validate_json(payload)

    assert read.type == json.loads(payload)["type"]
    assert read.event_id == "event_3_1"


@pytest.mark.parametrize("event", OFFICIAL + OURS, ids=ids)
def test_each_event_reads_back_as_itself(event: ev.ServerEvent) -> None:
    assert decode(ev.encode_server_event(event, "event_3_1")) == msgspec.structs.replace(event, event_id="event_3_1")


def test_the_lists_above_have_every_event() -> None:
    assert {type(event) for event in OFFICIAL + OURS} == set(get_args(ev.ServerEvent))
    assert {type(event) for event in OURS} == set(get_args(ev.SegueEvent))


def test_only_our_own_events_are_named_segue() -> None:
    for kind in get_args(ev.ServerEvent):
        tag = kind.__struct_config__.tag
        assert tag.startswith("segue.") == (kind in get_args(ev.SegueEvent)), tag


def test_item_and_part_types_reach_the_official_classes() -> None:
    added = official_event.validate_json(ev.encode_server_event(ev.ItemAdded(item=CALL), "event_1_0"))
    assert isinstance(added.item, official.RealtimeConversationItemFunctionCall)
    assert added.item.status == "completed"
    part = official_event.validate_json(ev.encode_server_event(OFFICIAL[26], "event_1_0"))
    assert part.part.type == "audio"


def test_the_echoed_session_says_what_clients_look_for() -> None:
    echoed = json.loads(ev.encode_server_event(ev.SessionUpdated(session=SESSION), "event_1_0"))["session"]

    assert echoed["id"] == "sess_aaaaaaaaaaaaa"
    assert echoed["audio"]["input"]["turn_detection"]["interrupt_response"] is True
    assert echoed["audio"]["input"]["turn_detection"]["create_response"] is True
    assert echoed["audio"]["output"]["format"] == {"type": "audio/pcm", "rate": 24000}
    assert echoed["tools"][0] == {
        "type": "function",
        "name": "book",
        "description": "Book a day.",
        "parameters": {"type": "object"},
    }


def test_an_error_event_has_its_type_and_echoes_the_clients_event_id() -> None:
    event = ev.error_event(WireErrorCode.PROVIDER, "no answer", param="model", client_event_id="mine")

    assert json.loads(ev.encode_server_event(event, "event_4_0_e1")) == {
        "type": "error",
        "event_id": "event_4_0_e1",
        "error": {
            "type": "server_error",
            "code": "provider_error",
            "message": "no answer",
            "param": "model",
            "event_id": "mine",
        },
    }


@pytest.mark.parametrize("audio", [b"", b"\x00", bytes(range(256)) * 10], ids=len)
def test_the_fast_audio_delta_equals_the_slow_one(audio: bytes) -> None:
    fast = ev.encode_audio_delta("event_4_0_a480", "resp_1", "item_2", 1, 2, audio)

    slow = ev.OutputAudioDelta(
        event_id="event_4_0_a480", response_id="resp_1", item_id="item_2", output_index=1, content_index=2, delta=audio
    )
    assert decode(fast) == slow
    assert base64.b64decode(official_event.validate_json(fast).delta) == audio


def test_a_strange_id_cannot_break_the_fast_audio_delta() -> None:
    assert decode(ev.encode_audio_delta("e", 'a"b\\', "é\n", 0, 0, b"x")).response_id == 'a"b\\'
