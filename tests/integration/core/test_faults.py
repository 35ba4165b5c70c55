"""A store that goes away, providers that fail, clients that send what they must not: the conversation goes on."""

import base64
import json
from typing import Any

import pytest

from segue.adapters.llm.fake import FixedLatencyLlm, ScriptedLlm, called, said
from segue.adapters.store.memory import MemoryStore
from segue.adapters.stt.fake import FixedLatencyStt, ScriptedStt
from segue.adapters.tts.fake import ScriptedTts
from segue.agent import Agent, tool
from segue.model.errors import ProviderError
from tests.support.harness import CLOCK, TONE, Caller, FlakyStore, core


def ask(caller: Caller) -> None:
    caller.silence(200)
    caller.tone(900)
    caller.silence(1000)


async def test_the_conversation_goes_on_while_the_store_is_away():
    store, caller = FlakyStore(), Caller()
    async with core(store) as only:
        caller.join(only)
        await caller.wait_for("session.created")
        store.is_away = True
        ask(caller)
        await caller.wait_for("response.done", within_s=8)
        assert caller.heard_audio() == caller.expected_audio()
        assert caller.of("segue.state")[-1]["store"] == "away"
        assert caller.releases[-1].through == 0, "nothing is released that is not durable"
        store.is_away = False
        await caller.wait(lambda: caller.of("segue.state")[-1]["store"] == "ok")
        await caller.wait(lambda: caller.releases[-1].through > 0)
        await only.kill()
    async with core(store, node="core-b") as second:
        caller.join(second)
        ask(caller)
        await caller.wait_for("input_audio_buffer.speech_started", 2)
        caller.silence(1000)  # The first answer is still being played: that was a barge-in.
        await caller.wait_for("response.done", 2)
    assert len(caller.of("response.created")) == 2


async def test_a_lost_answer_of_the_store_is_resolved_by_reading():
    store, caller = FlakyStore(), Caller()
    async with core(store) as only:
        caller.join(only)
        await caller.wait_for("session.created")
        store.loses_answers = True
        ask(caller)
        await caller.wait_for("response.done")
        rows = await store.read(caller.session, 1, 1000)
        assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
        assert caller.closed is None


async def test_a_session_cannot_begin_without_a_store():
    store, caller = FlakyStore(), Caller()
    store.is_away = True
    async with core(store) as only:
        caller.join(only)
        await caller.wait(lambda: caller.refused)
        assert (caller.refused.status, caller.refused.retry) == (503, True)
        store.is_away = False
        caller.join(only)
        await caller.wait_for("session.created")


@pytest.mark.parametrize(
    ("payload", "code", "event_id"),
    [
        (b"{", "invalid_json", None),
        (b"[]", "invalid_json", None),
        (b"{}", "missing_required_parameter", None),
        (b'{"type":"session.explode","event_id":"e1"}', "unknown_event", "e1"),
        (b'{"type":"input_audio_buffer.append","event_id":"e2"}', "invalid_value", "e2"),
        (b'{"type":"input_audio_buffer.append","audio":"AAA","event_id":"e3"}', "invalid_value", "e3"),
        (b'{"type":"input_audio_buffer.append","audio":"","event_id":"e4"}', "invalid_value", "e4"),
        (b'{"type":"input_audio_buffer.append","audio":"AAAA","event_id":"e5"}', "invalid_value", "e5"),
    ],
)
async def test_a_message_that_cannot_be_read_is_answered_and_nothing_is_lost(
    payload: bytes, code: str, event_id: str | None
):
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller(is_aware=False)
        caller.join(only)
        await caller.wait_for("session.created")
        caller.silence(200)
        caller.tone(500)
        caller.send_raw(payload)
        caller.tone(400)
        caller.silence(1000)
        error = (await caller.wait_for("error"))["error"]
        assert error["code"] in (code, "invalid_json", "invalid_value")
        assert error["event_id"] == event_id
        assert error["message"]
        await caller.wait_for("response.done")


