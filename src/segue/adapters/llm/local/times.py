"""Clock times and dates as people say them. No clock is read: a date becomes exact only if today's is given."""

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass

from segue.adapters.llm.local.words import numbered, word_list, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A value found in words `start`..`end` (exclusive)."""

    value: str
    start: int
    end: int


def find_time(said: Sequence[str], *, evening: bool = False) -> Span | None:
    """Find a time of day in numbered words; its value is `HH:MM` of 24 hours.

    Args:
        said: Words with digits for numbers.
        evening: An hour without am or pm means the afternoon or evening, as for dinner; else only 1-6 do.
    """
    text = " ".join(said)
    hint = _hint_of_day(said)
    for pattern, read in _CLOCKS:
        for match in pattern.finditer(text):
            found = read(match)
            if found is None:
                continue
            hour, minute, half = found
            exact = _in_24_hours(hour, half or hint, evening)
            start = text[: match.start()].count(" ")
            return Span(value=f"{exact:02d}:{minute:02d}", start=start, end=start + match[0].count(" ") + 1)
    return None


def find_date(said: Sequence[str], *, today: dt.date | None = None) -> Span | None:
    """Find a day in numbered words. Its value is an ISO date if it can be known, else the words for it."""
    text = " ".join(said)
    for pattern in _DAYS:
        if match := pattern.search(text):
            start = text[: match.start()].count(" ")
            value = _exact_day(match, today)
            return Span(value=value, start=start, end=start + match[0].count(" ") + 1)
    return None


def find_today(instructions: str) -> dt.date | None:
    """The date instructions give as today's: `Today is 2026-11-24` or `Today is Tuesday, November 24, 2026`."""
    if match := _TODAY_ISO.search(instructions):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if match := _TODAY_WORDS.search(instructions):
        month, day, year = match[1] or match[5], match[2] or match[4], match[3] or match[6]
        return _date(int(year), _MONTHS.index(month[:3].lower()) + 1, int(day))
    return None


def spoken_date(value: str) -> str:
    """An ISO date as people say it; anything else unchanged."""
    try:
        day = dt.date.fromisoformat(value)
    except ValueError:
        return value
    return f"{day:%A}, {day:%B} {day.day}"


def spoken_time(value: str) -> str:
    """`19:30` as `7:30 pm`; anything else unchanged."""
    match = re.fullmatch(r"(\d\d):(\d\d)", value)
    if match is None or int(match[1]) > _LAST_HOUR:
        return value
    hour, minute = int(match[1]), match[2]
    minutes = "" if minute == "00" else f":{minute}"
    return f"{(hour - 1) % 12 + 1}{minutes} {'am' if hour < _NOON else 'pm'}"


def said_words(text: str) -> list[str]:
    """The words `find_time` and `find_date` take."""
    return numbered(words(text))


def _hint_of_day(said: Sequence[str]) -> str | None:
    if {"evening", "tonight", "afternoon", "dinner", "night", "supper"} & set(said):
        return "pm"
    return "am" if {"morning", "breakfast"} & set(said) else None


def _in_24_hours(hour: int, half: str | None, evening: bool) -> int:
    if hour >= _NOON or hour == 0:
        return 0 if hour == _NOON and half == "am" else hour
    if half is not None:
        return hour + _NOON if half == "pm" else hour
    return hour + _NOON if evening or hour <= _AFTERNOON_LAST else hour


def _read_clock(match: re.Match[str]) -> tuple[int, int, str | None] | None:
    hour, minute = int(match[1]), int(match[2] or 0)
    return (hour, minute, match[3]) if hour <= _LAST_HOUR and minute <= _LAST_MINUTE else None


def _read_past(match: re.Match[str]) -> tuple[int, int, str | None] | None:
    hour, offset = int(match[3]), {"half": 30, "quarter": 15}.get(match[1]) or int(match[1])
    if not 1 <= hour <= _NOON or offset > _LAST_MINUTE:
        return None
    return (hour, offset, match[4]) if match[2] in ("past", "after") else ((hour - 2) % 12 + 1, 60 - offset, match[4])


