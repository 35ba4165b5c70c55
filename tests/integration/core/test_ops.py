"""The probes of a core, served by themselves."""

import aiohttp
from prometheus_client import CollectorRegistry, Counter

from segue.core.ops import serve_ops


async def test_probes_say_what_they_are_asked():
    registry = CollectorRegistry()
    Counter("jobs", "Jobs.", registry=registry).inc()
    reasons: list[str | None] = ["warming"]
    async with serve_ops("127.0.0.1:0", registry, lambda: reasons[-1]) as address, aiohttp.ClientSession() as http:

        async def get(path: str) -> tuple[int, str]:
            async with http.get(f"http://{address}{path}") as answer:
                return answer.status, await answer.text()

        assert await get("/healthz") == (200, "ok\n")
        assert await get("/readyz") == (503, "warming\n")
        reasons.append(None)
        assert await get("/readyz") == (200, "ready\n")
        assert "jobs_total 1.0" in (await get("/metrics"))[1]
        assert (await get("/other"))[0] == 404


async def test_without_an_address_nothing_is_served():
    async with serve_ops("", CollectorRegistry(), lambda: None) as address:
        assert address is None
