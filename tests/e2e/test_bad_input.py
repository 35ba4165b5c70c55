"""What nobody should send or configure: each gets a clear answer, and nothing that was running is lost."""

import base64
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from segue.adapters.store.schema import SqliteConfig, prepare
from segue.model.limits import CLIENT_MESSAGE_BYTES_MAX
from segue.wire.token import ClientClaims, KeyRing, issue_client_secret
from tests.support.processes import ENERGY_ONLY, RunningSegue, free_ports, run_cli, write_config

pytestmark = pytest.mark.timeout(120)

TEXT = {"type": "session.update", "session": {"type": "realtime", "output_modalities": ["text"]}}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A Segue that needs no models as long as nobody speaks."""
    with RunningSegue(tmp_path_factory.mktemp("plain"), config=ENERGY_ONLY) as running:
        yield running


class Wire:
    """A raw WebSocket: sends what no client would."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def send(self, event: dict[str, Any]) -> None:
        await self.socket.send_str(json.dumps(event))

    async def until(self, kind: str) -> dict[str, Any]:
        while True:
            message = await self.socket.receive(timeout=15)
            assert message.type is aiohttp.WSMsgType.TEXT, (message, f"while waiting for {kind}")
            event = json.loads(message.data)
            if event["type"] == kind:
                return dict(event)

    async def close_code(self) -> int:
        while True:
            message = await self.socket.receive(timeout=15)
            if message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED):
                return int(message.data or self.socket.close_code or 0)

    async def is_usable(self) -> bool:
        """A text answer still comes."""
        await self.send(TEXT)
        await self.until("session.updated")
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello, who are you?"}]}
        await self.send({"type": "conversation.item.create", "item": item})
        await self.send({"type": "response.create"})
        return bool((await self.until("response.done"))["response"]["status"] == "completed")


@asynccontextmanager
async def wire(segue: RunningSegue, query: str = "model=segue", **options: Any) -> AsyncIterator[Wire]:
    options.setdefault("headers", segue.bearer)
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{segue.url}/v1/realtime?{query}", max_msg_size=0, **options) as socket,
    ):
        yield Wire(socket)


async def refusal(
    segue: RunningSegue, headers: dict[str, str], query: str = "model=segue"
) -> tuple[int, dict[str, Any]]:
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "MDEyMzQ1Njc4OWFiY2RlZg==",
    }
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"{segue.url}/v1/realtime?{query}", headers=upgrade | headers) as answer,
    ):
        return answer.status, (await answer.json())["error"]


class TestTokens:
    async def test_none_and_a_wrong_one(self, plain: RunningSegue) -> None:
        status, error = await refusal(plain, {})
        assert (status, error["type"]) == (401, "authentication_error")
        assert error["message"].startswith("no "), "it says what is missing"
        status, error = await refusal(plain, {"Authorization": "Bearer sk-somebody-elses"})
        assert (status, error["code"]) == (401, "invalid_api_key")
        assert "somebody" not in error["message"]

    async def test_damaged_and_expired(self, plain: RunningSegue) -> None:
        async with (
            aiohttp.ClientSession(headers=plain.bearer) as http,
            http.post(f"{plain.url}/v1/realtime/client_secrets", json={}) as answer,
        ):
            good = (await answer.json())["value"]
        status, error = await refusal(plain, {"Authorization": f"Bearer {tampered(good)}"})
        assert (status, error["code"]) == (401, "invalid_token")
        assert "signature" in error["message"]
        status, error = await refusal(plain, {"Authorization": f"Bearer {expired_secret(plain)}"})
        assert status == 401
        assert "expired" in error["message"]

    async def test_a_resume_token_is_for_its_session_only(self, plain: RunningSegue) -> None:
        async with wire(plain, "model=segue&segue=1") as first, wire(plain, "model=segue&segue=1") as second:
            mine, other = await first.until("segue.session"), await second.until("segue.session")
        bearer = {"Authorization": f"Bearer {mine['resume_token']}"}
        status, error = await refusal(
            plain, bearer, f"segue=1&session_id={other['session_id']}&after=event_1_0&received=0"
        )
        assert (status, error["code"]) == (401, "invalid_token")

    async def test_an_unknown_session(self, plain: RunningSegue) -> None:
        status, error = await refusal(plain, plain.bearer, "model=segue&session_id=sess_aaaaaaaaaaaaa")
        assert (status, error["code"]) == (404, "session_not_found")


