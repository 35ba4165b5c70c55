"""Signatures into schemas."""

import json
import threading
from datetime import date, time
from enum import Enum
from typing import Annotated, Any, Literal

import pytest

from segue.agent import ToolContext, tool
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
    assert "test_schema.py" in str(caught.value)


@pytest.mark.parametrize(("said", "heard"), [("20:00", "20:00:00"), ("20:00:30", "20:00:30"), ("20:00Z", "20:00:00Z")])
async def test_times_need_no_seconds(said: str, heard: str):
    @tool
    def at(when: time | None) -> str:
        assert when is not None
        return when.isoformat().replace("+00:00", "Z")

    assert (await at.run(json.dumps({"when": said}), CONTEXT)).output == heard
    assert (await at.run('{"when": "eight"}', CONTEXT)).outcome == "raised"
