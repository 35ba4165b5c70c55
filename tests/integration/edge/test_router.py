import asyncio
import random

import pytest

from segue.wire.trunk import Refused, Up
from tests.integration.edge.harness import BEARER, config_for, receive, receive_close, receive_echoes, running_edge
from tests.support.fake_core import FakeCore, FakeJournal, eventually


@pytest.mark.parametrize("decide_every", [1, 3, 1000])
async def test_a_core_that_is_started_anew_gets_what_it_had_not_decided(decide_every: int) -> None:
    core = await FakeCore(decide_every=decide_every).start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        for n in range(10):
            await socket.send_str(str(n))
        await eventually(lambda: core.only_flow().last_heard == 10)
        core.kill()
        for n in range(10, 15):
            await socket.send_str(str(n))

        after = await FakeCore(core.journal).start(core.port)

        assert await receive_echoes(socket, 15) == list(range(1, 16))
        assert after.only_flow().session.decided == [str(n).encode() for n in range(15)]
        frame = after.opens()[0]
        decided = 10 - 10 % decide_every
        assert (frame.is_new, frame.ring_from) == (False, decided + 1 if decided < 15 else 0)
        assert frame.position == (f"p{decided}" if decided else "")
        assert await edge.metric("segue_edge_flow_moves_total") == 1


async def test_another_core_takes_the_flow_at_once() -> None:
    journal = FakeJournal()
    cores = [await FakeCore(journal, node=f"core-{n}").start() for n in range(2)]
    async with running_edge(config_for(*cores)) as edge, edge.connect() as socket:
        await eventually(lambda: all(core.links for core in cores))
        await socket.send_str("a")
        await receive_echoes(socket, 1)
        holder, other = (cores[0], cores[1]) if cores[0].flows else (cores[1], cores[0])
        holder.kill()
        await socket.send_str("b")

        assert await receive_echoes(socket, 1) == [2]
        assert other.only_flow().open.cursor == "event_1_0"
        assert (await edge.get_json("/readyz"))[0] == 200


async def test_nothing_is_lost_or_repeated_through_many_deaths() -> None:
    """A client that talks while cores die at random, some before they decided, some before their echo went out."""
    dice = random.Random(7)
    journal = FakeJournal()
    cores = [await FakeCore(journal, node=f"core-{n}").start() for n in range(2)]
    async with running_edge(config_for(*cores)) as edge, edge.connect() as socket:
        said, heard = 0, []
        for _ in range(12):
            for _ in range(dice.randrange(1, 40)):
                said += 1
                await socket.send_str(str(said))
            for _ in range(dice.randrange(3)):
                await asyncio.sleep(0)
            victim = dice.randrange(2)
            cores[victim].kill()
            for _ in range(dice.randrange(20)):
                await asyncio.sleep(0)
            cores[victim] = await FakeCore(journal, decide_every=dice.randrange(1, 4)).start(cores[victim].port)
        for core in cores:
            core.decide_every = 1
        said += 1
        await socket.send_str(str(said))
        while len(heard) < said:
            heard += await receive_echoes(socket, 1)

    assert heard == list(range(1, said + 1))
    (session,) = journal.sessions.values()
    assert session.decided == [str(n).encode() for n in range(1, said + 1)]


async def test_a_socket_is_accepted_and_waits_when_no_core_is_there() -> None:
    core = await FakeCore().start()
    core.kill()
    async with running_edge(config_for(core, upgrade_wait_ms=20)) as edge, edge.connect() as socket:
        assert (await edge.get_json("/readyz"))[0] == 503
        await socket.send_str("early")

        after = await FakeCore(core.journal).start(core.port)

        assert await receive_echoes(socket, 1) == [1]
        assert after.only_flow().open.is_new


async def test_a_socket_that_waited_too_long_is_closed() -> None:
    core = await FakeCore().start()
    core.kill()
    config = config_for(core, upgrade_wait_ms=20, core_wait_s=1)
    async with running_edge(config) as edge, edge.connect() as socket:
        code, reason = await receive_close(socket)

    assert code == 1013
    assert "no core" in reason


async def test_a_core_that_breaks_the_protocol_loses_the_flow_and_says_why() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        flow = core.only_flow()
        flow.session.decided += [b"never said"] * 3
        core.decide(flow)

        code, reason = await receive_close(socket)

    assert code == 1011
    assert "resume" in reason


async def test_a_ring_that_is_full_stops_the_reader_and_goes_on_when_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segue.edge.ring.UPLINK_RING_MESSAGES_MAX", 10)
    core = await FakeCore(decide_every=10_000).start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        for n in range(30):
            await socket.send_str(str(n))
        await eventually(lambda: core.only_flow().last_heard == 10)
        for _ in range(20):
            await asyncio.sleep(0)
        assert sum(isinstance(frame, Up) for frame in core.frames) == 10

        core.decide_every = 1
        core.decide(core.only_flow())

        assert await receive_echoes(socket, 30) == list(range(1, 31))
        assert await edge.metric("segue_edge_ring_bytes") == 0


async def test_downlink_of_an_old_epoch_never_reaches_the_client() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        flow = core.only_flow()
        core.send_down(flow, b'"new"', epoch=5)
        core.send_down(flow, b'"stale"', epoch=4)
        core.send_down(flow, b'"newer"', epoch=6)

        assert [await receive(socket), await receive(socket)] == ["new", "newer"]
        assert await edge.metric("segue_edge_stale_drops_total") == 1


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