async def test_too_much_undecided_audio_is_refused():
    deaf = FixedLatencyStt(latency_ms=60_000)
    async with core(MemoryStore(CLOCK), stt={"local": deaf}) as only:
        caller = Caller(claims={"audio": {"input": {"turn_detection": None}}}, is_aware=False)
        caller.join(only)
        await caller.wait_for("session.created")
        seconds = base64.b64encode(bytes(48 * 10_000)).decode()
        for _ in range(14):
            caller.send("input_audio_buffer.append", audio=seconds, event_id="mine")
        error = (await caller.wait_for("error", within_s=10))["error"]
        assert error["code"] == "limit_exceeded"
        assert error["event_id"] == "mine"
        assert "HELD_AUDIO_MS_MAX" in error["message"]
        caller.send("input_audio_buffer.clear")
        await caller.wait_for("input_audio_buffer.cleared")
        caller.send("input_audio_buffer.append", audio=seconds)
        caller.send("input_audio_buffer.commit")
        await caller.wait_for("input_audio_buffer.committed")


async def test_providers_that_fail_are_retried_and_then_told():
    sick = ProviderError("local", "out of order", retryable=True)
    async with core(
        MemoryStore(CLOCK),
        stt={"local": ScriptedStt([sick, "Hello there.", "Hello there.", "Hello there."])},
        llm={"local": ScriptedLlm([[sick], said("Good morning to you.")])},
        tts={"local": ScriptedTts([sick], tone=TONE)},
    ) as only:
        caller = Caller()
        caller.join(only)
        ask(caller)
        await caller.wait_for("response.done")
        assert caller.of("response.done")[0]["response"]["status"] == "completed"
        assert caller.said() == "Good morning to you."
        assert caller.heard_audio() == caller.expected_audio()


async def test_a_model_that_is_gone_for_good_fails_the_response_and_not_the_session():
    dead = ProviderError("local", "no such model", retryable=False)
    async with core(MemoryStore(CLOCK), llm={"local": ScriptedLlm([[dead], said("Back again.")])}) as only:
        caller = Caller()
        caller.join(only)
        ask(caller)
        await caller.wait_for("response.done")
        assert caller.of("response.done")[0]["response"]["status"] == "failed"
        assert "no such model" in json.dumps(caller.of("error"))
        ask(caller)
        await caller.wait_for("response.done", 2)
        assert caller.said() == "Back again."


TEXT = {"output_modalities": ["text"]}
LONG = "x" * 2_000_000
"""Longer than a row."""


@pytest.mark.parametrize("field", ["name", "call_id", "arguments"])
async def test_a_call_that_no_row_can_hold_is_refused(field: str):
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller(is_aware=False)
        caller.join(only)
        item = {"type": "function_call", "name": "f", "call_id": "c", "arguments": "{}"} | {field: LONG}
        caller.send("conversation.item.create", item=item)
        assert (await caller.wait_for("error"))["error"]["code"] == "limit_exceeded"
        caller.send("session.update", session=TEXT)
        await caller.wait_for("session.updated")


async def test_more_responses_than_the_ledger_holds_are_refused():
    async with core(MemoryStore(CLOCK), llm={"local": FixedLatencyLlm(latency_ms=60_000)}) as only:
        caller = Caller(is_aware=False)
        caller.join(only)
        for _ in range(300):
            caller.send("response.create", response={"conversation": "none"} | TEXT)
        await caller.wait_for("error", 300 - 16)
        assert {event["error"]["code"] for event in caller.of("error")} == {"limit_exceeded"}
        assert len(caller.of("response.created")) == 16


@tool
def long() -> str:
    """Return more than a row can hold."""
    return LONG


@pytest.mark.parametrize(
    ("scripts", "status"),
    [
        ([called("long", "{}"), said("Done.")], "completed"),
        ([called("theirs", json.dumps({"text": LONG}))], "failed"),
        ([[step for n in range(300) for step in called("long", "{}", call_id=f"c{n}")[:1]]], "failed"),
        ([said("word " * 400_000)], "incomplete"),
    ],
    ids=["output", "arguments", "calls", "words"],
)
async def test_what_no_row_can_hold_of_a_model_or_a_tool_ends_a_response_at_most(scripts: Any, status: str):
    agent = Agent(name="tester", instructions="Be nice.", tools=[long])
    async with core(MemoryStore(CLOCK), agent, llm={"local": ScriptedLlm(scripts)}) as only:
        caller = Caller(is_aware=False)
        caller.join(only)
        caller.send("response.create", response=TEXT)
        last = len(scripts)
        assert (await caller.wait_for("response.done", last))["response"]["status"] == status
        caller.send("session.update", session=TEXT)
        await caller.wait_for("session.updated")