def _read_named(match: re.Match[str]) -> tuple[int, int, str | None]:
    return (_NOON, 0, None) if match[1] != "midnight" else (0, 0, None)


def _exact_day(match: re.Match[str], today: dt.date | None) -> str:
    text = match[0].removeprefix("on ").removeprefix("the ")
    if re.fullmatch(r"\d{4} \d\d \d\d", text):
        return text.replace(" ", "-")
    if today is None:
        return " ".join(
            word.capitalize() if word[:3] in _MONTHS or word in _WEEKDAYS else word for word in text.split()
        )
    if text in _OFFSETS:
        return str(today + dt.timedelta(days=_OFFSETS[text]))
    for index, weekday in enumerate(_WEEKDAYS):
        if text.endswith(weekday):
            ahead = (index - today.weekday()) % 7 or 7
            return str(today + dt.timedelta(days=ahead))
    return _exact_month_day(text, today)


def _exact_month_day(text: str, today: dt.date) -> str:
    day = int(re.sub(r"\D", "", next(word for word in text.split() if word[0].isdigit())))
    month = next((_MONTHS.index(word[:3]) + 1 for word in text.split() if word[:3] in _MONTHS), None)
    if month is None:
        return text
    chosen = _date(today.year, month, day)
    if chosen is not None and chosen < today:
        chosen = _date(today.year + 1, month, day)
    return text if chosen is None else str(chosen)


def _date(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


_NOON = 12
_LAST_HOUR = 23
_LAST_MINUTE = 59
_AFTERNOON_LAST = 6
_MONTHS = word_list("jan feb mar apr may jun jul aug sep oct nov dec")
_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)"
)
_WEEKDAYS = word_list("monday tuesday wednesday thursday friday saturday sunday")
_OFFSETS = {"today": 0, "tonight": 0, "tomorrow": 1, "day after tomorrow": 2}
_HALF = r"(?: ?(am|pm))?"
_CLOCKS = (
    (re.compile(rf"(?<![\d:])(\d{{1,2}})[:.](\d\d){_HALF}(?![\d:])"), _read_clock),
    (re.compile(rf"\b(half|quarter|\d{{1,2}})(?: minutes)? (past|after|to|before) (\d{{1,2}})\b{_HALF}"), _read_past),
    (re.compile(rf"\b(\d{{1,2}}) ([0-5]\d){_HALF}\b"), _read_clock),
    (re.compile(r"\b(\d{1,2})() ?(am|pm)\b"), _read_clock),
    (re.compile(rf"\b(\d{{1,2}})() o'clock{_HALF}"), _read_clock),
    (re.compile(r"\b(noon|midday|midnight)\b"), _read_named),
    (re.compile(r"(?:\bat|\bby|\baround|\babout) (\d{1,2})()()\b(?! (?:people|guests|persons|of))"), _read_clock),
)
"""Most certain first."""
_DAYS = (
    re.compile(r"\b\d{4} \d\d \d\d\b"),
    re.compile(r"\b(?:the )?day after tomorrow\b"),
    re.compile(r"\b(?:today|tonight|tomorrow)\b"),
    re.compile(rf"\b(?:next |this |on )?(?:{'|'.join(_WEEKDAYS)})\b"),
    re.compile(rf"\b(?:on )?{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?\b"),
    re.compile(rf"\b(?:on )?(?:the )?\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH}\b"),
    re.compile(r"\b(?:on )?the \d{1,2}(?:st|nd|rd|th)\b"),
)
_TODAY = r"(?:today(?:'s date)?(?: is|:)|current date(?: is|:)|the date is)"
_TODAY_ISO = re.compile(rf"{_TODAY}\D{{0,20}}(\d{{4}})-(\d\d)-(\d\d)", re.IGNORECASE)
_TODAY_WORDS = re.compile(
    rf"{_TODAY}\s*(?:\w+day,?\s*)?(?:(?:the )?({_MONTH})\w*\s+(\d{{1,2}})\w*,?\s+(\d{{4}})"
    rf"|(?:the )?(\d{{1,2}})\w*\s+(?:of\s+)?({_MONTH})\w*,?\s+(\d{{4}}))",
    re.IGNORECASE,
)
