"""What clients send, decoded; whatever else arrives is refused with the field's name."""

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.model.errors import PeerProtocolError
from segue.wire.realtime import client
from segue.wire.realtime.client import ClientEvent, decode_client_event
from segue.wire.realtime.items import FunctionCallOutput, InputText, Message

EVENTS: list[tuple[dict[str, Any], ClientEvent]] = [
    (
        {"type": "session.update", "session": {"type": "realtime", "tracing": "auto"}, "event_id": "e1"},
        client.SessionUpdate(session={"type": "realtime", "tracing": "auto"}, event_id="e1"),
    ),
    ({"type": "input_audio_buffer.append", "audio": "AQI="}, client.AudioAppend(audio=b"\x01\x02")),
    (
        {"type": "input_audio_buffer.append", "audio": "", "segue": {"captured_at_ns": 5, "sent_at_ns": 6}},
        client.AudioAppend(audio=b"", segue=client.CaptureStamp(captured_at_ns=5, sent_at_ns=6)),
    ),
    ({"type": "input_audio_buffer.commit"}, client.AudioCommit()),
    ({"type": "input_audio_buffer.clear"}, client.AudioClear()),
    (
        {
            "type": "conversation.item.create",
            "previous_item_id": "root",
            "item": {
                "type": "message",
                "role": "user",
                "id": "item_c",
                "content": [{"type": "input_text", "text": "hi"}],
            },
        },
        client.ItemCreate(
            item=Message(role="user", content=(InputText(text="hi"),), id="item_c"), previous_item_id="root"
        ),
    ),
    (
        {
            "type": "conversation.item.create",
            "item": {"type": "function_call_output", "call_id": "call_1", "output": "7"},
        },
        client.ItemCreate(item=FunctionCallOutput(call_id="call_1", output="7")),
    ),
    ({"type": "conversation.item.delete", "item_id": "i"}, client.ItemDelete(item_id="i")),
    (
        {"type": "conversation.item.truncate", "item_id": "i", "content_index": 0, "audio_end_ms": 120},
        client.ItemTruncate(item_id="i", content_index=0, audio_end_ms=120),
    ),
    ({"type": "conversation.item.retrieve", "item_id": "i"}, client.ItemRetrieve(item_id="i")),
    ({"type": "response.create"}, client.ResponseCreate()),
    (
        {
            "type": "response.create",
            "response": {"metadata": {"client_event_id": "x"}, "conversation": "none", "modalities": ["x"]},
        },
        client.ResponseCreate(response=client.ResponseParams(metadata={"client_event_id": "x"}, conversation="none")),
    ),
    ({"type": "response.cancel"}, client.ResponseCancel()),
    ({"type": "output_audio_buffer.clear"}, client.OutputAudioClear()),
    (
        {
            "type": "segue.playout",
            "item_id": "i",
            "played_ms": 20.5,
            "buffered_ms": 0,
            "at_ns": 7,
            "started_at_ns": None,
            "done": True,
        },
        client.Playout(item_id="i", played_ms=20.5, buffered_ms=0.0, at_ns=7, done=True),
    ),
    ({"type": "segue.clock.ping", "t0_ns": 1}, client.ClockPing(t0_ns=1)),
    (
        {"type": "segue.clock.sample", "t0_ns": 1, "t1_ns": 2, "t2_ns": 3, "t3_ns": 4},
        client.ClockSample(t0_ns=1, t1_ns=2, t2_ns=3, t3_ns=4),
    ),
]


def test_the_list_above_has_every_event() -> None:
    assert {type(event) for _, event in EVENTS} == set(get_args(ClientEvent))


@pytest.mark.parametrize(("sent", "event"), EVENTS, ids=lambda value: type(value).__name__)
def test_each_event_is_read(sent: dict[str, Any], event: ClientEvent) -> None:
    assert decode_client_event(json.dumps(sent).encode()) == event


@pytest.mark.parametrize(("sent", "event"), EVENTS, ids=lambda value: type(value).__name__)
def test_keys_we_do_not_know_are_ignored(sent: dict[str, Any], event: ClientEvent) -> None:
    assert decode_client_event(json.dumps(sent | {"unheard_of": [1]}).encode()) == event


@pytest.mark.parametrize(
    ("payload", "says", "param"),
    [
        (b"", "not valid JSON", None),
        (b"{", "not valid JSON", None),
        (b"\xff\xfe", "not valid JSON", None),
        (b'{"type":"response.create"} x', "not valid JSON", None),
        (b"[]", "object", None),
        (b"{}", "type", None),
        (b'{"type":"session.sing"}', "session.sing", "type"),
        (b'{"type":4}', "str", "type"),
        (b'{"type":"session.update"}', "session", None),
        (b'{"type":"session.update","session":[]}', "object", "session"),
        (b'{"type":"input_audio_buffer.append","audio":"!"}', "base64", "audio"),
        (b'{"type":"input_audio_buffer.append","audio":null}', "null", "audio"),
        (b'{"type":"conversation.item.create","item":{"type":"image"}}', "image", "item.type"),
        (
            b'{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"x"}]}}',
            "x",
            "item.content[0].type",
        ),
        (b'{"type":"response.create","response":{"conversation":"mine"}}', "mine", "response.conversation"),
        (b'{"type":"segue.playout","item_id":"i","played_ms":"1"}', "float", "played_ms"),
    ],
)
def test_what_is_wrong_is_named(payload: bytes, says: str, param: str | None) -> None:
    with pytest.raises(PeerProtocolError) as caught:
        decode_client_event(payload)
    assert says in caught.value.what
    assert caught.value.param == param


