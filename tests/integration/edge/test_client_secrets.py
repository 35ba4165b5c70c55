import asyncio
from typing import Any

import msgspec
import openai
import pytest

from segue.adapters.clock.system import SystemClock
from segue.edge.access import KEY_SUBPROTOCOL_PREFIX
from tests.integration.edge.harness import API_KEY, BEARER, Edge, config_for, running_edge
from tests.support.fake_core import FakeCore

SECRETS = "/v1/realtime/client_secrets"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def post(edge: Edge, path: str, body: Any, **options: Any) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    async with edge.http.post(edge.url + path, data=data, **options) as answer:
        return answer.status, await answer.json()


async def test_a_client_secret_carries_its_session_fields_to_the_core() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge:
        wanted = {"type": "realtime", "instructions": "Be brief.", "audio": {"output": {"voice": "alba"}}}
        body = {"expires_after": {"anchor": "created_at", "seconds": 60}, "session": wanted}
        status, secret = await post(edge, SECRETS, body, headers=BEARER)
        assert status == 200
        assert secret["session"] == wanted
        assert secret["value"].startswith("ek_")
        assert 50 < secret["expires_at"] - SystemClock().wall_ms() / 1000 <= 60

        protocols = ("realtime", KEY_SUBPROTOCOL_PREFIX + secret["value"])
        async with edge.connect(headers={}, protocols=protocols):
            (frame,) = core.opens()
        status, answer = await post(edge, SECRETS, {}, headers=bearer(secret["value"]))

    assert msgspec.json.decode(frame.params)["session"] == wanted
    assert frame.subject.startswith("key:")
    assert (status, answer["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (b"{nonsense", "invalid_json", None),
        (b"\xff\xfe", "invalid_json", None),
        ([], "invalid_value", None),
        ({"expires_after": {"seconds": 9}}, "invalid_value", "expires_after.seconds"),
        ({"expires_after": {"seconds": 7201}}, "invalid_value", "expires_after.seconds"),
        ({"expires_after": {"anchor": "now"}}, "invalid_value", "expires_after.anchor"),
        ({"session": []}, "invalid_value", "session"),
        ({"session": {"type": "transcription"}}, "invalid_value", "session.type"),
        (b'{"session":' * 50_000, "invalid_value", None),
        (b'{"session": {"a": ' + b"[" * 65 + b"]" * 65 + b"}}", "invalid_value", "session.a[0][0][0][0][0][0][0]"),
        (b'{"session": {"a": 18446744073709551616}}', "invalid_value", "session.a"),
        ({"session": {"instructions": "x" * 9_000}}, "limit_exceeded", "session"),
    ],
)
async def test_bodies_that_do_not_fit(body: Any, code: str, param: str | None) -> None:
    async with running_edge(config_for("127.0.0.1:1")) as edge:
        status, answer = await post(edge, SECRETS, body, headers=BEARER)

    assert status == 400
    assert (answer["error"]["code"], answer["error"]["param"]) == (code, param)


async def test_the_official_client_mints_and_connects() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge:
        async with openai.AsyncOpenAI(api_key=API_KEY, base_url=f"{edge.url}/v1", max_retries=0) as client:
            secret = await client.realtime.client_secrets.create(session={"type": "realtime"})
            with pytest.raises(openai.BadRequestError, match="expires_after"):
                await client.realtime.client_secrets.create(expires_after={"anchor": "created_at", "seconds": 1})
        socket_base = edge.url.replace("http", "ws") + "/v1"
        async with (
            openai.AsyncOpenAI(api_key=secret.value, websocket_base_url=socket_base) as client,
            client.realtime.connect(model="segue") as connection,
        ):
            await connection.input_audio_buffer.clear()
            async with asyncio.timeout(3):
                answer = await connection.recv_bytes()

    assert msgspec.json.decode(answer)["echo"] == 1


async def test_the_page_gets_a_secret_from_its_own_origin_only() -> None:
    async with running_edge(config_for("127.0.0.1:1")) as edge:
        own = {"Origin": edge.url}
        status, secret = await post(edge, "/page/client_secret", {}, headers=own)
        assert status == 200
        assert secret["value"].startswith("ek_")

        port = edge.ready.port
        for headers in (
            {},
            {"Origin": "https://evil.example"},
            own | {"Sec-Fetch-Site": "cross-site"},
            {"Origin": f"http://evil.example:{port}", "Host": f"evil.example:{port}"},
        ):
            status, answer = await post(edge, "/page/client_secret", {}, headers=headers)
            assert status == 403, headers
            assert "error" in answer


async def test_a_page_that_is_not_open_gives_no_secrets() -> None:
    async with running_edge(config_for("127.0.0.1:1", open_page=False)) as edge:
        status, answer = await post(edge, "/page/client_secret", {}, headers={"Origin": edge.url})

    assert status == 401
    assert "open_page" in answer["error"]["message"]
