"""Tools: arguments into calls, results and failures into words."""

import asyncio
import json
import threading
from datetime import date
from typing import Any

import pytest

from segue.agent import Tool, ToolContext, tool
from segue.model.errors import ConfigError
from segue.model.ids import OperationKey, SessionId

CONTEXT = ToolContext(key=OperationKey("k1"), session=SessionId("sess_a"))


def test_a_lookup_belongs_to_once():
    with pytest.raises(ConfigError, match="lookup"):
        tool(lookup=lambda key: None)(lambda: "x")
    with pytest.raises(ConfigError, match="effect"):
        tool(effect="twice")(lambda: "x")  # type: ignore[call-overload]
    with pytest.raises(ConfigError, match="not a function"):
        tool(3)  # type: ignore[call-overload]


async def test_arguments_are_decoded_and_checked():
    seen: list[Any] = []

    @tool
    def book(day: date, people: int, context: ToolContext) -> dict[str, Any]:
        seen.append((day, people, context.key, threading.current_thread() is threading.main_thread()))
        return {"day": day, "ok": True}

    done = await book.run('{"day": "2026-12-01", "people": "4"}', CONTEXT)
    assert done.outcome == "done"
    assert json.loads(done.output) == {"day": "2026-12-01", "ok": True}
    assert seen == [(date(2026, 12, 1), 4, "k1", False)]
    for bad in ("{", '{"day": "soon", "people": 4}', '{"people": 4}', '{"day":"2026-12-01","people":1,"x":2}', "[]"):
        told = await book.run(bad, CONTEXT)
        assert told.outcome == "raised"
        assert "the arguments of book do not fit" in told.output
    assert len(seen) == 1


async def test_async_tools_are_awaited_and_errors_are_told():
    @tool
    async def wait() -> None:
        await asyncio.sleep(0)

    @tool
    def burn() -> str:
        raise ValueError("the kitchen is on fire")

    @tool
    def stop() -> str:
        raise StopIteration

    assert (await wait.run("", CONTEXT)).output == "done"
    assert (await burn.run("{}", CONTEXT)).output == "Error: ValueError: the kitchen is on fire"
    assert (await stop.run("{}", CONTEXT)).outcome == "raised"


async def test_lookup_tells_done_not_done_and_unknown():
    def made(lookup: Any) -> Tool:
        return tool(effect="once", lookup=lookup)(lambda: "x")

    async def later(key: str) -> str:
        return f"number {key}"

    def broken(key: str) -> str:
        raise OSError("disk gone")

    key = OperationKey("k9")
    done = await made(later).look_up(key)
    assert (done.outcome, done.output) == ("done", "number k9")
    assert (await made(lambda _: None).look_up(key)).outcome == "not_done"
    assert (await made(broken).look_up(key)).outcome == "unknown"
    assert (await tool(effect="once")(lambda: "x").look_up(key)).outcome == "unknown"