@given(st.binary(max_size=300))
def test_any_bytes_are_an_event_or_the_documented_error(payload: bytes) -> None:
    try:
        decode_client_event(payload)
    except PeerProtocolError as error:
        client.describe_fault(payload, error)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([sent for sent, _ in EVENTS]), st.data())
def test_any_value_in_any_field_is_an_event_or_the_documented_error(sent: dict[str, Any], data: st.DataObject) -> None:
    field = data.draw(st.sampled_from([*sent, "event_id"]))
    payload = json.dumps(sent | {field: data.draw(json_values)}).encode()
    try:
        decode_client_event(payload)
    except PeerProtocolError:
        pass


@pytest.mark.parametrize("depth", [100, 990, 5_000, 200_000])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'{"type":"session.update","session":{"x":', b"}}"),
        (b'{"type":"response.create","response":{"metadata":{"x":', b"}}}"),
    ],
)
def test_deep_nesting_is_refused(before: bytes, after: bytes, depth: int) -> None:
    payload = before + b"[" * depth + b"]" * depth + after
    with pytest.raises(PeerProtocolError, match="nested"):
        decode_client_event(payload)


def test_deep_nesting_in_what_is_ignored_is_ignored_or_refused() -> None:
    nested = b'{"type":"response.cancel","x":%b%b}'
    assert decode_client_event(nested % (b"[" * 100, b"]" * 100)) == client.ResponseCancel()
    with pytest.raises(PeerProtocolError, match="nested"):
        decode_client_event(nested % (b"[" * 100_000, b"]" * 100_000))


@pytest.mark.parametrize(
    ("payload", "code", "event_id"),
    [
        (b"{", "invalid_json", None),
        (b"[]", "invalid_json", None),
        (b'{"event_id":"mine"}', "missing_required_parameter", "mine"),
        (b'{"type":"session.sing","event_id":"mine"}', "unknown_event", "mine"),
        (b'{"type":"session.update","session":[],"event_id":"mine"}', "invalid_value", "mine"),
        (b'{"type":"session.update","session":[],"event_id":4}', "invalid_value", None),
        (b'{"type":"response.cancel","x":' + b"[" * 100_000, "invalid_json", None),
    ],
)
def test_the_sender_of_a_refused_message_learns_which_and_why(payload: bytes, code: str, event_id: str | None) -> None:
    with pytest.raises(PeerProtocolError) as caught:
        decode_client_event(payload)

    fault = client.describe_fault(payload, caught.value)

    assert (fault.code, fault.event_id) == (code, event_id)
    assert fault.message == caught.value.what
    assert fault.param == caught.value.param


def test_a_refusal_does_not_repeat_a_long_message() -> None:
    payload = json.dumps({"type": "x" * 100_000}).encode()
    with pytest.raises(PeerProtocolError) as caught:
        decode_client_event(payload)
    assert len(caught.value.what) < 400


@pytest.mark.parametrize(
    ("payload", "param"),
    [
        (b'{"type":"segue.clock.ping","t0_ns":%d}' % 10**30, "t0_ns"),
        (b'{"type":"segue.playout","item_id":"i","played_ms":1e300,"buffered_ms":0,"at_ns":0}', "played_ms"),
        (
            b'{"type":"conversation.item.truncate","item_id":"i","content_index":0,"audio_end_ms":%d}' % -(10**30),
            "audio_end_ms",
        ),
        (b'{"type":"response.create","response":{"metadata":{"n":%d}}}' % 10**30, "response.metadata.n"),
        (b'{"type":"response.create","response":{"max_output_tokens":%d}}' % 10**30, "response.max_output_tokens"),
        (b'{"type":"session.update","session":{"tools":[{"x":%d}]}}' % 10**30, "session.tools[0].x"),
    ],
)
def test_numbers_the_journal_cannot_hold_are_refused(payload: bytes, param: str) -> None:
    with pytest.raises(PeerProtocolError) as caught:
        decode_client_event(payload)
    assert caught.value.param == param


@given(st.sampled_from([sent for sent, _ in EVENTS]), st.data())
def test_whatever_is_accepted_can_be_journalled(sent: dict[str, Any], data: st.DataObject) -> None:
    field = data.draw(st.sampled_from([*sent]))
    payload = json.dumps(sent | {field: data.draw(json_values)}).encode()
    try:
        event = decode_client_event(payload)
    except PeerProtocolError:
        return
    msgspec.msgpack.encode(event)
