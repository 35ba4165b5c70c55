"""The scripted caller: when it speaks, what it plays, what it tells the core, and what its report says."""

import asyncio
from typing import Any

import numpy as np
import pytest

from segue.adapters.clock.system import SystemClock
from segue.client.caller import Caller, CallerConfig, CallReport, Line
from segue.client.connection import ConnectionConfig
from tests.integration.client.fake_edge import FakeEdge, fake_edge
from tests.integration.client.scripted_agent import Answer, ScriptedAgent, say_it, say_nothing, spoken


def caller_of(edge: FakeEdge, **connection: Any) -> Caller:
    config = ConnectionConfig(edges=(edge.url,), token="sk-test", retry_ms=5, **connection)
    return Caller(config, SystemClock(), CallerConfig(answer_timeout_ms=5_000, gap_ms=20))


async def hold_call(answer: Answer, *lines: Line, answer_timeout_ms: int = 5_000) -> tuple[CallReport, FakeEdge]:
    agent = ScriptedAgent(answer)
    async with fake_edge(on_message=agent.on_message) as edge:
        caller = caller_of(edge)
        caller.config.answer_timeout_ms = answer_timeout_ms
        return await caller.call(list(lines)), edge


def playouts(edge: FakeEdge, item_id: str) -> list[dict[str, Any]]:
    return [message for message in edge.of("segue.playout") if message["item_id"] == item_id]


