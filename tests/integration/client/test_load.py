"""Many calls at once: all of them are made, each for itself, and a failed one is a report."""

from typing import Any

import pytest

from segue.adapters.clock.system import SystemClock
from segue.cli.call_report import hop_stats
from segue.client.caller import CallReport
from segue.client.connection import ConnectionConfig
from segue.client.load import LoadPlan, run_load
from tests.integration.client.fake_edge import FakeEdge, fake_edge
from tests.integration.client.scripted_agent import ScriptedAgent, say_it, spoken


def hops(voice_to_voice_ms: float) -> dict[str, Any]:
    hop = {"name": "endpointing", "start_ms": 0.0, "duration_ms": voice_to_voice_ms, "bound_ms": None}
    return {
        "type": "segue.turn.hops",
        "turn_id": "turn_1",
        "item_id": "agent_1",
        "voice_to_voice_ms": voice_to_voice_ms,
        "bound_ms": 0.0,
        "hops": [hop],
        "stats": {},
    }


async def test_percentiles_are_over_the_turns_of_all_calls() -> None:
    """Each call is one turn of the next length; one edge serves one call after the other."""
    lengths = iter((100.0, 200.0, 300.0, 400.0))

    async def answer(agent: ScriptedAgent, word: int) -> None:
        await agent.say(word, duration_ms=20)
        await agent.tell(hops(next(lengths)))

    over: list[CallReport] = []
    agents: dict[int, ScriptedAgent] = {}

    async def on_message(edge: FakeEdge, message: dict[str, Any]) -> None:
        await agents.setdefault(len(edge.dials), ScriptedAgent(answer)).on_message(edge, message)

    async with fake_edge(on_message=on_message) as edge:
        plan = LoadPlan(calls=4, rate_per_s=1.5, lines=(spoken(1),))
        config = ConnectionConfig(edges=(edge.url,), token="sk-test")
        reports = await run_load(plan, config, SystemClock(), on_call_over=over.append)

    assert [report.errors for report in reports] == [[]] * 4
    assert sorted(id(report) for report in over) == sorted(id(report) for report in reports)
    summary = hop_stats(reports).summary()["voice_to_voice"]
    assert summary["n"] == 4
    assert summary["p50"] == pytest.approx(200, rel=0.02)
    assert summary["p99"] == pytest.approx(400, rel=0.02)


async def test_a_call_that_fails_is_a_report_and_the_others_go_on() -> None:
    agents: dict[int, ScriptedAgent] = {}

    async def on_message(edge: FakeEdge, message: dict[str, Any]) -> None:
        await agents.setdefault(len(edge.dials), ScriptedAgent(say_it)).on_message(edge, message)

    async with fake_edge(on_message=on_message) as edge:
        edge.statuses.append(401)
        plan = LoadPlan(calls=2, rate_per_s=50, lines=(spoken(1),))
        config = ConnectionConfig(edges=(edge.url,), token="sk-test")
        first, second = await run_load(plan, config, SystemClock())

    assert "HTTP 401" in first.errors[0]
    assert second.is_complete, second.errors
