import asyncio

import aiohttp
import msgspec
import pytest

from segue.wire.trunk import Closed, Refused
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


async def test_no_more_connections_while_too_much_is_held() -> None:
    core = await FakeCore(decide_every=1_000).start()
    async with running_edge(config_for(core, rings_bytes_max=1 << 20)) as edge, edge.connect() as socket:
        await socket.send_str("x" * (1 << 20))
        await eventually(lambda: core.only_flow().last_heard == 1)
        status, error, headers = await edge.denial()
        assert (status, error["code"], headers["Retry-After"]) == (503, "server_overloaded", "5")

        core.decide(core.only_flow())
        await receive(socket)
        async with edge.connect():
            assert len(core.flows) == 2


async def test_a_client_that_leaves_before_it_was_answered_is_forgotten() -> None:
    core = await FakeCore().start()
    core.is_opening = False
    async with running_edge(config_for(core, upgrade_wait_ms=80)) as edge:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.03), aiohttp.ClientSession() as http:
                await http.ws_connect(f"{edge.url}/v1/realtime", headers=BEARER)
        assert not [frame for frame in core.frames if isinstance(frame, Closed)]

        await eventually(lambda: any(isinstance(frame, Closed) for frame in core.frames))

        assert (await edge.get_json("/healthz"))[1]["connections"] == 0
