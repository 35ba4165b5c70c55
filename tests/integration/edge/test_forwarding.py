import asyncio

import aiohttp
import msgspec

from segue.model.limits import CLIENT_MESSAGE_BYTES_MAX
from segue.wire.trunk import Emitted, Refused
from tests.integration.edge.harness import BEARER, config_for, receive, receive_close, receive_echoes, running_edge
from tests.support.fake_core import FakeCore, eventually


async def test_messages_go_both_ways_in_order() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        for n in range(500):
            await socket.send_str(f'{{"n": {n}}}')

        assert await receive_echoes(socket, 500) == list(range(1, 501))
        assert core.only_flow().session.decided[7] == b'{"n": 7}'


async def test_the_core_is_told_who_connects_and_how() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect("model=m&segue=1&other=x"):
        (frame,) = core.opens()

    assert frame.is_new
    assert frame.is_aware
    assert frame.subject.startswith("key:")
    assert frame.session.startswith("sess_")
    assert msgspec.json.decode(frame.params) == {
        "session": None,
        "query": {"model": "m", "segue": "1", "other": "x"},
    }


async def test_what_is_no_json_is_forwarded_as_it_is() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        await socket.send_str("{not json é")

        assert (await receive(socket))["of"] == "{not json é"


async def test_a_resumed_session_goes_on_with_its_numbers_and_cursor() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge:
        async with edge.connect() as socket:
            for n in range(3):
                await socket.send_str(str(n))
            await receive_echoes(socket, 3)
            session = core.only_flow().open.session
        await eventually(lambda: not core.flows)

        async with edge.connect(f"segue=1&session_id={session}&after=event_2_0&received=3") as socket:
            await socket.send_str("again")

            assert await receive_echoes(socket, 2) == [3, 4]

        frame = core.opens()[-1]
        assert (frame.is_new, frame.session, frame.cursor) == (False, session, "event_2_0")
        assert core.journal.sessions[session].decided == [b"0", b"1", b"2", b"again"]
        assert await edge.metric("segue_edge_resumes_total") == 1


async def test_a_report_says_when_the_socket_took_the_message() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        core.send_down(core.only_flow(), b"{}", cursor="event_9_0", report=True)
        await receive(socket)
        await eventually(lambda: any(isinstance(frame, Emitted) for frame in core.frames))

        (emitted,) = [frame for frame in core.frames if isinstance(frame, Emitted)]
        assert emitted.cursor == "event_9_0"
        assert 0 < emitted.in_ns <= emitted.out_ns


async def test_downlink_of_an_old_epoch_never_reaches_the_client() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        flow = core.only_flow()
        core.send_down(flow, b'"new"', epoch=5)
        core.send_down(flow, b'"stale"', epoch=4)
        core.send_down(flow, b'"newer"', epoch=6)

        assert [await receive(socket), await receive(socket)] == ["new", "newer"]
        assert await edge.metric("segue_edge_stale_drops_total") == 1


async def test_a_superseded_client_is_told_after_what_it_was_sent() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        flow = core.only_flow()
        core.send_down(flow, b'"last"')
        core.close_flow(flow, 4001, "superseded by a newer connection")

        assert await receive(socket) == "last"
        assert await receive_close(socket) == (4001, "superseded by a newer connection")
        await eventually(lambda: not core.flows)


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


async def test_a_refusal_is_an_http_status() -> None:
    refusal = Refused(0, status=404, code="session_not_found", message="no such session")
    core = await FakeCore(refuse=lambda _: refusal).start()
    async with running_edge(config_for(core)) as edge:
        await eventually(lambda: core.links)
        status, error, headers = await edge.denial("session_id=sess_aaaaaaaaaaaaa")

    assert status == 404
    assert error == {
        "message": "no such session",
        "type": "invalid_request_error",
        "code": "session_not_found",
        "param": None,
    }
    assert "Retry-After" not in headers


async def test_a_full_core_means_the_next_one_or_later() -> None:
    full = Refused(0, status=503, code="server_overloaded", message="full", retry=True)
    cores = [await FakeCore(refuse=lambda _: full).start(), await FakeCore(refuse=lambda _: full).start()]
    async with running_edge(config_for(*cores)) as edge:
        await eventually(lambda: all(core.links for core in cores))
        status, error, headers = await edge.denial()
        assert (status, error["code"], error["type"], headers["Retry-After"]) == (
            503,
            "server_overloaded",
            "server_error",
            "1",
        )
        assert all(len(core.opens()) == 1 for core in cores)

        cores[1].refuse = lambda _: None
        async with edge.connect() as socket:
            await socket.send_str("x")
            assert await receive_echoes(socket, 1) == [1]
            assert len(cores[1].flows) == 1


async def test_refusals_after_the_upgrade_are_a_close() -> None:
    core = FakeCore(refuse=lambda _: Refused(0, status=404, code="session_not_found", message="gone"))
    free = await FakeCore().start()
    port = free.port
    free.kill()
    config = config_for(f"127.0.0.1:{port}", upgrade_wait_ms=20)
    async with running_edge(config) as edge, edge.connect() as socket:
        await core.start(port)

        assert await receive_close(socket) == (1008, "session_not_found: gone")


async def test_connections_over_the_bound_are_told_to_come_back() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core, flows_max=1)) as edge, edge.connect():
        status, error, headers = await edge.denial()

    assert (status, error["code"], headers["Retry-After"]) == (503, "server_overloaded", "5")


async def test_a_draining_core_gets_no_new_sessions_but_keeps_its_own() -> None:
    cores = [await FakeCore().start(), await FakeCore().start()]
    async with running_edge(config_for(*cores)) as edge, edge.connect() as first:
        await eventually(lambda: all(core.links for core in cores))
        holder, other = (cores[0], cores[1]) if cores[0].flows else (cores[1], cores[0])
        holder.drain()
        await asyncio.sleep(0)
        sockets = [await edge.http.ws_connect(f"{edge.url}/v1/realtime", headers=BEARER) for _ in range(4)]

        assert len(other.flows) == 4
        await first.send_str("x")
        assert await receive_echoes(first, 1) == [1]
        other.drain()
        await eventually(lambda: other.links)
        status, body = await edge.get_json("/readyz")
        assert (status, set(body["cores"].values())) == (503, {"draining"})
        for socket in sockets:
            await socket.close()
