import asyncio
import os
import signal
import socket as sockets
import ssl
import subprocess
from pathlib import Path

import aiohttp
import pytest

from segue.model.errors import ConfigError
from tests.integration.edge.harness import BEARER, config_for, receive_close, receive_echoes, running_edge
from tests.support.fake_core import FakeCore, eventually


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_drains_and_ends_the_process(number: signal.Signals) -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge, edge.connect() as socket:
        os.kill(os.getpid(), number)

        assert await receive_close(socket) == (1012, "this edge restarts; reconnect to resume")
        await asyncio.wait_for(edge.task, 3)
        assert core.frames[-1].code == 1012  # type: ignore[union-attr]
        with pytest.raises(aiohttp.ClientConnectionError):
            await edge.http.get(f"{edge.url}/healthz")


async def test_a_client_that_ignores_the_close_does_not_hold_up_the_stop() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core, drain_ms=200)) as edge:
        socket = await edge.http.ws_connect(f"{edge.url}/v1/realtime", headers=BEARER, autoclose=False)
        socket._response.connection.transport.pause_reading()  # type: ignore[union-attr]

        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(edge.task, 2)


async def test_a_client_that_still_waits_for_a_core_is_told_at_a_stop() -> None:
    core = await FakeCore().start()
    core.is_opening = False
    async with running_edge(config_for(core, upgrade_wait_ms=10_000)) as edge, asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(edge.denial())
        await eventually(core.opens)
        os.kill(os.getpid(), signal.SIGTERM)

        status, error, _ = await waiting

    assert (status, error["code"]) == (503, "server_overloaded")


async def test_a_port_in_use_names_the_port_and_what_to_do() -> None:
    with sockets.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BaseExceptionGroup) as caught:
            async with running_edge(config_for("127.0.0.1:1", port=port)):
                raise AssertionError("not reached")

    assert caught.group_contains(ConfigError, match=rf"edge\.port: {port} on 127\.0\.0\.1 is in use; stop what listens")


async def test_an_unreadable_certificate_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.pem")
    with pytest.raises(BaseExceptionGroup) as caught:
        async with running_edge(config_for("127.0.0.1:1", tls_cert=missing, tls_key=missing)):
            raise AssertionError("not reached")

    assert caught.group_contains(ConfigError, match=r"edge\.tls_cert.*none\.pem")


async def test_tls(tmp_path: Path) -> None:
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "1", "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(cert)]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True)
    core = await FakeCore().start()
    trust = ssl.create_default_context(cafile=str(cert))
    async with (
        running_edge(config_for(core, tls_cert=str(cert), tls_key=str(key))) as edge,
        edge.connect(ssl=trust) as socket,
    ):
        assert edge.url.startswith("https://")
        await socket.send_str("x")
        assert await receive_echoes(socket, 1) == [1]
