"""Values for a tool's parameters, found in what the user said. A parameter's JSON Schema says what to look for."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from segue.adapters.llm.local.memory import find_name
from segue.adapters.llm.local.times import find_date, find_time, said_words
from segue.adapters.llm.local.words import has_any, is_question, phrase, spoken_list, stem, straight, words

Value = str | int | float | bool


class Kind(StrEnum):
    """What a parameter holds."""

    CHOICE = "choice"
    YES_NO = "yes_no"
    NUMBER = "number"
    TIME = "time"
    DATE = "date"
    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    PLACE = "place"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One parameter of a tool."""

    name: str
    kind: Kind
    description: str
    required: bool
    choices: tuple[str, ...] = ()
    whole: bool = False
    """Numbers only: without a fraction."""

    @property
    def spoken(self) -> str:
        """Its name as people say it."""
        return " ".join(_parts(self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """One thing the user said, and how to take it."""

    text: str
    asked: Slot | None
    """The parameter the agent had just asked for."""
    today: dt.date | None
    evening: bool


def slots_of(parameters: Mapping[str, Any]) -> list[Slot]:
    """Read the parameters of a tool from its JSON Schema; what cannot be spoken of (objects, lists) is left out."""
    properties = parameters.get("properties")
    required = parameters.get("required")
    needed = set(required) if isinstance(required, list) else set()
    found = []
    for name, schema in (properties if isinstance(properties, dict) else {}).items():
        if isinstance(schema, dict) and (kind := _kind(name, schema)) is not None:
            found.append(_slot(name, kind, schema, name in needed))
    return found


def fill(slots: list[Slot], hearing: Hearing) -> dict[str, Value]:
    """Return the values of `slots` that `hearing` holds."""
    values: dict[str, Value] = {}
    for slot in slots:
        value = _READERS[slot.kind](slot, hearing, slots)
        if value is not None:
            values[slot.name] = value
    return values


def question_for(slot: Slot) -> str:
    """Ask for one parameter."""
    spoken = slot.spoken
    match slot.kind:
        case Kind.CHOICE:
            return f"Which {spoken} would you like: {spoken_list(slot.choices, last='or')}?"
        case Kind.YES_NO:
            return f"{spoken.capitalize()}: yes or no?"
        case Kind.TIME:
            return "At what time?"
        case Kind.DATE:
            return "For which day?"
        case Kind.NAME:
            return "What name should I put it under?" if spoken == "name" else f"What is the {spoken}?"
        case Kind.PHONE:
            return "What phone number can I note?"
        case Kind.EMAIL:
            return "What is the email address?"
        case Kind.NUMBER if _is_people(slot):
            return "For how many people?"
        case Kind.NUMBER if _unit_of(slot) is not None:
            return f"For how many {_unit_of(slot)}?"
        case Kind.PLACE:
            return f"Which {spoken}?"
        case _:
            return f"What {spoken} would you like?"


def _slot(name: str, kind: Kind, schema: Mapping[str, Any], required: bool) -> Slot:
    choices = tuple(str(choice) for choice in schema.get("enum") or ())
    description = schema.get("description")
    return Slot(
        name=name,
        kind=kind,
        description=description if isinstance(description, str) else "",
        required=required,
        choices=choices,
        whole=_type(schema) == "integer",
    )


def _kind(name: str, schema: Mapping[str, Any]) -> Kind | None:
    kind = _type(schema)
    if isinstance(schema.get("enum"), list):
        return Kind.CHOICE
    if kind in ("integer", "number"):
        return Kind.NUMBER
    if kind == "boolean":
        return Kind.YES_NO
    if kind != "string":
        return None
    if (told := _FORMATS.get(str(schema.get("format")))) is not None:
        return told
    parts = set(_parts(name))
    return next((meant for meant, known in _NAMED if parts & known), Kind.TEXT)


def _type(schema: Mapping[str, Any]) -> str | None:
    """The type, also of `["string", "null"]` and of `anyOf` with null, as generators of schemas write optional ones."""
    told = schema.get("type")
    if isinstance(told, list):
        return next((str(one) for one in told if one != "null"), None)
    if told is None and isinstance(schema.get("anyOf"), list):
        return next((_type(one) for one in schema["anyOf"] if isinstance(one, dict) and _type(one) != "null"), None)
    return told if isinstance(told, str) else None


def _read_choice(slot: Slot, hearing: Hearing, _: list[Slot]) -> Value | None:
    said = phrase(hearing.text)
    stems = {stem(word) for word in words(hearing.text)}
    for choice in sorted(slot.choices, key=len, reverse=True):
        wanted = words(choice.replace("_", " "))
        if has_any(said, [" ".join(wanted)]) or {stem(word) for word in wanted} <= stems:
            return choice
    return None


def _read_yes_no(slot: Slot, hearing: Hearing, _: list[Slot]) -> Value | None:
    said = phrase(hearing.text)
    if slot is hearing.asked:
        if has_any(said, NO):
            return False
        return True if has_any(said, YES) else None
    told = {stem(part) for part in _parts(slot.name)} - _EMPTY_PARTS
    mentioned = told & {stem(word) for word in words(hearing.text)}
    return not has_any(said, ("no", "not", "without", "don't")) if mentioned else None


def _read_number(slot: Slot, hearing: Hearing, slots: list[Slot]) -> Value | None:
    said = said_words(hearing.text)
    unit = _unit_of(slot)
    if unit is not None and (amount := _amount(said, unit)) is not None:
        return _number(amount, slot)
    text = _without_times(said, hearing)
    if _is_people(slot) and (match := _PEOPLE.search(text)):
        return _number(float(next(group for group in match.groups() if group)), slot)
    named = re.search(
        rf"\b(?:{'|'.join(re.escape(part) for part in _parts(slot.name))})(?: of| is)? (\d+(?:\.\d+)?)", text
    )
    if named:
        return _number(float(named[1]), slot)
    numbers = _NUMBER.findall(text)
    alone = sum(other.kind is Kind.NUMBER for other in slots) == 1 and len(numbers) == 1
    if numbers and (slot is hearing.asked or (alone and unit is None and not _is_people(slot))):
        return _number(float(numbers[0]), slot)
    return None


def _read_time(slot: Slot, hearing: Hearing, _: list[Slot]) -> Value | None:
    said = said_words(hearing.text)
    # A bare "8" answers "at what time?", and means nothing elsewhere.
    asked = slot is hearing.asked and len(said) <= _BARE_ANSWER_WORDS_MAX and not {"at", "by"} & set(said)
    found = find_time(said, evening=hearing.evening)
    if found is None and asked:
        found = find_time(["at", *[word for word in said if word[0].isdigit()]], evening=hearing.evening)
    return None if found is None else found.value


def _read_date(slot: Slot, hearing: Hearing, _: list[Slot]) -> Value | None:
    found = find_date(said_words(hearing.text), today=hearing.today)
    return None if found is None else found.value


def _read_name(slot: Slot, hearing: Hearing, _: list[Slot]) -> Value | None:
    text = straight(hearing.text)
    if (name := find_name(text)) is not None:
        return name
    if match := _UNDER_NAME.search(text):
        return match[1]
    if slot is not hearing.asked or is_question(text):
        return None
    said = [word for word in re.findall(r"[^\W\d_][\w'-]*", text) if word.lower() not in _NAME_FILLERS]
    return " ".join(word[:1].upper() + word[1:] for word in said) if 0 < len(said) <= _NAME_WORDS_MAX else None


def _read_phone(_slot: Slot, hearing: Hearing, _: list[Slot]) -> Value | None:
    spoken = ["0" if word in ("oh", "o") else word for word in said_words(hearing.text)]
    runs = re.findall(r"(?:\d+ ?)+", " ".join(spoken))
    digits = max((run.replace(" ", "") for run in runs), key=len, default="")
    return digits if len(digits) >= _PHONE_DIGITS_MIN else None


def _read_email(_slot: Slot, hearing: Hearing, _: list[Slot]) -> Value | None:
    text = re.sub(r"\s+dot\s+", ".", re.sub(r"\s+at\s+", "@", hearing.text.lower()))
    match = _EMAIL.search(text)
    return match[0].rstrip(".") if match else None


def _read_place(slot: Slot, hearing: Hearing, slots: list[Slot]) -> Value | None:
    if match := _IN_PLACE.search(straight(hearing.text)):
        return match[1]
    return _read_text(slot, hearing, slots)


def _read_text(slot: Slot, hearing: Hearing, _: list[Slot]) -> Value | None:
    if slot is not hearing.asked or is_question(hearing.text):
        return None
    return _LEAD_IN.sub("", straight(hearing.text)).strip(" .!,") or None


def _amount(said: list[str], unit: str) -> float | None:
    """The length of time in `said`, in `unit`s."""
    text = re.sub(r"\bhalf an hour\b", "30 minutes", " ".join(said))
    total = 0.0
    for amount, _, named in _LENGTH.findall(text):
        total += (float(amount) if amount not in ("a", "an") else 1.0) * _UNIT_SECONDS[named]
    return total / _UNIT_SECONDS[unit.removesuffix("s")] if total else None


def _without_times(said: list[str], hearing: Hearing) -> str:
    """The words that are not part of a time or a date, whose numbers mean nothing else."""
    rest = list(said)
    # The later span is removed first, so that the earlier one's place stays right.
    spans = [find_time(rest, evening=hearing.evening), find_date(rest)]
    for span in sorted((span for span in spans if span is not None), key=lambda span: -span.start):
        rest[span.start : span.end] = []
    return " ".join(rest)


def _number(value: float, slot: Slot) -> int | float:
    return int(value) if slot.whole or value == int(value) else value


def _is_people(slot: Slot) -> bool:
    return bool({"people", "party", "guests", "persons", "seats", "size", "covers", "diners"} & set(_parts(slot.name)))


def _unit_of(slot: Slot) -> str | None:
    told = {*_parts(slot.name), *words(slot.description)}
    return next((unit for unit in ("seconds", "minutes", "hours") if unit in told), None)


def _parts(name: str) -> list[str]:
    return words(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").replace("-", " "))


_READERS: dict[Kind, Callable[[Slot, Hearing, list[Slot]], Value | None]] = {
    Kind.CHOICE: _read_choice,
    Kind.YES_NO: _read_yes_no,
    Kind.NUMBER: _read_number,
    Kind.TIME: _read_time,
    Kind.DATE: _read_date,
    Kind.NAME: _read_name,
    Kind.PHONE: _read_phone,
    Kind.EMAIL: _read_email,
    Kind.PLACE: _read_place,
    Kind.TEXT: _read_text,
}
_FORMATS = {"time": Kind.TIME, "date": Kind.DATE, "email": Kind.EMAIL}
_NAMED = (
    (Kind.TIME, {"time", "hour", "at"}),
    (Kind.DATE, {"date", "day"}),
    (Kind.PHONE, {"phone", "telephone", "mobile"}),
    (Kind.EMAIL, {"email", "mail"}),
    (Kind.PLACE, {"city", "place", "location", "town", "country", "region"}),
    (Kind.NAME, {"name", "guest", "customer", "caller"}),
)
YES = ("yes", "yeah", "yep", "sure", "please", "okay", "ok", "correct", "right", "definitely", "of course")
NO = ("no", "nope", "not", "don't", "no thanks")
_EMPTY_PARTS = {stem(word) for word in ("is", "has", "wants", "with", "needs", "should", "flag")}
_PEOPLE = re.compile(
    r"\b(?:(?:table|party|group|booking|book|reservation|room|seats?|place) (?:for|of) (\d+)\b"
    r"|(\d+) (?:of us|people|persons?|guests?|adults|seats|diners)\b"
    r"|\bfor (\d+)\b(?! (?:minutes?|hours?|days?|nights?)))"
)
_NUMBER = re.compile(r"(?<![\d:.])\d+(?:\.\d+)?(?![\d:])")
_BARE_ANSWER_WORDS_MAX = 6
_NAME_WORDS_MAX = 4
_PHONE_DIGITS_MIN = 6
_NAME_FILLERS = frozenset(
    {"it's", "it", "is", "the", "name", "under", "put", "please", "just", "um", "uh", "for", "my", "yes", "sure", "i'm"}
    | {"i", "am", "make", "that", "thanks", "of", "oh", "well", "okay", "ok", "use", "call", "me", "hello", "hi"}
)
_UNDER_NAME = re.compile(r"\b(?:[Uu]nder|name of|on behalf of|[Ff]or) ([A-Z][a-z'-]+(?: [A-Z][a-z'-]+)?)\b(?<!day)")
_IN_PLACE = re.compile(r"\b(?:in|for|at|near|around|to) ([A-Z][\w'-]+(?: [A-Z][\w'-]+){0,2})")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LEAD_IN = re.compile(
    r"^(?:(?:um|uh|well|okay|ok|yes|yeah|sure|please)[, ]+)*"
    r"(?:it's |it is |that's |i'd like |i would like |i'll have |i'll take |i want |make it |let's say |say )?",
    re.IGNORECASE,
)
_LENGTH = re.compile(r"\b(\d+(?:\.\d+)?|an?)( more)? (second|minute|hour)s?\b")
_UNIT_SECONDS = {"second": 1, "minute": 60, "hour": 3600}
