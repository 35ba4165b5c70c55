"""Clients that come, return, collide, or leave for long."""

from segue.adapters.store.memory import MemoryStore
from segue.agent import Agent
from segue.core.config import CoreConfig
from segue.wire.token import KeyRing, read_resume_token
from tests.support.harness import CLOCK, KEY, Caller, core, until


def ask(caller: Caller) -> None:
    caller.silence(200)
    caller.tone(900)
    caller.silence(1000)


async def test_an_aware_client_is_greeted_with_what_it_needs_to_resume():
    async with core(MemoryStore(CLOCK), Agent(name="a", greeting="Hello there. I am ready.")) as only:
        caller = Caller()
        caller.join(only)
        await caller.wait_for("response.done")
    assert [event["type"] for event in caller.events][:3] == ["session.created", "segue.session", "response.created"]
    session = caller.of("segue.session")[0]
    claims = read_resume_token(KeyRing.single(KEY), session["resume_token"], CLOCK.wall_ms() // 1000)
    assert claims.session == caller.session == session["session_id"]
    assert (session["resumed"], session["uplink_received"], session["epoch"]) == (False, 0, 1)
    assert caller.said() == "Hello there. I am ready."


async def test_a_newer_connection_supersedes_the_one_before():
    async with core(MemoryStore(CLOCK)) as only:
        old = Caller()
        old.join(only)
        await old.wait_for("session.created")
        new = old.successor(node="edge-2")
        new.join(only)
        await new.wait(lambda: len(new.of("segue.session")) == 2)
        assert old.closed is not None
        assert old.closed.code == 4001
        new.resend()
        ask(new)
        await new.wait_for("response.done")
        assert not old.of("response.done")


async def test_an_official_client_that_reconnects_by_session_id_goes_on():
    async with core(MemoryStore(CLOCK)) as only:
        old = Caller(is_aware=False)
        old.join(only)
        ask(old)
        await old.wait_for("response.done")
        old.leave()
        new = Caller(session=old.session, is_new=False, is_aware=False, node="edge-2")
        new.join(only)
        await new.wait_for("session.created")
        assert new.opened[0].received == len(old.sent)
        ask(new)
        await new.wait_for("input_audio_buffer.speech_started")
        new.silence(1000)
        await new.wait_for("response.done")
        assert "response.created" in new.types()
        assert len(only.runner._providers.llm["local"].requests[-1].history) >= 2
    async with core(only.parts.store, node="b") as later:
        newest = Caller(session=old.session, is_new=False, is_aware=False, node="edge-3")
        newest.join(later)
        created = await newest.wait_for("session.created")
        assert created["session"]["id"] == old.session
        ask(newest)
        await newest.wait_for("input_audio_buffer.speech_started")
        newest.silence(1000)
        await newest.wait_for("response.done")


async def test_an_idle_session_rests_and_a_resume_wakes_it():
    async with core(MemoryStore(CLOCK), config=CoreConfig(fleet_key=KEY, session_idle_ms=1_000)) as only:
        caller = Caller()
        caller.join(only)
        ask(caller)
        await caller.wait_for("response.done")
        caller.leave()
        await until(lambda: only.sessions.count == 0)
        back = caller.successor()
        back.join(only)
        await back.wait(lambda: len(back.of("segue.session")) == 2)
        back.resend()
        assert back.of("segue.session")[-1]["epoch"] == 2
        ask(back)
        await back.wait_for("response.done", 2)


async def test_a_connection_that_cannot_be_leaves_the_one_that_is():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller()
        caller.join(only)
        await caller.wait_for("segue.session")
        query = {"received": "1", "position": "garbage"}
        bad = Caller(session=caller.session, is_new=False, after=caller.cursor, query=query)
        bad.join(only)
        await until(lambda: bad.refused is not None)
        assert caller.closed is None


async def test_a_client_that_does_not_read_leaves_a_session_that_may_rest():
    config = CoreConfig(fleet_key=KEY, session_idle_ms=1_000)
    async with core(MemoryStore(CLOCK), config=config) as only:
        caller = Caller(is_aware=False)
        caller.join(only)
        content = [{"type": "input_text", "text": "x" * 90_000}]
        caller.send("conversation.item.create", item={"type": "message", "role": "user", "id": "x", "content": content})
        await caller.wait_for("conversation.item.done")
        caller.link.credit = False
        for _ in range(110):
            caller.send("conversation.item.retrieve", item_id="x")
        await until(lambda: caller.closed is not None)
        assert caller.closed is not None
        assert caller.closed.code == 1013
        await until(lambda: only.sessions.count == 0)
