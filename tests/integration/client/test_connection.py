"""The client's connection against an edge that dies, refuses, falls silent and comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from segue.adapters.clock.system import SystemClock
from segue.client.connection import Connection, ConnectionConfig
from segue.model.errors import AccessDenied, ConfigError, PeerProtocolError, ProviderError
from tests.integration.client.fake_edge import WITHIN_S, FakeEdge, fake_edge


def config_of(*edges: FakeEdge | str, **changes: Any) -> ConnectionConfig:
    urls = tuple(edge if isinstance(edge, str) else edge.url for edge in edges)
    return ConnectionConfig(**{"edges": urls, "token": "sk-test", "retry_ms": 5, **changes})


class Listener:
    """Reads a connection's events, and keeps what ended it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.events: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.changed = asyncio.Event()

    @property
    def kinds(self) -> list[str]:
        return [event["type"] for event in self.events]

    async def run(self) -> None:
        try:
            async for event in self.connection.events():
                self.events.append(event)
                self.changed.set()
        except Exception as error:
            self.error = error
        self.changed.set()

    async def until(self, kind: str, count: int = 1) -> None:
        async with asyncio.timeout(WITHIN_S):
            while self.kinds.count(kind) < count:
                assert self.error is None, self.error
                self.changed.clear()
                await self.changed.wait()

    async def failed(self) -> Exception:
        async with asyncio.timeout(WITHIN_S):
            while self.error is None:
                self.changed.clear()
                await self.changed.wait()
        return self.error


@asynccontextmanager
async def connected(config: ConnectionConfig) -> AsyncIterator[tuple[Connection, Listener]]:
    async with Connection(config, SystemClock()) as connection, asyncio.TaskGroup() as tasks:
        listener = Listener(connection)
        reading = tasks.create_task(listener.run(), name="test.listen")
        try:
            yield connection, listener
        finally:
            reading.cancel()


def said(number: int) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": str(number)}


def numbers(messages: list[dict[str, Any]]) -> list[int]:
    return [int(message["audio"]) for message in messages]


class TestOpening:
    async def test_it_presents_its_key_and_says_that_it_is_aware(self) -> None:
        async with fake_edge() as edge, connected(config_of(edge, model="other")) as (connection, listener):
            await listener.until("segue.session")
            assert await connection.send(said(1)) == 1
            await edge.sent("input_audio_buffer.append")
        assert edge.dials[0].query == {"model": "other", "segue": "1"}
        assert edge.dials[0].bearer == "sk-test"
        assert listener.kinds == ["session.created", "segue.session"]

    async def test_the_next_edge_is_tried_when_the_first_is_away(self) -> None:
        async with fake_edge() as full, fake_edge() as alive:
            full.statuses.append(503)
            async with connected(config_of("http://127.0.0.1:1", full, alive)) as (_, listener):
                await listener.until("segue.session")
        assert (len(full.dials), len(alive.dials)) == (1, 1)

    async def test_every_edge_is_tried_once_and_the_last_reason_told(self) -> None:
        async with fake_edge() as edge:
            edge.statuses.extend([503, 503])
            with pytest.raises(ProviderError, match=r"no edge could be reached: 503") as caught:
                async with Connection(config_of(edge), SystemClock()):
                    pass
        assert caught.value.retryable
        assert len(edge.dials) == 1

    @pytest.mark.parametrize(
        ("status", "says"), [(401, "the token is wrong or has expired"), (404, "no such session"), (403, "allow")]
    )
    async def test_a_refusal_is_told_in_words(self, status: int, says: str) -> None:
        async with fake_edge() as edge:
            edge.statuses.append(status)
            with pytest.raises(AccessDenied, match=rf"HTTP {status}: .*{says}"):
                async with Connection(config_of(edge), SystemClock()):
                    pass

    async def test_an_edge_that_does_not_answer_the_upgrade_is_given_up(self) -> None:
        async with fake_edge() as edge:
            edge.statuses.append(0)
            with pytest.raises(ProviderError, match="no answer in time"):
                async with Connection(config_of(edge, dial_ms=50), SystemClock()):
                    pass

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"edges": ()}, "there is none"),
            ({"edges": ("localhost:8080",)}, "'localhost:8080' is not an http"),
            ({"token": "sk-x\n"}, "no token has"),
            ({"token": "Bearer sk-x"}, "no token has"),
        ],
    )
    def test_what_cannot_be_meant_is_said_before_dialling(self, changes: dict[str, Any], says: str) -> None:
        with pytest.raises(ConfigError, match=says):
            config_of("http://localhost:1", **changes)

    def test_the_token_does_not_print(self) -> None:
        assert "sk-test" not in repr(config_of("http://localhost:1"))


