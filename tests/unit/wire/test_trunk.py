"""The trunk's frames: what is written is read, however the stream is cut, and only documented errors escape."""

import itertools
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.model.errors import PeerProtocolError
from segue.model.limits import TRUNK_FRAME_BYTES_MAX
from segue.wire import trunk
from segue.wire.trunk import LENGTH_BYTES, AnyFrame, FrameReader, encode_frame

FRAMES: list[AnyFrame] = [
    trunk.Hello(version=trunk.TRUNK_VERSION, node="core-1", role="core", nonce=bytes(16)),
    trunk.Proof(mac=bytes(32)),
    trunk.Beat(sent_ns=1),
    trunk.Beat(sent_ns=3, echo_sent_ns=1, received_ns=2),
    trunk.Open(
        flow=1, session="sess_a", subject="user", is_new=True, is_aware=False, params=b"{}", position="p", cursor="c"
    ),
    trunk.Opened(flow=1, epoch=2, received=3),
    trunk.Refused(flow=1, status=503, code="server_overloaded", message="full", retry=True),
    trunk.Up(flow=1, index=9, edge_in_ns=5, payload=b'{"type":"response.create"}'),
    trunk.Release(flow=1, through=9, position="1200"),
    trunk.Down(flow=1, epoch=2, cursor="event_1_0", payload=b"{}", report=True),
    trunk.Emitted(flow=1, cursor="event_1_0", in_ns=6, out_ns=7),
    trunk.Credit(flow=1, payload_bytes=1000),
    trunk.Closed(flow=1, code=1000, reason="bye"),
    trunk.Drain(reason="restart"),
]


def ids(frame: AnyFrame) -> str:
    return type(frame).__name__


def test_the_list_above_has_every_frame() -> None:
    assert {type(frame) for frame in FRAMES} == set(get_args(AnyFrame))


@pytest.mark.parametrize("frame", FRAMES, ids=ids)
def test_each_frame_reads_back(frame: AnyFrame) -> None:
    assert FrameReader().feed(encode_frame(frame)) == [frame]


@pytest.mark.parametrize("frame", FRAMES, ids=ids)
def test_a_frame_of_a_newer_release_with_more_fields_is_read(frame: AnyFrame) -> None:
    body = msgspec.msgpack.encode([*msgspec.msgpack.decode(encode_frame(frame)[LENGTH_BYTES:]), "new", 1])
    assert FrameReader().feed(len(body).to_bytes(LENGTH_BYTES, "big") + body) == [frame]


def test_a_frame_of_an_older_release_without_the_last_fields_is_read() -> None:
    body = msgspec.msgpack.encode([4, 1, "sess_a", "user", True, False, b"{}"])
    (frame,) = FrameReader().feed(len(body).to_bytes(LENGTH_BYTES, "big") + body)
    assert frame == trunk.Open(flow=1, session="sess_a", subject="user", is_new=True, is_aware=False, params=b"{}")


@given(st.lists(st.sampled_from(FRAMES), max_size=8), st.lists(st.integers(0, 2000), max_size=12))
def test_frames_are_read_however_the_stream_is_cut(frames: list[AnyFrame], cuts: list[int]) -> None:
    stream = b"".join(encode_frame(frame) for frame in frames)
    reader = FrameReader()
    read: list[AnyFrame] = []

    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for start, end in itertools.pairwise(places):
        read += reader.feed(stream[start:end])

    assert read == frames


def test_what_was_read_does_not_change_when_more_arrives() -> None:
    reader = FrameReader()
    (first,) = reader.feed(encode_frame(trunk.Up(flow=1, index=1, edge_in_ns=0, payload=b"a" * 100)))
    reader.feed(encode_frame(trunk.Up(flow=1, index=2, edge_in_ns=0, payload=b"b" * 100)))
    assert first == trunk.Up(flow=1, index=1, edge_in_ns=0, payload=b"a" * 100)


def test_a_length_over_the_bound_is_refused_before_its_bytes_arrive() -> None:
    with pytest.raises(PeerProtocolError, match=f"at most {TRUNK_FRAME_BYTES_MAX}"):
        FrameReader().feed((TRUNK_FRAME_BYTES_MAX + 1).to_bytes(LENGTH_BYTES, "big"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode({"t": 3}),
        msgspec.msgpack.encode([99, 1]),
        msgspec.msgpack.encode([3]),
        msgspec.msgpack.encode([3, "now"]),
        msgspec.msgpack.encode([7, 1, 1, 1, "text where bytes belong"]),
        msgspec.msgpack.encode([2, bytes(32)]) + b"\x00",
    ],
    ids=["empty", "reserved", "map", "unknown", "short", "wrong", "text", "trailing"],
)
def test_bytes_that_are_no_frame_are_refused(body: bytes) -> None:
    with pytest.raises(PeerProtocolError, match="not a trunk frame"):
        FrameReader().feed(len(body).to_bytes(LENGTH_BYTES, "big") + body)


def test_a_frame_over_the_bound_is_our_own_bug() -> None:
    with pytest.raises(AssertionError):
        encode_frame(trunk.Up(flow=1, index=1, edge_in_ns=0, payload=bytes(TRUNK_FRAME_BYTES_MAX)))


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_any_stream_yields_frames_or_the_documented_error(chunks: list[bytes]) -> None:
    reader = FrameReader()
    try:
        for chunk in chunks:
            reader.feed(chunk)
    except PeerProtocolError:
        pass


@given(st.binary(max_size=300))
def test_any_body_is_a_frame_or_the_documented_error(body: bytes) -> None:
    try:
        FrameReader().feed(len(body).to_bytes(LENGTH_BYTES, "big") + body)
    except PeerProtocolError:
        pass


@given(st.sampled_from(FRAMES), st.data())
def test_a_damaged_frame_is_a_frame_or_the_documented_error(frame: AnyFrame, data: st.DataObject) -> None:
    damaged = bytearray(encode_frame(frame))
    damaged[data.draw(st.integers(LENGTH_BYTES, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        FrameReader().feed(bytes(damaged))
    except PeerProtocolError:
        pass
