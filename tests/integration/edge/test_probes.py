import aiohttp

from tests.integration.edge.harness import config_for, running_edge
from tests.support.fake_core import FakeCore


async def test_probes() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect():
        assert await edge.get_json("/healthz") == (200, {"status": "ok", "connections": 1})
        assert await edge.get_json("/readyz") == (200, {"status": "ready", "cores": {core.address: "ready"}})
        assert await edge.metric("segue_edge_flows") == 1
        assert await edge.metric("segue_edge_cores_linked") == 1

        core.kill()
        async with aiohttp.ClientSession() as http:
            answer = await http.get(f"{edge.url}/readyz")
        while answer.status != 503:
            answer = await edge.http.get(f"{edge.url}/readyz")
        assert await answer.json() == {"status": "no core", "cores": {core.address: "away"}}
        assert await edge.metric("segue_edge_flows_waiting") == 1
