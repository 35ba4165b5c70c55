"""A core dies in the middle of something; another one goes on: nothing lost, nothing twice."""

import asyncio
import threading
from typing import Any

import pytest

from segue.adapters.llm.fake import ScriptedLlm, called, said
from segue.adapters.store.memory import MemoryStore
from segue.adapters.stt.fake import ScriptedStt
from segue.agent import Agent, ToolContext, tool
from tests.support.harness import CLOCK, Caller, Core, GatedTts, core, until

ANSWER = "The sun is out today. It will stay warm. Enjoy your walk."


def ask(caller: Caller) -> None:
    caller.silence(200)
    caller.tone(900)
    caller.silence(1000)


def check_told_once(caller: Caller) -> None:
    """Ids are unique, and each thing that happens once was told once."""
    ids = [event["event_id"] for event in caller.events]
    assert len(set(ids)) == len(ids)
    assert len(caller.of("session.created")) == 1
    for type_ in ("response.created", "response.done", "response.output_item.added", "response.output_audio.done"):
        told = [
            event.get("item_id") or (event.get("response") or event.get("item"))["id"] for event in caller.of(type_)
        ]
        assert len(set(told)) == len(told), type_


@pytest.mark.parametrize("is_aware", [True, False])
async def test_killed_in_the_middle_of_a_word_the_answer_goes_on_at_the_next_sample(is_aware: bool):
    store, voice = MemoryStore(CLOCK), GatedTts(3)
    caller = Caller(is_aware=is_aware)
    async with core(store, tts={"local": voice}) as first:
        caller.join(first)
        ask(caller)
        await caller.wait_for("response.output_audio.delta", 3)
        await first.kill()
    async with core(store, node="core-b") as second:
        caller.join(second)
        await caller.wait_for("response.done")
        assert second.runner.ended["generate", "completed"] == 0
    assert caller.said() == ANSWER
    assert caller.heard_audio() == caller.expected_audio()
    assert [opened.epoch for opened in caller.opened] == [1, 2]
    check_told_once(caller)


@pytest.mark.parametrize("cut_ms", [100, 460, 900])
async def test_killed_while_the_user_speaks_the_utterance_is_whole(cut_ms: int):
    store, ears = MemoryStore(CLOCK), ScriptedStt(["Hello there."] * 3)
    caller = Caller(is_aware=False)
    async with core(store, stt={"local": ears}) as first:
        caller.join(first)
        await caller.wait_for("session.created")
        caller.silence(300)
        caller.tone(cut_ms)
        if cut_ms > 200:
            await caller.wait_for("input_audio_buffer.speech_started")
        await first.kill()
    assert not ears.heard
    async with core(store, node="core-b", stt={"local": ears}) as second:
        caller.join(second)
        caller.tone(1000 - cut_ms)
        caller.silence(1000)
        await caller.wait_for("response.done")
    assert len(caller.of("input_audio_buffer.speech_started")) == 1
    assert len(caller.of("input_audio_buffer.committed")) == 1
    assert 1000 <= len(ears.heard[-1]) / 16 <= 1500
    started = caller.of("input_audio_buffer.speech_started")[0]["audio_start_ms"]
    assert 0 <= started <= 350
    check_told_once(caller)


async def test_killed_between_commit_and_answer_the_answer_is_given():
    store = MemoryStore(CLOCK)
    caller = Caller()
    hang = ScriptedLlm([[], []])
    async with core(store, llm={"local": hang}, tts={"local": GatedTts(0)}) as first:
        caller.join(first)
        ask(caller)
        await caller.wait_for("input_audio_buffer.committed")
        await first.kill()
    async with core(store, node="core-b") as second:
        caller.join(second)
        await caller.wait_for("response.done")
    assert caller.said() == ANSWER
    assert caller.heard_audio() == caller.expected_audio()
    check_told_once(caller)


async def test_an_edge_dies_and_an_aware_client_resumes_elsewhere():
    store, voice = MemoryStore(CLOCK), GatedTts(3)
    first = Caller()
    async with core(store, tts={"local": voice}) as only:
        first.join(only)
        ask(first)
        await first.wait_for("response.output_audio.delta", 3)
        first.leave()
        first.events = first.events[:-2]
        second = first.successor(node="edge-2")
        voice.give(100)
        second.join(only)
        await second.wait(lambda: len(second.of("segue.session")) == 2)
        second.resend()
        await second.wait_for("response.done")
        resumed = second.of("segue.session")[-1]
    assert resumed["resumed"] is True
    assert resumed["epoch"] == 1
    assert second.said() == ANSWER
    assert second.heard_audio() == second.expected_audio()
    check_told_once(second)


async def test_an_answer_that_was_finished_without_the_client_is_sent_to_it():
    store = MemoryStore(CLOCK)
    first = Caller()
    async with core(store) as only:
        first.join(only)
        ask(first)
        await first.wait_for("response.done")
        first.leave()
        at = next(n for n, e in enumerate(first.events) if e["type"] == "response.output_audio.delta") + 2
        first.events = first.events[: at + 1]
        second = first.successor(node="edge-2")
        second.join(only)
        await second.wait_for("response.done")
        assert second.heard_audio() == second.expected_audio()
        assert second.said() == ANSWER
        check_told_once(second)


