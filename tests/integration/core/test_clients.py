"""Connections that come, go, return, collide, or have no business here."""

import base64
from typing import Any

import pytest

from segue.adapters.store.memory import MemoryStore
from segue.agent import Agent
from segue.core.config import CoreConfig
from segue.wire.token import KeyRing, read_resume_token
from segue.wire.trunk import Open
from tests.support.harness import CLOCK, KEY, Caller, FakeLink, core, tone, until


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


async def test_a_session_that_is_not_there_or_not_yours_is_not_found():
    async with core(MemoryStore(CLOCK)) as only:
        mine = Caller()
        mine.join(only)
        await mine.wait_for("session.created")
        nobody = Caller(is_new=False)
        other = Caller(session=mine.session, is_new=False, subject="key:2")
        thief = Caller(session=mine.session, is_new=False, subject="resume:sess_aaaaaaaaaaaaa")
        for stranger in (nobody, other, thief):
            stranger.join(only)
            await stranger.wait(lambda who=stranger: who.refused)
            assert stranger.refused.status == 404
            assert stranger.refused.code == "session_not_found"
        mine.leave()
        await until(lambda: only.sessions._hosts[mine.session].attachment is None)
    async with core(MemoryStore(CLOCK), node="b") as empty:
        lost = Caller(session=mine.session, is_new=False)
        lost.join(empty)
        await lost.wait(lambda: lost.refused)
        assert await empty.parts.store.head(mine.session) == 0, "looking for a session claims nothing"


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
        await new.wait_for("response.done")
        assert "response.created" in new.types()
        assert len(only.runner._providers.llm["local"].requests[-1].history) == 3
    async with core(only.parts.store, node="b") as later:
        newest = Caller(session=old.session, is_new=False, is_aware=False, node="edge-3")
        newest.join(later)
        created = await newest.wait_for("session.created")
        assert created["session"]["id"] == old.session
        ask(newest)
        await newest.wait_for("response.done")


async def test_a_full_core_refuses_and_makes_room():
    async with core(MemoryStore(CLOCK), config=CoreConfig(fleet_key=KEY, sessions_max=1)) as only:
        first, second = Caller(), Caller()
        first.join(only)
        await first.wait_for("session.created")
        second.join(only)
        await second.wait(lambda: second.refused)
        assert (second.refused.status, second.refused.retry) == (503, True)
        first.leave()
        await until(lambda: only.sessions._hosts[first.session].attachment is None)
        second.refused = None
        second.join(only)
        await second.wait(lambda: second.refused)
        await until(lambda: only.sessions.count == 0)
        second.join(only)
        await second.wait_for("session.created")


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


async def test_stopping_makes_everything_durable_and_the_next_core_goes_on():
    store = MemoryStore(CLOCK)
    caller = Caller()
    async with core(store) as first:
        caller.join(first)
        ask(caller)
        await caller.wait_for("input_audio_buffer.committed")
        first.sessions.stop()
        await first.sessions.wait_empty()
        late = Caller()
        late.join(first)
        await late.wait(lambda: late.refused)
        assert (late.refused.status, late.refused.retry) == (503, True)
        assert await store.read_snapshot(caller.session) is not None
    async with core(store, node="b") as second:
        caller.join(second)
        await caller.wait_for("response.done")
    assert caller.heard_audio() == caller.expected_audio()
    assert caller.closed is None


async def test_uplink_is_released_and_acknowledged():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller()
        caller.join(only)
        ask(caller)
        await caller.wait_for("response.done")
        caller.silence(3000)
        caller.send(
            "conversation.item.create",
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]},
        )
        await caller.wait_for("conversation.item.done", 3)
        caller.silence(3000)
        await caller.wait(lambda: caller.releases[-1].through > 300)
        await caller.wait(lambda: caller.of("segue.ack") and caller.of("segue.ack")[-1]["through"] > 300)
        assert caller.flow.ring.first > 300
        assert caller.position == caller.flow.position


