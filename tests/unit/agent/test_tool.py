"""Tools: signatures into schemas, arguments into calls, results and failures into words."""

import asyncio
import json
import threading
from datetime import date, time
from enum import Enum
from typing import Annotated, Any, Literal

import pytest

from segue.agent import Tool, ToolContext, tool
from segue.model.errors import ConfigError
from segue.model.ids import OperationKey, SessionId

CONTEXT = ToolContext(key=OperationKey("k1"), session=SessionId("sess_a"))


class Area(Enum):
    INSIDE = "inside"
    GARDEN = "garden"


def test_schema_comes_from_signature_and_docstring():
    @tool(effect="once")
    def book(day: date, people: int, area: Area = Area.INSIDE, note: str | None = None) -> str:
        """Book a table.

        More about it.

        Args:
            day: The day
                of the visit.
            people: How many come.

        Returns:
            A number.
        """
        return "7"

    assert book.name == "book"
    assert book.description == "Book a table.\n\nMore about it."
    properties = book.parameters["properties"]
    assert book.parameters["required"] == ["day", "people"]
    assert properties["day"] == {"type": "string", "format": "date", "description": "The day of the visit."}
    assert properties["people"] == {"type": "integer", "description": "How many come."}
    assert properties["area"]["enum"] == ["garden", "inside"]
    assert "$ref" not in json.dumps(book.parameters)


def test_annotated_text_describes():
    @tool
    def look(city: Annotated[str, "Where"], unit: Literal["c", "f"] = "c") -> str:
        """Look."""
        return city

    assert look.parameters["properties"]["city"] == {"type": "string", "description": "Where"}
    assert look.parameters["properties"]["unit"]["enum"] == ["c", "f"]
    assert look.effect == "idempotent"
    assert look("Ulm") == "Ulm"


def untyped(city):
    return city


def starred(*cities: str) -> str:
    return ""


def odd(thing: threading.Thread) -> str:
    return ""


@pytest.mark.parametrize(
    ("function", "said"),
    [(untyped, "no type hint"), (starred, "ordinary named"), (odd, "JSON cannot carry")],
)
def test_a_function_that_cannot_be_offered_is_refused(function: Any, said: str):
    with pytest.raises(ConfigError, match=said) as caught:
        tool(function)
    assert "test_tool.py" in str(caught.value)


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


@pytest.mark.parametrize(("said", "heard"), [("20:00", "20:00:00"), ("20:00:30", "20:00:30"), ("20:00Z", "20:00:00Z")])
async def test_times_need_no_seconds(said: str, heard: str):
    @tool
    def at(when: time | None) -> str:
        assert when is not None
        return when.isoformat().replace("+00:00", "Z")

    assert (await at.run(json.dumps({"when": said}), CONTEXT)).output == heard
    assert (await at.run('{"when": "eight"}', CONTEXT)).outcome == "raised"


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