class TestScript:
    async def test_each_line_follows_the_answer_to_the_one_before(self) -> None:
        report, edge = await hold_call(say_it, spoken(1), spoken(2))
        assert report.is_complete, report.errors
        assert (report.lines_said, report.lines_answered) == (2, 2)
        assert report.session_id == "sess_aaaaaaaaaaaaa"
        assert [(entry.role, entry.text) for entry in report.transcript] == [
            ("user", "word 1"),
            ("agent", "answer 1"),
            ("user", "word 2"),
            ("agent", "answer 2"),
        ]
        assert report.ended_ns - report.began_ns > 280_000_000, "two lines and two answers at 1x"
        assert edge.of("segue.clock.ping")

    async def test_what_was_heard_is_in_the_report_as_sound(self) -> None:
        report, _ = await hold_call(say_it, spoken(1))
        assert report.heard is not None
        assert np.count_nonzero(report.heard == 1001) == 2400

    async def test_the_session_is_configured_before_anything_is_said(self) -> None:
        agent = ScriptedAgent(say_it)
        async with fake_edge(on_message=agent.on_message) as edge:
            caller = caller_of(edge)
            caller.session = {"type": "realtime"}
            await caller.call([spoken(1)])
        assert edge.received[0] == {"type": "session.update", "session": {"type": "realtime"}}

    async def test_it_waits_for_a_greeting(self) -> None:
        heard_before: list[int] = []

        async def answer(agent: ScriptedAgent, word: int) -> None:
            heard_before.append(len(playouts(edge, "agent_9")))
            await agent.say(word)

        agent = ScriptedAgent(answer)
        async with fake_edge(on_message=agent.on_message) as edge:
            caller = caller_of(edge)
            async with asyncio.TaskGroup() as tasks:
                calling = tasks.create_task(caller.call([spoken(1)], waits_for_greeting=True), name="test.call")
                await edge.sent("input_audio_buffer.append", 2)
                await agent.say(9, duration_ms=250)
            report = calling.result()
        assert report.is_complete, report.errors
        assert heard_before[0] >= 2
        assert report.transcript[0].text == "answer 9"

    async def test_an_answer_that_never_comes_is_an_error(self) -> None:
        report, _ = await hold_call(say_nothing, spoken(1), answer_timeout_ms=200)
        assert (report.lines_said, report.lines_answered) == (1, 0)
        assert report.errors == ["waited 200 ms for an answer, none came"]
        assert not report.is_complete

    async def test_a_typed_answer_is_an_answer_too(self) -> None:
        async def answer(agent: ScriptedAgent, word: int) -> None:
            message = {"type": "message", "id": "agent_t"}
            await agent.tell(
                {"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}},
                {"type": "response.output_text.done", "item_id": "agent_t", "text": "written"},
                {"type": "response.done", "response": {"id": "r", "status": "completed", "output": [message]}},
            )

        report, _ = await hold_call(answer, spoken(1))
        assert report.is_complete, report.errors
        assert report.transcript[-1].text == "written"

    async def test_a_tool_call_alone_is_no_answer(self) -> None:
        async def answer(agent: ScriptedAgent, word: int) -> None:
            calls = [{"type": "function_call", "id": "call"}]
            await agent.tell(
                {"type": "response.created", "response": {"id": "r", "status": "in_progress", "output": []}},
                {"type": "response.done", "response": {"id": "r", "status": "completed", "output": calls}},
            )

        report, _ = await hold_call(answer, spoken(1), answer_timeout_ms=150)
        assert report.lines_answered == 0


class TestTalkingOver:
    async def test_a_line_cuts_into_the_answer_before_it(self) -> None:
        async def answer(agent: ScriptedAgent, word: int) -> None:
            if word == 2:
                await agent.tell({"type": "segue.playout.clear", "item_id": "agent_1", "played_ms": 200})
                heard = {"item_id": "agent_1", "heard_ms": 200, "heard_text": "ans", "cut": True}
                await agent.tell({"type": "segue.item.heard", **heard})
            await agent.say(word, duration_ms=3_000 if word == 1 else 50)

        report, edge = await hold_call(answer, spoken(1), spoken(2, after_ms_of_answer=150))

        assert report.is_complete, report.errors
        assert (report.lines_said, report.lines_answered) == (2, 2)
        first = next(entry for entry in report.transcript if entry.item_id == "agent_1")
        assert (first.heard, first.is_cut) == ("ans", True)
        last = playouts(edge, "agent_1")[-1]
        assert last["done"]
        assert 150 <= last["played_ms"] < 2_000
        assert last["buffered_ms"] == 0
        assert report.heard is not None
        assert np.count_nonzero(report.heard == 1001) == round(last["played_ms"] * 24)

    async def test_an_answer_that_is_too_short_to_talk_over_is_noted(self) -> None:
        report, _ = await hold_call(say_it, spoken(1), spoken(2, after_ms_of_answer=900))
        assert report.errors == ["nothing to talk over at 900 ms: the answer was over at 100 ms"]
        assert (report.lines_said, report.lines_answered) == (2, 2)

    async def test_the_first_line_talks_over_the_greeting(self) -> None:
        agent = ScriptedAgent(say_it)
        async with fake_edge(on_message=agent.on_message) as edge:
            caller = caller_of(edge)
            async with asyncio.TaskGroup() as tasks:
                calling = tasks.create_task(caller.call([spoken(1, after_ms_of_answer=60)]), name="test.call")
                await edge.sent("input_audio_buffer.append", 2)
                await agent.say(9, duration_ms=400)
            report = calling.result()
        assert report.is_complete, report.errors
        assert agent.words == [1]
        assert report.transcript[0].text == "answer 9"

    async def test_a_cut_answer_does_not_count_as_the_last_line_s(self) -> None:
        """The recogniser took the first half of a line for all of it; its answer is cut by the second half."""

        async def answer(agent: ScriptedAgent, word: int) -> None:
            await agent.say(word, duration_ms=2_000)
            await agent.tell({"type": "segue.playout.clear", "item_id": f"agent_{word}", "played_ms": 0})
            await agent.say(word + 50, duration_ms=50)

        report, _ = await hold_call(answer, spoken(1))
        assert report.is_complete, report.errors
        assert [entry.text for entry in report.transcript if entry.role == "agent"] == ["answer 1", "answer 51"]

    async def test_held_sound_waits_and_goes_on(self) -> None:
        async def answer(agent: ScriptedAgent, word: int) -> None:
            item_id = await agent.say(word, duration_ms=300)
            await agent.tell({"type": "segue.playout.hold", "item_id": item_id})

        async def on_message(edge: FakeEdge, message: dict[str, Any]) -> None:
            if message["type"] == "segue.playout" and len(playouts(edge, "agent_1")) == 1:
                assert not message["done"]
                await agent.tell({"type": "segue.playout.resume", "item_id": "agent_1"})
            await agent.on_message(edge, message)

        agent = ScriptedAgent(answer)
        async with fake_edge(on_message=on_message) as edge:
            report = await caller_of(edge).call([spoken(1)])
        assert report.is_complete, report.errors
        assert report.heard is not None
        assert np.count_nonzero(report.heard == 1001) == 300 * 24, "nothing of it is lost or played twice"
        assert playouts(edge, "agent_1")[-1]["done"]


class TestAcknowledging:
    async def test_what_was_heard_is_told_until_the_end(self) -> None:
        async def answer(agent: ScriptedAgent, word: int) -> None:
            await agent.say(word, duration_ms=350)

        _, edge = await hold_call(answer, spoken(1), spoken(2))
        told = playouts(edge, "agent_1")
        assert len(told) >= 3
        assert [each["played_ms"] for each in told] == sorted({each["played_ms"] for each in told})
        assert [each["done"] for each in told] == [False] * (len(told) - 1) + [True]
        assert told[-1]["played_ms"] == 350
        assert told[0]["received_at_ns"] <= told[0]["started_at_ns"] <= told[0]["at_ns"]
        assert all(each["played_ms"] + each["buffered_ms"] == pytest.approx(350) for each in told)

    async def test_an_item_that_the_next_follows_at_once_is_told_to_its_end_too(self) -> None:
        async def answer(agent: ScriptedAgent, word: int) -> None:
            await agent.say(word, duration_ms=250)
            await agent.say(word + 50, duration_ms=250)

        report, edge = await hold_call(answer, spoken(1))
        assert report.is_complete, report.errors
        for item_id in ("agent_1", "agent_51"):
            assert playouts(edge, item_id)[-1]["played_ms"] == 250
            assert playouts(edge, item_id)[-1]["done"]


class TestTrouble:
    async def test_errors_of_the_server_are_kept(self) -> None:
        async def answer(agent: ScriptedAgent, word: int) -> None:
            await agent.tell({"type": "error", "error": {"code": "provider_error", "message": "no model"}})
            details = {"error": {"code": "provider_error"}}
            failed = {"id": "r", "status": "failed", "status_details": details, "output": []}
            await agent.tell({"type": "response.done", "response": failed})
            await agent.say(word)

        report, _ = await hold_call(answer, spoken(1))
        assert report.errors == ["provider_error: no model", "response failed: provider_error"]
        assert not report.is_complete

    async def test_hops_are_kept_as_they_came(self) -> None:
        async def answer(agent: ScriptedAgent, word: int) -> None:
            await agent.say(word)
            await agent.tell({"type": "segue.turn.hops", "turn_id": "turn_1", "hops": []})

        report, _ = await hold_call(answer, spoken(1))
        assert [turn["turn_id"] for turn in report.turns] == ["turn_1"]

    async def test_an_event_that_cannot_be_read_ends_the_call_with_a_reason(self) -> None:
        async def answer(agent: ScriptedAgent, word: int) -> None:
            await agent.tell({"type": "response.done"})

        report, _ = await hold_call(answer, spoken(1))
        assert report.errors == ["the server sent a response.done that cannot be read: KeyError('response')"]

    async def test_a_call_goes_on_over_a_lost_connection(self) -> None:
        async def on_message(edge: FakeEdge, message: dict[str, Any]) -> None:
            await agent.on_message(edge, message)
            if message["type"] == "segue.playout" and len(playouts(edge, message["item_id"])) == 1:
                edge.drop()

        agent = ScriptedAgent(say_it)
        async with fake_edge(on_message=on_message) as edge:
            report = await caller_of(edge).call([spoken(1), spoken(2)])
        assert report.is_complete, report.errors
        assert report.reconnects == 2
        assert report.longest_reconnect_ms > 0
        assert agent.words == [1, 2]

    async def test_a_refused_resume_is_in_the_report(self) -> None:
        async def answer(agent: ScriptedAgent, word: int) -> None:
            edge.statuses.append(401)
            edge.drop()

        agent = ScriptedAgent(answer)
        async with fake_edge(on_message=agent.on_message) as edge:
            report = await caller_of(edge).call([spoken(1)])
        assert len(report.errors) == 1
        assert "HTTP 401: the token is wrong or has expired" in report.errors[0]
        assert (report.lines_said, report.lines_answered) == (1, 0)
        assert report.ended_ns >= report.began_ns

    async def test_a_call_that_cannot_be_made_is_a_report(self) -> None:
        caller = Caller(ConnectionConfig(edges=("http://127.0.0.1:1",), token="sk-test"), SystemClock())
        report = await caller.call([spoken(1)])
        assert len(report.errors) == 1
        assert "no edge could be reached" in report.errors[0]
        assert report.ended_ns == report.began_ns
