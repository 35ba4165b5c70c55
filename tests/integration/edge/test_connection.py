from typing import Any

import aiohttp
import pytest

from segue.model.limits import CLIENT_MESSAGE_BYTES_MAX, FLOW_CREDIT_BYTES
from segue.wire.trunk import Emitted
from tests.integration.edge.harness import config_for, receive, receive_close, running_edge
from tests.support.fake_core import FakeCore, eventually

CHUNK = b'"' + b"a" * 50_000 + b'"'


def transport_of(socket: aiohttp.ClientWebSocketResponse) -> Any:
    return socket._response.connection.transport  # type: ignore[union-attr]


async def test_a_core_that_floods_is_held_back_by_a_client_that_does_not_read() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        transport_of(socket).pause_reading()
        flow = core.only_flow()
        for _ in range(2_000):
            core.send_down(flow, CHUNK)
        sent = await settled(core)

        # What is out: the credit, one frame over it, and what both kernels' socket buffers took.
        assert 2_000 - sent < 2_000
        assert sent * len(CHUNK) < 2 * FLOW_CREDIT_BYTES + 24 * 1024 * 1024
        assert len(flow.outbox) > 500

        async with edge.connect() as other:
            (quick,) = [each for each in core.flows.values() if each is not flow]
            core.send_down(quick, b'"not held back"')
            assert await receive(other) == "not held back"

        transport_of(socket).resume_reading()
        for _ in range(2_000):
            await receive(socket)
        assert not flow.outbox


async def settled(core: FakeCore) -> int:
    """Messages sent when no more go out."""
    flow = core.only_flow()
    left = -1

    def is_still() -> bool:
        nonlocal left
        before, left = left, len(flow.outbox)
        return before == left

    for _ in range(3):
        left = -1
        await eventually(is_still)
    return 2_000 - left


async def test_a_client_that_does_not_read_for_too_long_is_cut_off() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core, client_stall_s=1)) as edge, edge.connect() as socket:
        transport_of(socket).pause_reading()
        for _ in range(1_000):
            core.send_down(core.only_flow(), CHUNK)

        await eventually(lambda: not core.flows, within_s=8)

        closed = core.frames[-1]
        assert closed.code == 1008  # type: ignore[union-attr]
        assert "does not read" in closed.reason  # type: ignore[union-attr]
        transport_of(socket).resume_reading()


async def test_a_client_that_answers_no_ping_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    core = await FakeCore().start()
    config = config_for(core, client_silence_s=15)
    monkeypatch.setattr("segue.edge.realtime.MS_PER_S", 100)
    async with running_edge(config) as edge, edge.connect(autoping=False) as socket:
        message = await socket.receive(timeout=5)
        assert message.type is aiohttp.WSMsgType.PING

        await eventually(lambda: not core.flows, within_s=8)

    assert "silent" in core.frames[-1].reason  # type: ignore[union-attr]


async def test_a_client_that_answers_pings_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    core = await FakeCore().start()
    config = config_for(core, client_silence_s=15)
    monkeypatch.setattr("segue.edge.realtime.MS_PER_S", 100)
    async with running_edge(config) as edge, edge.connect(autoping=False) as socket:
        for _ in range(3):
            message = await socket.receive(timeout=5)
            assert message.type is aiohttp.WSMsgType.PING
            await socket.pong(message.data)

        assert len(core.flows) == 1


async def test_a_core_without_room_for_more_stops_the_uplink_of_that_client_only() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket, edge.connect() as other:
        core.is_consuming = False
        big = "x" * (FLOW_CREDIT_BYTES // 4)
        for _ in range(12):
            await socket.send_str(big)
        flow = next(iter(core.flows.values()))
        await eventually(lambda: flow.last_heard == 4)
        core.is_consuming = True
        await other.send_str("y")
        assert (await receive(other))["echo"] == 1
        assert flow.last_heard == 4

        flow.link.consumed(flow.open.flow, 4 * len(big))

        await eventually(lambda: flow.last_heard == 12)


async def test_a_client_that_leaves_is_reported_with_its_code() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge:
        async with edge.connect() as socket:
            await socket.close(code=4123)
        await eventually(lambda: not core.flows)

        assert core.frames[-1].code == 4123  # type: ignore[union-attr]
        async with edge.connect() as socket:
            socket._response.connection.transport.abort()  # type: ignore[union-attr]
            await eventually(lambda: not core.flows)


async def test_binary_frames_end_the_connection() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        await socket.send_bytes(b"\x00\x01")

        code, reason = await receive_close(socket)

    assert code == 1003
    assert "binary" in reason


async def test_a_largest_message_passes_and_a_larger_one_ends_the_connection() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        await socket.send_str("x" * (CLIENT_MESSAGE_BYTES_MAX - 1))
        assert (await receive(socket, 20))["echo"] == 1

        await socket.send_str("x" * (CLIENT_MESSAGE_BYTES_MAX + 1))
        code, _ = await receive_close(socket, 20)

    assert code == 1009


async def test_pings_of_the_client_are_answered() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect(autoping=False) as socket:
        await socket.ping(b"hello")

        message = await socket.receive(timeout=5)

    assert (message.type, bytes(message.data)) == (aiohttp.WSMsgType.PONG, b"hello")


async def test_a_report_says_when_the_socket_took_the_message() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        core.send_down(core.only_flow(), b"{}", cursor="event_9_0", report=True)
        await receive(socket)
        await eventually(lambda: any(isinstance(frame, Emitted) for frame in core.frames))

        (emitted,) = [frame for frame in core.frames if isinstance(frame, Emitted)]
        assert emitted.cursor == "event_9_0"
        assert 0 < emitted.in_ns <= emitted.out_ns


async def test_a_superseded_client_is_told_after_what_it_was_sent() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        flow = core.only_flow()
        core.send_down(flow, b'"last"')
        core.close_flow(flow, 4001, "superseded by a newer connection")

        assert await receive(socket) == "last"
        assert await receive_close(socket) == (4001, "superseded by a newer connection")
        await eventually(lambda: not core.flows)