class TestFrames:
    @pytest.mark.parametrize(
        ("sent", "code", "param"),
        [
            ("{not json", "invalid_json", None),
            ("[1, 2]", "invalid_json", None),
            ('{"event_id": "mine"}', "missing_required_parameter", None),
            ('{"type": "session.explode", "event_id": "mine"}', "unknown_event", "type"),
            ('{"type": "input_audio_buffer.append", "audio": "???", "event_id": "mine"}', "invalid_value", "audio"),
            ('{"type": "input_audio_buffer.append", "audio": 7, "event_id": "mine"}', "invalid_value", "audio"),
            ('{"type": "conversation.item.create", "item": {"type": "spaceship"}}', "invalid_value", None),
            ('{"type": "response.cancel", "event_id": "mine"}', "response_cancel_not_active", None),
        ],
    )
    async def test_a_malformed_event_is_answered_and_forgotten(
        self, plain: RunningSegue, sent: str, code: str, param: str | None
    ) -> None:
        async with wire(plain) as talk:
            await talk.until("session.created")
            await talk.socket.send_str(sent)
            error = (await talk.until("error"))["error"]
            assert error["code"] == code, error
            if param is not None:
                assert (error["param"] or "").split(".")[0] == param, error
            if '"mine"' in sent:
                assert error["event_id"] == "mine"
            assert await talk.is_usable()

    async def test_a_wrong_audio_rate(self, plain: RunningSegue) -> None:
        async with wire(plain) as talk:
            await talk.until("session.created")
            wrong = {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 44_100}}}}
            await talk.send({"type": "session.update", "session": {"type": "realtime", **wrong}})
            error = (await talk.until("error"))["error"]
            assert (error["code"], error["param"]) == ("invalid_value", "session.audio.input.format.rate")
            assert "24000" in error["message"]
            assert await talk.is_usable()

    async def test_half_a_sample(self, plain: RunningSegue) -> None:
        """An odd number of bytes is a client's cut between two appends, or a mistake; neither ends the session."""
        async with wire(plain) as talk:
            await talk.until("session.created")
            for _ in range(2):
                await talk.send({"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(961)).decode()})
            assert await talk.is_usable()

    async def test_an_append_over_the_bound(self, plain: RunningSegue) -> None:
        async with wire(plain) as talk:
            await talk.until("session.created")
            await talk.send({"type": "input_audio_buffer.append", "audio": "A" * (21 * 1024 * 1024 - 200)})
            error = (await talk.until("error"))["error"]
            assert error["code"] == "input_audio_buffer_append_too_large"
            assert await talk.is_usable()

    async def test_a_message_over_the_bound_ends_only_its_own_socket(self, plain: RunningSegue) -> None:
        async with wire(plain) as other, wire(plain) as talk:
            await talk.until("session.created")
            with contextlib.suppress(ConnectionError):  # the edge may close while the rest is still being sent
                await talk.socket.send_str(" " * (CLIENT_MESSAGE_BYTES_MAX + 1))
            assert await talk.close_code() == 1009
            assert await other.is_usable()

    async def test_binary_frames_are_refused(self, plain: RunningSegue) -> None:
        async with wire(plain) as talk:
            await talk.until("session.created")
            await talk.socket.send_bytes(bytes(960))
            assert await talk.close_code() == 1003

    async def test_the_beta_shape(self, plain: RunningSegue) -> None:
        status, error = await refusal(plain, plain.bearer | {"OpenAI-Beta": "realtime=v1"})
        assert (status, error["code"]) == (400, "beta_api_shape_disabled")


class TestStarting:
    def test_a_port_in_use(self, plain: RunningSegue, tmp_path: Path) -> None:
        trunk, ops = free_ports(2)
        config = {
            **ENERGY_ONLY,
            "state": {"dir": str(tmp_path / "state")},
            "edge": {"port": plain.port, "cores": [f"127.0.0.1:{trunk}"]},
            "core": {"listen": f"127.0.0.1:{trunk}", "ops": f"127.0.0.1:{ops}"},
        }
        done = run_cli("up", "--config", str(write_config(tmp_path / "c.json", config)))
        assert done.returncode == 78, done.stdout + done.stderr
        assert "Traceback" not in done.stdout + done.stderr
        (line,) = [line for line in done.stderr.splitlines() if str(plain.port) in line and "segue:" in line]
        assert "in use" in line

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("import nothing_of_this_name\n", "agent.py:1: does not import: ModuleNotFoundError"),
            ("agent = (\n", "is not Python"),
            ("x = 1\n", "holds no Agent"),
            ("from segue.agent import Agent\nagent = Agent(name='')\n", "Agent name"),
        ],
    )
    def test_an_agent_file_that_does_not_load(self, tmp_path: Path, text: str, says: str) -> None:
        file = tmp_path / "agent.py"
        file.write_text(text)
        done = run_cli("up", str(file), "--state", str(tmp_path / "state"))
        assert done.returncode == 78
        assert says in done.stderr
        assert "Traceback" not in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr

    def test_a_journal_of_a_newer_version(self, tmp_path: Path) -> None:
        (tmp_path / "state").mkdir()
        journal = tmp_path / "state/journal.db"
        prepare(SqliteConfig(path=journal))
        with sqlite3.connect(journal) as connection:
            connection.execute("UPDATE meta SET value = '99' WHERE key = 'schema_version'")
        connection.close()
        done = run_cli("core", "--state", str(tmp_path / "state"), "--listen", f"127.0.0.1:{free_ports(1)[0]}")
        assert done.returncode == 78, done.stderr
        assert "journal version 99 is newer" in done.stderr
        assert "Traceback" not in done.stderr
        with sqlite3.connect(journal) as connection:
            assert connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone() == ("99",)
        connection.close()

    @pytest.mark.parametrize(
        ("section", "says"),
        [
            ({"edge": {"prot": 8080}}, "did you mean 'port'?"),
            ({"use": {"llm": ["vllm"]}}, "vllm"),
            ({"edge": {"port": 70_000}}, "edge.port"),
            ({"providers.x": {"base_url": "ftp://x", "chat_model": "m"}, "use": {"llm": ["x"]}}, "http(s)"),
        ],
    )
    def test_a_configuration_that_cannot_be_meant(self, tmp_path: Path, section: dict[str, Any], says: str) -> None:
        config = {"state": {"dir": str(tmp_path / "state")}, **section}
        trunk, ops = free_ports(2)
        config.setdefault("core", {"listen": f"127.0.0.1:{trunk}", "ops": f"127.0.0.1:{ops}"})
        done = run_cli("up", "--config", str(write_config(tmp_path / "c.json", config)))
        assert done.returncode == 78, done.stdout + done.stderr
        assert says in done.stderr + done.stdout
        assert "Traceback" not in done.stderr

    async def test_a_full_disk_does_not_end_the_conversation(self, tmp_path: Path) -> None:
        """The journal may not grow beyond what the first rows need: what is said goes on, the state is told."""
        config = {**ENERGY_ONLY, "journal": {"pages_max": 40}}
        with RunningSegue(tmp_path, config=config) as segue:
            async with wire(segue, "model=segue&segue=1") as talk:
                await talk.until("session.created")
                filler = {
                    "type": "message",
                    "role": "user",
                    "content": [{"type": "input_text", "text": "long " * 9_000}],
                }
                for _ in range(12):
                    await talk.send({"type": "conversation.item.create", "item": filler})
                state = await talk.until("segue.state")
                assert state["store"] == "away"
                assert segue.pid("core") is not None
                await talk.send({"type": "input_audio_buffer.append", "audio": base64.b64encode(bytes(960)).decode()})
                await talk.send({"type": "segue.clock.ping", "t0_ns": 1})
                await talk.until("segue.clock.pong")
            assert "segue_sessions_without_store" in segue.get("/metrics", of="core")


def tampered(token: str) -> str:
    """The same token with one character of its signature changed."""
    at = token.rindex(".") + 10
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]


def expired_secret(segue: RunningSegue) -> str:
    """A client secret of this fleet that was good two minutes ago."""
    ring = KeyRing.single((segue.state / "fleet.key").read_text().strip())
    claims = ClientClaims(subject="key:1", session={}, issued_at_s=1_700_000_000, expires_at_s=1_700_000_100)
    return issue_client_secret(ring, claims)
