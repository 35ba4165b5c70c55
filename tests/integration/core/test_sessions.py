"""Which sessions a core holds: not those of others, not more than it may, none after it stops."""

from typing import Any

from segue.adapters.store.memory import MemoryStore
from segue.core.config import CoreConfig
from segue.wire.trunk import Open
from tests.support.harness import CLOCK, KEY, Caller, FakeLink, core, until


def ask(caller: Caller) -> None:
    caller.silence(200)
    caller.tone(900)
    caller.silence(1000)


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
        await until(lambda: only.sessions._hosts[mine.session].reception.attachment is None)
    async with core(MemoryStore(CLOCK), node="b") as empty:
        lost = Caller(session=mine.session, is_new=False)
        lost.join(empty)
        await lost.wait(lambda: lost.refused)
        assert await empty.parts.store.head(mine.session) == 0, "looking for a session claims nothing"


async def test_a_full_core_refuses_and_makes_room():
    async with core(MemoryStore(CLOCK), config=CoreConfig(fleet_key=KEY, sessions_max=1)) as only:
        first, second = Caller(), Caller()
        first.join(only)
        await first.wait_for("session.created")
        second.join(only)
        await second.wait(lambda: second.refused)
        assert (second.refused.status, second.refused.retry) == (503, True)
        first.leave()
        await until(lambda: only.sessions._hosts[first.session].reception.attachment is None)
        second.refused = None
        second.join(only)
        await second.wait(lambda: second.refused)
        await until(lambda: only.sessions.count == 0)
        second.join(only)
        await second.wait_for("session.created")


async def test_room_is_not_made_of_a_session_that_is_being_joined():
    async with core(MemoryStore(CLOCK), config=CoreConfig(fleet_key=KEY, sessions_max=1)) as only:
        old = Caller(is_aware=False)
        old.join(only)
        await old.wait_for("session.created")
        old.leave()
        await until(
            lambda: old.session in only.sessions._hosts and only.sessions._hosts[old.session].reception.idle_since
        )
        back, other = Caller(session=old.session, is_new=False, is_aware=False), Caller()
        back.join(only)
        other.join(only)
        await until(lambda: other.refused is not None)
        back.send("session.update", session={"instructions": "Be brief."})
        await back.wait_for("session.updated")


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
