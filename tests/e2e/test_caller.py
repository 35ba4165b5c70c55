"""The Python client: `Caller` talks, is interrupted, interrupts, and comes back after its connection was lost."""

import asyncio

import pytest

from segue.adapters.clock.system import SystemClock
from segue.client import Caller, ConnectionConfig
from tests.support.processes import RunningSegue
from tests.support.speaking import Speaking, compare, words_of

pytestmark = [pytest.mark.models, pytest.mark.timeout(180)]


def caller_of(segue: RunningSegue) -> Caller:
    return Caller(ConnectionConfig(edges=(segue.url,), token=segue.api_key), SystemClock())


async def test_a_call_tells_what_was_said_heard_and_measured(segue: RunningSegue, speaking: Speaking) -> None:
    caller = caller_of(segue)
    seen: list[str] = []
    caller.on_event = lambda event: seen.append(event["type"])
    report = await caller.call([await speaking.line("My name is Ada."), await speaking.line("What is my name?")])
    assert report.is_complete, report.errors
    assert [entry.role for entry in sorted(report.transcript, key=lambda entry: entry.role)].count("agent") == 2
    last = [entry for entry in report.transcript if entry.role == "agent"][-1]
    assert "ada" in words_of(last.text), report.transcript
    assert len(report.turns) == 2
    assert {"segue.session", "segue.ack", "segue.clock.pong", "segue.item.heard", "segue.turn.hops"} <= set(seen)
    assert report.heard is not None
    heard = await speaking.words(report.heard)
    said = [word for entry in report.transcript if entry.role == "agent" for word in words_of(entry.text)]
    assert len(compare(said, heard).lost) <= len(said) // 4, (said, heard)


async def test_a_backchannel_does_not_take_the_floor(segue: RunningSegue, speaking: Speaking) -> None:
    caller = caller_of(segue)
    lines = [await speaking.line("What can you do for me?"), await speaking.line("Yeah.", after_ms_of_answer=900)]
    caller.config.answer_timeout_ms = 8_000
    report = await caller.call(lines)
    first = next(entry for entry in report.transcript if entry.role == "agent")
    assert not first.is_cut
    assert first.heard == first.text


async def test_a_lost_connection_is_resumed_with_nothing_lost(segue: RunningSegue, speaking: Speaking) -> None:
    """The socket is torn off in the middle of a line, and again in the middle of an answer."""
    caller = caller_of(segue)
    pcm = await speaking.pcm("What can you do for me on a rainy day in Lisbon?")

    def abort() -> None:
        assert caller.connection is not None
        socket = caller.connection._socket
        assert socket is not None
        socket._response.connection.transport.abort()  # type: ignore[union-attr]

    async with caller.talking() as microphone:
        microphone.say(pcm)
        await asyncio.sleep(1.0)
        abort()
        await microphone.spoken()
        assert await caller._wait(lambda: caller._played_ms() > 300, "an answer")
        abort()
        assert await caller._answer_over(0)
    report = caller.report
    assert report.reconnects == 2
    assert not report.errors
    users = [entry.text for entry in report.transcript if entry.role == "user"]
    assert len(users) == 1, users
    assert compare(words_of("What can you do for me on a rainy day in Lisbon?"), words_of(users[0])).lost == (), users
    (answer,) = [entry for entry in report.transcript if entry.role == "agent"]
    assert report.heard is not None
    difference = compare(words_of(answer.text), await speaking.words(report.heard))
    assert len(difference.lost) <= 2, difference
    assert not difference.repeated, difference