class TestResuming:
    async def test_what_is_not_durable_is_sent_again_in_order_and_nothing_twice(self) -> None:
        async with fake_edge() as edge, connected(config_of(edge)) as (connection, listener):
            await listener.until("segue.session")
            for number in range(1, 6):
                assert await connection.send(said(number)) == number
            await edge.sent("input_audio_buffer.append", 5)
            await edge.tell({"type": "response.done", "event_id": "event_9_2_a480"})
            await listener.until("response.done")

            edge.durable = 3
            edge.drop()
            await edge.until(lambda: len(edge.dials) == 2 and len(edge.received) == 5)
            await listener.until("segue.session", 1)
            await connection.send(said(6))
            await edge.sent("input_audio_buffer.append", 6)

        assert numbers(edge.received) == [1, 2, 3, 4, 5, 6]
        assert numbers(edge.dials[1].received) == [4, 5, 6]
        assert edge.dials[1].query == {
            "model": "segue",
            "segue": "1",
            "session_id": "sess_aaaaaaaaaaaaa",
            "after": "event_9_2_a480",
            "received": "5",
            "position": "0.0",
        }
        assert edge.dials[1].bearer == "rt_token"
        assert (connection.reconnects.count, connection.reconnects.messages_resent) == (1, 2)
        assert connection.reconnects.longest_ms > 0

    async def test_acknowledged_messages_are_forgotten(self) -> None:
        async with fake_edge() as edge, connected(config_of(edge)) as (connection, listener):
            await listener.until("segue.session")
            for number in range(1, 4):
                await connection.send(said(number))
            await edge.tell({"type": "segue.ack", "event_id": "event_1_0_e4", "through": 2, "position": "2.480"})
            await listener.until("segue.ack")
            edge.durable = 2
            edge.drop()
            await edge.until(lambda: len(edge.dials) == 2 and edge.dials[1].received)
        assert numbers(edge.dials[1].received) == [3]
        assert edge.dials[1].query["position"] == "2.480"

    async def test_what_is_said_while_there_is_no_connection_joins_the_end(self) -> None:
        async with fake_edge() as edge, connected(config_of(edge)) as (connection, listener):
            await listener.until("segue.session")
            await connection.send(said(1))
            await edge.sent("input_audio_buffer.append")
            edge.statuses.extend([503] * 3)
            edge.drop()
            await edge.until(lambda: len(edge.dials) == 2)
            for number in range(2, 30):
                await connection.send(said(number))
            await edge.sent("input_audio_buffer.append", 29)
            await connection.send(said(30))
            await edge.sent("input_audio_buffer.append", 30)
        assert numbers(edge.received) == list(range(1, 31))

    async def test_it_goes_on_at_another_edge(self) -> None:
        async with fake_edge() as first, fake_edge() as second:
            async with connected(config_of(first, second)) as (connection, listener):
                await listener.until("segue.session")
                await connection.send(said(1))
                await first.sent("input_audio_buffer.append")
                second.durable = 0
                await first.stop()
                await second.sent("input_audio_buffer.append")
                await second.tell({"type": "response.created", "event_id": "event_2_0"})
                await listener.until("response.created")
            await first.start()
        assert second.dials[0].query["session_id"] == "sess_aaaaaaaaaaaaa"
        assert listener.kinds == ["session.created", "segue.session", "response.created"]

    async def test_a_connection_lost_before_there_was_a_session_begins_one_with_all_that_was_said(self) -> None:
        async with fake_edge(announces=False) as edge, connected(config_of(edge)) as (connection, listener):
            await connection.send(said(1))
            await connection.send(said(2))
            await edge.sent("input_audio_buffer.append", 2)
            edge.received.clear()
            edge.announces = True
            edge.drop()
            await edge.sent("input_audio_buffer.append", 2)
            await listener.until("segue.session")
        assert "session_id" not in edge.dials[1].query
        assert numbers(edge.received) == [1, 2]

    async def test_a_silent_edge_is_given_up(self) -> None:
        async with (
            fake_edge() as alive,
            fake_edge(is_deaf=True) as deaf,
            connected(config_of(deaf, alive, heartbeat_ms=40)) as (_, listener),
        ):
            await listener.until("segue.session")
            await alive.until(lambda: len(alive.dials) == 1)
        assert alive.dials[0].query["session_id"] == "sess_aaaaaaaaaaaaa"

    @pytest.mark.parametrize("first", [{"type": "session.created"}, {"type": "segue.session"}])
    async def test_an_answer_that_is_no_resume_is_not_believed(self, first: dict[str, Any]) -> None:
        async with (
            fake_edge(first_on_resume=first) as edge,
            connected(config_of(edge, give_up_after_ms=20)) as (_, listener),
        ):
            await listener.until("segue.session")
            edge.drop()
            error = await listener.failed()
        assert isinstance(error, ProviderError)
        assert "segue.session" in str(error)


