import asyncio

from segue.edge.config import EdgeConfig
from tests.integration.edge.harness import config_for, receive_echoes, running_edge
from tests.support.fake_core import FakeCore, FakeJournal, eventually


async def test_a_restarted_core_is_found_within_a_tenth_of_a_second() -> None:
    core = await FakeCore().start()
    loop = asyncio.get_running_loop()
    async with running_edge(config_for(core)) as edge, edge.connect():
        core.kill()
        await asyncio.sleep(0.7)  # Long enough for a back-off to have grown, were there one.
        began = loop.time()
        after = await FakeCore(core.journal).start(core.port)
        await eventually(lambda: after.flows)

        assert loop.time() - began < 0.15


async def test_a_silent_core_is_suspected_and_then_left() -> None:
    journal = FakeJournal()
    cores = [await FakeCore(journal, node=f"core-{n}").start() for n in range(2)]
    config: EdgeConfig = config_for(*cores, core_dead_after_ms=600)
    async with running_edge(config) as edge, edge.connect() as socket:
        await eventually(lambda: all(core.links for core in cores))
        holder, other = (cores[0], cores[1]) if cores[0].flows else (cores[1], cores[0])
        holder.stand_still()
        status, body = await edge.get_json("/readyz")
        while "suspected" not in body["cores"].values():
            status, body = await edge.get_json("/readyz")
        assert status == 200
        async with edge.connect():
            assert len(other.flows) == 1, "new flows avoid a suspected core"
        await socket.send_str("x")

        assert await receive_echoes(socket, 1) == [1]
        assert len(other.flows) == 1