async def test_a_text_conversation_releases_its_uplink_too():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller(claims={"output_modalities": ["text"]})
        caller.join(only)
        content = [{"type": "input_text", "text": "Hello?"}]
        caller.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        caller.send("response.create")
        await caller.wait_for("response.done")
        caller.send("conversation.item.retrieve", item_id="item_nowhere")
        await caller.wait_for("error")
        await caller.wait(lambda: caller.releases[-1].through == 3)
        assert "response.output_text.delta" in caller.types()
        assert not caller.heard_audio()


async def test_the_clock_is_answered_at_once_and_hops_are_told():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller()
        caller.join(only)
        await caller.wait_for("session.created")
        for _ in range(3):
            t0 = CLOCK.mono_ns()
            caller.send("segue.clock.ping", t0_ns=t0)
            pongs = len(caller.of("segue.clock.pong"))
            await caller.wait(lambda before=pongs: len(caller.of("segue.clock.pong")) > before)
            pong = caller.of("segue.clock.pong")[-1]
            assert pong["t0_ns"] == t0
            assert t0 <= pong["t1_ns"] <= pong["t2_ns"]
            stamps = {name: pong[name] for name in ("t0_ns", "t1_ns", "t2_ns")}
            caller.send("segue.clock.sample", **stamps, t3_ns=CLOCK.mono_ns())
        ask(caller)
        audio = await caller.wait_for("response.output_audio.delta")
        caller.played(audio["item_id"], 100)
        hops = await caller.wait_for("segue.turn.hops")
    assert hops["voice_to_voice_ms"] is not None
    names = [hop["name"] for hop in hops["hops"]]
    assert names[0] == "capture"
    assert {"endpointing", "playout"} <= set(names)
    assert sum(hop["duration_ms"] for hop in hops["hops"]) == pytest.approx(hops["voice_to_voice_ms"], abs=0.1)


@pytest.mark.parametrize(
    ("format_", "encode"),
    [
        ({"type": "audio/pcmu"}, "ulaw_encode"),
        ({"type": "audio/pcma"}, "alaw_encode"),
        ({"type": "audio/pcm", "rate": 16000}, None),
    ],
)
async def test_other_audio_formats_in_and_out(format_: dict[str, Any], encode: str | None):
    from segue import _native

    rate_hz = format_.get("rate", 8_000)
    audio = {"input": {"format": format_}, "output": {"format": format_}}
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller(is_aware=False, claims={"audio": audio})
        caller.join(only)
        await caller.wait_for("session.created")
        pcm = bytes(rate_hz * 2 // 5) + tone(900, rate_hz=rate_hz) + bytes(rate_hz * 2)
        data = getattr(_native, encode)(pcm) if encode else pcm
        step = len(data) // 100
        for at in range(0, len(data), step):
            piece = base64.b64encode(data[at : at + step]).decode()
            caller.send("input_audio_buffer.append", audio=piece)
        await caller.wait_for("response.done")
        expected_ms = len(caller.expected_audio()) // 48
        size = 1 if encode else 2
        assert len(caller.heard_audio()) == expected_ms * rate_hz // 1000 * size


async def test_a_client_that_does_not_read_keeps_its_order_and_loses_nothing():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller()
        caller.join(only)
        await caller.wait_for("session.created")
        caller.link.credit = False
        ask(caller)
        await until(lambda: only.runner.ended["synthesize", "completed"] >= 2)
        told = len(caller.events)
        assert not caller.heard_audio()
        caller.unblock()
        await caller.wait_for("response.done")
        assert len(caller.events) > told
        assert caller.heard_audio() == caller.expected_audio()


async def test_an_edge_that_sends_nonsense_is_told_apart():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller(after="event_x")
        caller.join(only)
        await caller.wait(lambda: caller.refused)
        assert caller.refused.status == 400
        caller = Caller(is_new=True, query={"position": "x"})
        frame = caller.flow.open_with(9)
        assert isinstance(frame, Open)
        frame = Open(*(replace_params(frame)))
        caller.link = FakeLink(caller._receive)
        only.links.on_frame(caller.link, frame, CLOCK.mono_ns())
        await caller.wait(lambda: caller.refused)
        assert caller.refused.code == "invalid_value"


def replace_params(frame: Open) -> list[Any]:
    values = [getattr(frame, name) for name in frame.__struct_fields__]
    values[frame.__struct_fields__.index("position")] = "not a position"
    return values
