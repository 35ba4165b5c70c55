import asyncio
from typing import Any

import aiohttp
import msgspec
import openai
import pytest

from segue.adapters.clock.fake import FakeClock
from segue.adapters.clock.system import SystemClock
from segue.edge.access import KEY_SUBPROTOCOL_PREFIX
from segue.edge.tokens import EdgeTokens
from segue.wire.token import KeyRing, ResumeClaims, issue_resume_token
from tests.integration.edge.harness import API_KEY, BEARER, Edge, config_for, receive_echoes, running_edge
from tests.support.fake_core import FLEET_KEY, FakeCore

RING = KeyRing.single(FLEET_KEY)
SESSION = "sess_aaaaaaaaaaaaa"
SECRETS = "/v1/realtime/client_secrets"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def resume_token(session: str = SESSION, *, ring: KeyRing = RING, ago_s: int = 0) -> str:
    expires_at_s = SystemClock().wall_ms() // 1000 + 3600 - ago_s
    return issue_resume_token(ring, ResumeClaims(session=session, expires_at_s=expires_at_s))  # type: ignore[arg-type]


async def post(edge: Edge, path: str, body: Any, **options: Any) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else msgspec.json.encode(body)
    async with edge.http.post(edge.url + path, data=data, **options) as answer:
        return answer.status, await answer.json()


async def test_an_api_key_opens_a_session_as_bearer_or_as_subprotocol() -> None:
    core = await FakeCore().start()
    async with running_edge(config_for(core)) as edge:
        async with edge.connect() as socket:
            await socket.send_str("x")
            assert await receive_echoes(socket, 1) == [1]
        protocols = ("realtime", KEY_SUBPROTOCOL_PREFIX + API_KEY, "openai-agents-sdk.1")
        async with edge.connect(headers={}, protocols=protocols) as socket:
            assert socket.protocol == "realtime"

    subjects = {frame.subject for frame in core.opens()}
    assert len(subjects) == 1
    assert API_KEY not in subjects.pop()


@pytest.mark.parametrize(
    ("headers", "code", "match"),
    [
        ({}, "invalid_api_key", "Authorization: Bearer"),
        ({"Authorization": "Basic abc"}, "invalid_api_key", "Authorization: Bearer"),
        (bearer("sk-wrong-key-0000"), "invalid_api_key", "incorrect API key: sk-…00"),
        (bearer("é"), "invalid_api_key", "incorrect"),
        (bearer("ek_nonsense"), "invalid_token", "damaged"),
        (bearer("rt_nonsense"), "invalid_token", "damaged"),
        (bearer(resume_token(ring=KeyRing.single("x" * 32))), "invalid_token", "key"),
        (bearer(resume_token(ago_s=3720)), "invalid_token", "expired"),
    ],
)
async def test_wrong_credentials_are_401_and_say_why(headers: dict[str, str], code: str, match: str) -> None:
    async with running_edge(config_for("127.0.0.1:1", upgrade_wait_ms=0)) as edge:
        status, error, answer_headers = await edge.denial(f"session_id={SESSION}", headers=headers)

    assert status == 401
    assert answer_headers["WWW-Authenticate"] == "Bearer"
    assert (error["type"], error["code"]) == ("authentication_error", code)
    assert match in error["message"]
    assert "sk-wrong-key-0000" not in error["message"]


async def test_an_expired_client_secret_is_refused() -> None:
    old = EdgeTokens(RING, FakeClock(wall_ms=SystemClock().wall_ms() - 60_000))
    secret, _ = old.mint_client_secret("key:1", {}, 30)
    async with running_edge(config_for("127.0.0.1:1", upgrade_wait_ms=0)) as edge:
        status, error, _ = await edge.denial(headers=bearer(secret))

    assert (status, error["code"]) == (401, "invalid_token")
    assert "expired" in error["message"]


@pytest.mark.parametrize(
    ("query", "headers", "status", "code", "param"),
    [
        ("", BEARER | {"OpenAI-Beta": "realtime=v1"}, 400, "beta_api_shape_disabled", None),
        ("session_id=nonsense", BEARER, 404, "session_not_found", "session_id"),
        ("", bearer(resume_token()), 400, "missing_required_parameter", "session_id"),
        ("session_id=sess_aaaaaaaaaaaab", bearer(resume_token()), 401, "invalid_token", "session_id"),
        ("after=event_1_0", BEARER, 400, "missing_required_parameter", "session_id"),
        ("received=x", BEARER, 400, "invalid_value", "received"),
        ("model=" + "m" * 257, BEARER, 400, "invalid_value", "model"),
        (
            "",
            {"Sec-WebSocket-Protocol": KEY_SUBPROTOCOL_PREFIX + API_KEY},
            400,
            "invalid_value",
            "Sec-WebSocket-Protocol",
        ),
        ("", BEARER | {"Upgrade": "none"}, 400, "invalid_value", None),
    ],
)
async def test_requests_that_do_not_fit(
    query: str, headers: dict[str, str], status: int, code: str, param: str | None
) -> None:
    async with running_edge(config_for("127.0.0.1:1", upgrade_wait_ms=0)) as edge:
        answer = await edge.denial(query, headers=headers)

    assert (answer[0], answer[1]["code"], answer[1]["param"]) == (status, code, param)


async def test_a_resume_token_is_good_for_its_session() -> None:
    core = await FakeCore().start()
    async with (
        running_edge(config_for(core)) as edge,
        edge.connect(f"segue=1&session_id={SESSION}", headers=bearer(resume_token())),
    ):
        (frame,) = core.opens()

    assert (frame.session, frame.is_new, frame.subject) == (SESSION, False, f"resume:{SESSION}")


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


async def test_credentials_are_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with running_edge(config_for("127.0.0.1:1", upgrade_wait_ms=0)) as edge:
        for protocols in ((KEY_SUBPROTOCOL_PREFIX + API_KEY,), ("realtime", KEY_SUBPROTOCOL_PREFIX + "sk-wrong-key")):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                async with edge.connect(headers={}, protocols=protocols):
                    raise AssertionError("not reached")

    assert API_KEY not in caplog.text
    assert "sk-wrong-key" not in caplog.text
