import datetime as dt

import pytest

from segue.adapters.llm.local.slots import Hearing, Kind, Slot, fill, question_for, slots_of


def slot(name: str, schema: dict[str, object]) -> Slot:
    return slots_of({"properties": {name: schema}, "required": [name]})[0]


def heard(name: str, schema: dict[str, object], text: str, *, asked: bool = False, evening: bool = False) -> object:
    made = slot(name, schema)
    hearing = Hearing(text=text, asked=made if asked else None, today=dt.date(2026, 11, 24), evening=evening)
    return fill([made], hearing).get(name)


INTEGER = {"type": "integer"}
STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("name", "schema", "kind"),
    [
        ("people", INTEGER, Kind.NUMBER),
        ("party_size", {"type": ["integer", "null"]}, Kind.NUMBER),
        ("note", {"anyOf": [{"type": "string"}, {"type": "null"}]}, Kind.TEXT),
        ("vegan", {"type": "boolean"}, Kind.YES_NO),
        ("startTime", STRING, Kind.TIME),
        ("when", {"type": "string", "format": "date"}, Kind.DATE),
        ("day", STRING, Kind.DATE),
        ("customer_name", STRING, Kind.NAME),
        ("phone_number", STRING, Kind.PHONE),
        ("email", STRING, Kind.EMAIL),
        ("city", STRING, Kind.PLACE),
        ("size", {"enum": ["small", "large"]}, Kind.CHOICE),
    ],
)
def test_kinds(name: str, schema: dict[str, object], kind: Kind) -> None:
    assert slot(name, schema).kind is kind


@pytest.mark.parametrize("parameters", [{}, {"properties": 3}, {"properties": {"a": 1}}, {"properties": {"a": {}}}])
def test_schemas_that_hold_nothing(parameters: dict[str, object]) -> None:
    assert slots_of(parameters) == []


@pytest.mark.parametrize(
    ("text", "asked", "people"),
    [
        ("A table for two, please.", False, 2),
        ("We are four people.", False, 4),
        ("party of 12", False, 12),
        ("For three at 7:30.", False, 3),
        ("At eight tomorrow.", False, None),
        ("Two.", True, 2),
        ("Me and my wife.", True, None),
    ],
)
def test_people(text: str, asked: bool, people: int | None) -> None:
    assert heard("people", INTEGER, text, asked=asked) == people


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("minutes", "Set a timer for 5 minutes.", 5),
        ("minutes", "for an hour", 60),
        ("seconds", "one minute and 30 seconds", 90),
        ("minutes", "half an hour", 30),
        ("minutes", "soon", None),
    ],
)
def test_lengths_of_time(name: str, text: str, value: int | None) -> None:
    assert heard(name, {"type": "number"}, text) == value


def test_named_and_plain_numbers() -> None:
    assert heard("amount", INTEGER, "the amount is 40") == 40
    assert heard("amount", {"type": "number"}, "2.5", asked=True) == 2.5
    assert heard("amount", INTEGER, "I'd say 12", asked=False) == 12


@pytest.mark.parametrize(
    ("text", "asked", "value"),
    [("At 7:30.", False, "19:30"), ("Eight.", True, "20:00"), ("Eight.", False, None), ("Make it 9.", True, "21:00")],
)
def test_times(text: str, asked: bool, value: str | None) -> None:
    assert heard("time", STRING, text, asked=asked, evening=True) == value


def test_dates() -> None:
    assert heard("date", STRING, "tomorrow") == "2026-11-25"
    assert heard("date", STRING, "sometime") is None


@pytest.mark.parametrize(
    ("text", "asked", "name"),
    [
        ("My name is Ada.", False, "Ada"),
        ("Under Smith, please.", False, "Smith"),
        ("ada lovelace", True, "Ada Lovelace"),
        ("It's Bob.", True, "Bob"),
        ("Bob", False, None),
        ("What's that?", True, None),
        ("I don't really want to give you that now.", True, None),
    ],
)
def test_names(text: str, asked: bool, name: str | None) -> None:
    assert heard("name", STRING, text, asked=asked) == name


@pytest.mark.parametrize(
    ("text", "asked", "answer"),
    [("Yes, please.", True, True), ("No thanks.", True, False), ("Hm.", True, None), ("Vegan, please.", False, True)],
)
def test_yes_no(text: str, asked: bool, answer: bool | None) -> None:
    assert heard("vegan", {"type": "boolean"}, text, asked=asked) is answer


def test_negated_mention() -> None:
    assert heard("with_milk", {"type": "boolean"}, "A coffee without milk.") is False


def test_choices() -> None:
    schema = {"enum": ["small", "extra_large", "large"]}
    assert heard("size", schema, "An extra large one.") == "extra_large"
    assert heard("size", schema, "The large one.") == "large"
    assert heard("size", schema, "Whatever.") is None


def test_phone_email_place_text() -> None:
    assert heard("phone", STRING, "It's five five five oh one two three.") == "5550123"
    assert heard("phone", STRING, "555 0100 200") == "5550100200"
    assert heard("phone", STRING, "for two") is None
    assert heard("email", STRING, "ada at example dot com") == "ada@example.com"
    assert heard("email", STRING, "no mail") is None
    assert heard("city", STRING, "What's the weather in New York?") == "New York"
    assert heard("city", STRING, "Lisbon.", asked=True) == "Lisbon"
    assert heard("topping", STRING, "I'd like extra cheese.", asked=True) == "extra cheese"
    assert heard("topping", STRING, "Extra cheese.") is None


@pytest.mark.parametrize(
    ("name", "schema", "words"),
    [
        ("people", INTEGER, "how many people"),
        ("minutes", INTEGER, "how many minutes"),
        ("count", INTEGER, "What count"),
        ("size", {"enum": ["small", "large"]}, "small or large"),
        ("vegan", {"type": "boolean"}, "yes or no"),
        ("time", STRING, "what time"),
        ("date", STRING, "which day"),
        ("name", STRING, "What name"),
        ("guest_name", STRING, "guest name"),
        ("phone", STRING, "phone"),
        ("email", STRING, "email"),
        ("city", STRING, "Which city"),
        ("topping", STRING, "topping"),
    ],
)
def test_questions(name: str, schema: dict[str, object], words: str) -> None:
    question = question_for(slot(name, schema))
    assert words in question
    assert question.endswith("?")
