"""The little the responder knows by itself: sums, capitals, lengths of time, counting and spelling."""

import re

from segue.adapters.llm.local.words import numbered, phrase, words


def known_answer(question: str) -> str | None:
    """The answer, if this is one of the few things known."""
    symbols = question.replace("+", " plus ").replace("*", " times ").replace("/", " over ")
    # "Two" next to an operator is often heard as "too" or "to".
    said = _TWO_AFTER.sub(r"\1 2", _TWO_BEFORE.sub("2", " ".join(numbered(words(symbols)))))
    for answer in (_sum, _capital, _length, _count, _spell):
        if (told := answer(said)) is not None:
            return told
    return None


def _sum(said: str) -> str | None:
    match = _SUM.search(said)
    if match is None:
        return None
    left, right = float(match[1]), float(match[3])
    operation = match[2]
    if operation in ("divided by", "over") and right == 0:
        return "You can't divide by zero."
    result = {
        "plus": left + right,
        "minus": left - right,
        "times": left * right,
        "multiplied by": left * right,
    }.get(operation)
    return f"{_plain(left)} {operation} {_plain(right)} is {_plain(left / right if result is None else result)}."


def _capital(said: str) -> str | None:
    match = _CAPITAL.search(said)
    if match is None:
        return None
    country = match[1].removeprefix("the ")
    capital = _CAPITALS.get(country)
    return None if capital is None else f"The capital of {_titled(match[1])} is {capital.rstrip('.')}."


def _length(said: str) -> str | None:
    match = _HOW_MANY.search(said)
    if match is None:
        return None
    part, whole = match[1].rstrip("s"), match[2].rstrip("s")
    count = _PARTS.get((part, whole))
    article = "an" if whole == "hour" else "a"
    return None if count is None else f"There are {count} {part}s in {article} {whole}."


def _count(said: str) -> str | None:
    match = _COUNT.search(said)
    if match is None:
        return None
    last = min(int(match[1]), _COUNT_MAX)
    return ", ".join(str(number) for number in range(1, last + 1)) + "."


def _spell(said: str) -> str | None:
    match = _SPELL.search(said)
    return None if match is None else f"{match[1].capitalize()} is spelled {', '.join(match[1].upper())}."


def asks_time(question: str) -> bool:
    """Whether the question is for the time or the date now."""
    return _ASKS_TIME.search(phrase(question)) is not None


def _titled(country: str) -> str:
    return " ".join(word if word == "the" else word.capitalize() for word in country.split())


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:.2f}".rstrip("0")


_COUNT_MAX = 100
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_SUM = re.compile(rf"{_NUMBER} (plus|minus|times|multiplied by|divided by|over) {_NUMBER}")
_TWO_BEFORE = re.compile(r"\btoo?\b(?= (?:plus|minus|times|divided by|multiplied by|over) )")
_TWO_AFTER = re.compile(r"\b(plus|minus|times|divided by|multiplied by) too?\b")
_CAPITAL = re.compile(r"\bcapital(?: city)? of ((?:the )?[a-z]+(?: [a-z]+)?)")
_HOW_MANY = re.compile(r"\bhow many (seconds|minutes|hours|days|weeks|months) (?:are |there )*in an? ([a-z]+)")
_COUNT = re.compile(r"\bcount (?:up )?(?:from 1 )?to (\d{1,4})\b")
_SPELL = re.compile(r"\bspell (?:the word )?([a-z]{2,30})\b")
_ASKS_TIME = re.compile(
    r" (?:what time is it|what's the time|what is the time|what is the date|what's the date|what day is it"
    r"|what is today|what's today|what is today's date|what's today's date|time is it) "
)
_PARTS = {
    ("second", "minute"): 60,
    ("second", "hour"): 3600,
    ("second", "day"): 86400,
    ("minute", "hour"): 60,
    ("minute", "day"): 1440,
    ("hour", "day"): 24,
    ("hour", "week"): 168,
    ("day", "week"): 7,
    ("day", "year"): 365,
    ("week", "year"): 52,
    ("month", "year"): 12,
}
_CAPITALS = {
    "argentina": "Buenos Aires", "australia": "Canberra", "austria": "Vienna", "belgium": "Brussels",
    "brazil": "Brasilia", "canada": "Ottawa", "chile": "Santiago", "china": "Beijing", "croatia": "Zagreb",
    "cuba": "Havana", "denmark": "Copenhagen", "egypt": "Cairo", "england": "London", "finland": "Helsinki",
    "france": "Paris", "germany": "Berlin", "greece": "Athens", "hungary": "Budapest", "iceland": "Reykjavik",
    "india": "New Delhi", "indonesia": "Jakarta", "ireland": "Dublin", "italy": "Rome", "japan": "Tokyo",
    "kenya": "Nairobi", "mexico": "Mexico City", "morocco": "Rabat", "netherlands": "Amsterdam",
    "new zealand": "Wellington", "nigeria": "Abuja", "norway": "Oslo", "peru": "Lima", "poland": "Warsaw",
    "portugal": "Lisbon", "scotland": "Edinburgh", "south korea": "Seoul", "spain": "Madrid", "sweden": "Stockholm",
    "switzerland": "Bern", "thailand": "Bangkok", "turkey": "Ankara", "ukraine": "Kyiv",
    "united kingdom": "London", "united states": "Washington, D.C.", "vietnam": "Hanoi", "wales": "Cardiff",
}  # fmt: skip