async def test_core_and_edge_die_and_the_end_of_a_finished_answer_is_made_again():
    store = MemoryStore(CLOCK)
    first = Caller()
    async with core(store) as one:
        first.join(one)
        ask(first)
        await first.wait_for("response.done")
        await one.kill()
    at = next(n for n, e in enumerate(first.events) if e["type"] == "response.output_audio.delta") + 1
    first.events = first.events[: at + 1]
    async with core(store, node="core-b") as other:
        second = first.successor(node="edge-2")
        second.join(other)
        await second.wait(lambda: len(second.of("segue.session")) == 2)
        second.resend()
        await second.wait_for("response.done")
        assert second.heard_audio() == second.expected_audio()
        assert second.said() == ANSWER
        assert other.runner.ended["generate", "completed"] == 0
        check_told_once(second)


class Bookings:
    """A tool that takes its time: it can be caught in the middle."""

    def __init__(self) -> None:
        self.made: dict[str, str] = {}
        self.began = threading.Event()
        self.go_on = threading.Event()

    def agent(self, *, has_lookup: bool) -> Agent:
        @tool(effect="once", lookup=self.made.get if has_lookup else None)
        def book(context: ToolContext, people: int) -> str:
            """Book a table."""
            self.made[context.key] = f"table for {people}"
            self.began.set()
            self.go_on.wait(5)
            return self.made[context.key]

        return Agent(name="booker", instructions="Book.", tools=[book])


async def killed_in_tool(bookings: Bookings, agent: Agent, store: Any) -> tuple[Caller, Core]:
    caller = Caller()
    script = ScriptedLlm([called("book", '{"people": 4}'), said("Done.")])
    async with core(store, agent, llm={"local": script}) as first:
        caller.join(first)
        ask(caller)
        assert await asyncio.to_thread(bookings.began.wait, 5)
        await first.kill()
    return caller, first


async def test_a_tool_with_a_lookup_is_found_to_have_run():
    store, bookings = MemoryStore(CLOCK), Bookings()
    agent = bookings.agent(has_lookup=True)
    caller, _ = await killed_in_tool(bookings, agent, store)
    script = ScriptedLlm([said("Your table is booked.")])
    async with core(store, agent, node="core-b", llm={"local": script}) as second:
        caller.join(second)
        await caller.wait(lambda: "booked" in caller.said())
        await caller.wait_for("response.done", 2)
    bookings.go_on.set()
    assert len(bookings.made) == 1
    assert "table for 4" in str(script.requests[0].history)
    check_told_once(caller)


async def test_a_tool_without_a_lookup_is_not_run_again_and_the_model_is_told():
    store, bookings = MemoryStore(CLOCK), Bookings()
    agent = bookings.agent(has_lookup=False)
    caller, _ = await killed_in_tool(bookings, agent, store)
    script = ScriptedLlm([said("I am not sure that worked.")])
    async with core(store, agent, node="core-b", llm={"local": script}) as second:
        caller.join(second)
        await caller.wait(lambda: "not sure" in caller.said())
    bookings.go_on.set()
    assert len(bookings.made) == 1
    assert "unknown" in str(script.requests[0].history)


async def test_a_paused_owner_that_wakes_up_is_fenced():
    store = MemoryStore(CLOCK)
    caller = Caller()
    async with core(store) as first:
        caller.join(first)
        await caller.wait_for("session.created")
        async with core(store, node="core-b") as second:
            late = caller.successor(node="edge-2")
            late.join(second)
            await late.wait(lambda: len(late.of("segue.session")) == 2)
            ask(late)
            await late.wait_for("response.done")
            caller.tone(300)
            caller.send("conversation.item.create", item={"type": "message", "role": "user", "content": []})
            await caller.wait(lambda: caller.closed is not None)
            assert caller.closed.code == 4001
            await until(lambda: first.sessions.count == 0)


@pytest.mark.parametrize("is_aware", [True, False])
async def test_killed_before_it_told_anything_everything_is_told(is_aware: bool):
    store, caller = MemoryStore(CLOCK), Caller(is_aware=is_aware)
    async with core(store) as first:
        caller.join(first)
        caller.link.credit = False  # What it says is still in this process when that dies.
        caller.send("session.update", session={"instructions": "Be brief."})
        await caller.wait(lambda: caller.opened)
        while await store.head(caller.session) < 3:  # noqa: ASYNC110 - it is memory
            await asyncio.sleep(0.002)
        await first.kill()
    assert not caller.events
    async with core(store, node="core-b") as second:
        caller.join(second)
        await caller.wait_for("session.updated")
    begin = (
        ["session.created", "segue.session", "session.updated"] if is_aware else ["session.created", "session.updated"]
    )
    assert caller.types()[: len(begin)] == begin
    check_told_once(caller)


async def test_an_overtaken_owner_that_is_offered_the_client_again_claims_it_anew():
    store, caller = MemoryStore(CLOCK), Caller(is_aware=False)
    async with core(store) as paused, core(store, node="core-b") as later:
        caller.join(paused)
        await caller.wait_for("session.created")
        link = caller.link
        caller.join(later)
        caller.send("session.update", session={"instructions": "Be brief."})
        await caller.wait_for("session.updated")
        await later.kill()
        paused.links.on_unlinked(link, "silent")
        caller.join(paused)  # It has not written since, so nothing told it that it owns no more.
        refused = await caller.wait(lambda: caller.refused)
        assert refused.retry
        await until(lambda: paused.sessions.count == 0)
        caller.join(paused)
        caller.send("session.update", session={"instructions": "Be kind."})
        await caller.wait_for("session.updated", 2)
    assert caller.closed is None
    assert [opened.epoch for opened in caller.opened] == [1, 2, 3]
    check_told_once(caller)
