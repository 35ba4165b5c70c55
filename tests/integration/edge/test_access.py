import aiohttp
import pytest

from segue.adapters.clock.fake import FakeClock
from segue.adapters.clock.system import SystemClock
from segue.edge.access import KEY_SUBPROTOCOL_PREFIX
from segue.edge.tokens import EdgeTokens
from segue.wire.token import KeyRing, ResumeClaims, issue_resume_token
from tests.integration.edge.harness import API_KEY, BEARER, config_for, receive_echoes, running_edge
from tests.support.fake_core import FLEET_KEY, FakeCore

RING = KeyRing.single(FLEET_KEY)
SESSION = "sess_aaaaaaaaaaaaa"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def resume_token(session: str = SESSION, *, ring: KeyRing = RING, ago_s: int = 0) -> str:
    expires_at_s = SystemClock().wall_ms() // 1000 + 3600 - ago_s
    return issue_resume_token(ring, ResumeClaims(session=session, expires_at_s=expires_at_s))  # type: ignore[arg-type]


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
        (bearer("no bytes of a text: \udcff\udcfe"), "invalid_api_key", "incorrect"),
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


async def test_credentials_are_not_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with running_edge(config_for("127.0.0.1:1", upgrade_wait_ms=0)) as edge:
        for protocols in ((KEY_SUBPROTOCOL_PREFIX + API_KEY,), ("realtime", KEY_SUBPROTOCOL_PREFIX + "sk-wrong-key")):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                async with edge.connect(headers={}, protocols=protocols):
                    raise AssertionError("not reached")

    assert API_KEY not in caplog.text
    assert "sk-wrong-key" not in caplog.text
