"""An edge in this process on a free port, and clients of it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import aiohttp
import msgspec

from segue.edge.config import EdgeConfig
from segue.edge.server import EdgeReady, run_edge
from tests.support.fake_core import FLEET_KEY, FakeCore

API_KEY = "sk-test-12345678"
BEARER = {"Authorization": f"Bearer {API_KEY}"}


@dataclass(slots=True)
class Edge:
    ready: EdgeReady
    http: aiohttp.ClientSession
    task: "asyncio.Task[None]"

    @property
    def url(self) -> str:
        return self.ready.url

    def connect(self, query: str = "model=segue", **options: Any) -> Any:
        options.setdefault("headers", BEARER)
        options.setdefault("max_msg_size", 0)
        return self.http.ws_connect(f"{self.url}/v1/realtime?{query}", **options)

    async def get_json(self, path: str) -> tuple[int, Any]:
        async with self.http.get(self.url + path) as answer:
            return answer.status, await answer.json()

    async def metric(self, name: str) -> float:
        async with self.http.get(f"{self.url}/metrics") as answer:
            lines = (await answer.text()).splitlines()
        (value,) = [line.split()[-1] for line in lines if line.split(" ")[0].split("{")[0] == name]
        return float(value)

    async def denial(self, query: str = "model=segue", **options: Any) -> tuple[int, dict[str, Any], Any]:
        """Connect, expecting an HTTP answer instead: status, its error, its headers."""
        headers = {
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
        } | options.pop("headers", BEARER)
        async with self.http.get(f"{self.url}/v1/realtime?{query}", headers=headers, **options) as answer:
            return answer.status, (await answer.json())["error"], answer.headers


def config_for(*cores: FakeCore | str, **changes: Any) -> EdgeConfig:
    addresses = tuple(core if isinstance(core, str) else core.address for core in cores)
    base = EdgeConfig(fleet_key=FLEET_KEY, port=0, cores=addresses, api_keys=(API_KEY,), node="edge-1")
    return replace(base, **changes)


@asynccontextmanager
async def running_edge(config: EdgeConfig) -> AsyncIterator[Edge]:
    ready: asyncio.Future[EdgeReady] = asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as tasks, aiohttp.ClientSession() as http:
        task = tasks.create_task(run_edge(config, ready.set_result), name="edge")
        await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)  # type: ignore[type-var]
        if task.done():
            task.result()
        try:
            yield Edge(ready.result(), http, task)
        finally:
            task.cancel()


async def receive(socket: aiohttp.ClientWebSocketResponse, within_s: float = 5.0) -> Any:
    message = await socket.receive(timeout=within_s)
    assert message.type is aiohttp.WSMsgType.TEXT, message
    return msgspec.json.decode(message.data)


async def receive_echoes(socket: aiohttp.ClientWebSocketResponse, count: int) -> list[int]:
    return [(await receive(socket))["echo"] for _ in range(count)]


async def receive_close(socket: aiohttp.ClientWebSocketResponse, within_s: float = 5.0) -> tuple[int, str]:
    """Skip what else comes; the close code and reason."""
    while True:
        message = await socket.receive(timeout=within_s)
        if message.type is aiohttp.WSMsgType.CLOSE:
            return int(message.data), message.extra or ""
        assert message.type is aiohttp.WSMsgType.TEXT, message