class TestEnding:
    async def test_a_refused_resume_is_final(self) -> None:
        async with fake_edge() as edge, connected(config_of(edge)) as (_, listener):
            await listener.until("segue.session")
            edge.statuses.append(404)
            edge.drop()
            error = await listener.failed()
        assert isinstance(error, AccessDenied)
        assert "HTTP 404: it serves no such session" in str(error)
        assert len(edge.dials) == 2

    async def test_a_resume_refused_after_the_upgrade_is_final_too(self) -> None:
        async with fake_edge() as edge, connected(config_of(edge)) as (_, listener):
            await listener.until("segue.session")
            edge.close_on_dial = (1008, "session_not_found: it is gone")
            edge.drop()
            error = await listener.failed()
        assert isinstance(error, AccessDenied)
        assert "1008: session_not_found: it is gone" in str(error)

    async def test_it_gives_up_after_a_while(self) -> None:
        async with fake_edge() as edge, connected(config_of(edge, give_up_after_ms=30)) as (_, listener):
            await listener.until("segue.session")
            edge.statuses.extend([503] * 1000)
            edge.drop()
            error = await listener.failed()
        assert isinstance(error, ProviderError)
        assert "no edge could be reached: 503" in str(error)
        assert len(edge.dials) > 2

    async def test_a_session_that_was_taken_over_is_left_to_the_other(self) -> None:
        async with fake_edge() as edge, connected(config_of(edge)) as (_, listener):
            await listener.until("segue.session")
            assert edge.socket is not None
            await edge.socket.close(code=4001, message=b"attachment_superseded: another connection resumed it")
            error = await listener.failed()
        assert isinstance(error, AccessDenied)
        assert "another connection resumed it" in str(error)
        assert len(edge.dials) == 1

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            (1012, "this edge restarts; reconnect to resume"),
            (1008, "this client does not read"),
            (4001, "attachment_superseded: the session is held elsewhere"),
        ],
    )
    async def test_other_closes_are_resumed(self, code: int, reason: str) -> None:
        async with fake_edge() as edge, connected(config_of(edge)) as (_, listener):
            await listener.until("segue.session")
            assert edge.socket is not None
            await edge.socket.close(code=code, message=reason.encode())
            await edge.until(lambda: len(edge.dials) == 2)
        assert listener.error is None

    @pytest.mark.parametrize(
        ("text", "says"),
        [
            ("not json", "is not JSON"),
            ("[1]", "is no event"),
            ('{"type": 1}', "is no event"),
            ('{"type": "segue.ack"}', "segue.ack that cannot be read: KeyError"),
            ('{"type": "segue.clock.pong", "t0_ns": "x"}', "segue.clock.pong that cannot be read"),
        ],
    )
    async def test_what_is_no_event_ends_it(self, text: str, says: str) -> None:
        async with fake_edge() as edge, connected(config_of(edge)) as (_, listener):
            await listener.until("segue.session")
            assert edge.socket is not None
            await edge.socket.send_str(text)
            error = await listener.failed()
        assert isinstance(error, PeerProtocolError)
        assert says in str(error)


class TestClock:
    async def test_each_pong_is_finished_with_its_sample(self) -> None:
        async def answer(edge: FakeEdge, message: dict[str, Any]) -> None:
            if message["type"] == "segue.clock.ping":
                await edge.tell({"type": "segue.clock.pong", "t0_ns": message["t0_ns"], "t1_ns": 7, "t2_ns": 8})

        async with fake_edge(on_message=answer) as edge, connected(config_of(edge)) as (connection, listener):
            await listener.until("segue.session")
            await connection.sync_clock()
            (sample,) = await edge.sent("segue.clock.sample")
        assert (sample["t1_ns"], sample["t2_ns"]) == (7, 8)
        assert sample["t0_ns"] <= sample["t3_ns"]

    async def test_a_burst_first_then_now_and_then(self) -> None:
        timing = {"clock_samples_first": 2, "clock_every_ms": 10}
        async with (
            fake_edge() as edge,
            connected(config_of(edge, **timing)) as (connection, _),
            asyncio.TaskGroup() as tasks,
        ):
            running = tasks.create_task(connection.run_clock(), name="test.clock")
            await edge.sent("segue.clock.ping", 4)
            running.cancel()
