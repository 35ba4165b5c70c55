import datetime as dt

import pytest

from segue.adapters.llm.local.times import find_date, find_time, find_today, said_words, spoken_date, spoken_time

TUESDAY = dt.date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("At 7:30.", "07:30"),
        ("At 7:30 p.m.", "19:30"),
        ("seven thirty in the evening", "19:30"),
        ("Half past seven tonight.", "19:30"),
        ("quarter to eight pm", "19:45"),
        ("ten past nine am", "09:10"),
        ("8 o'clock", "08:00"),
        ("at two", "14:00"),
        ("noon", "12:00"),
        ("at midnight", "00:00"),
        ("12 am", "00:00"),
        ("19:45", "19:45"),
        ("quarter to one pm", "12:45"),
        ("at 8 people", None),
        ("for two", None),
        ("25:70", None),
    ],
)
def test_find_time(text: str, expected: str | None) -> None:
    found = find_time(said_words(text))
    assert (found.value if found else None) == expected


def test_dinner_is_in_the_evening() -> None:
    found = find_time(said_words("at eight"), evening=True)
    assert found is not None
    assert found.value == "20:00"


@pytest.mark.parametrize(
    ("text", "known", "unknown"),
    [
        ("today", "2026-11-24", "today"),
        ("tomorrow evening", "2026-11-25", "tomorrow"),
        ("the day after tomorrow", "2026-11-26", "day after tomorrow"),
        ("On Friday.", "2026-11-27", "Friday"),
        ("next Tuesday", "2026-12-01", "next Tuesday"),
        ("December 3rd", "2026-12-03", "December 3rd"),
        ("the third of January", None, None),
        ("3 January", "2027-01-03", "3 January"),
        ("2026-12-24", "2026-12-24", "2026-12-24"),
    ],
)
def test_find_date(text: str, known: str | None, unknown: str | None) -> None:
    exact = find_date(said_words(text), today=TUESDAY)
    loose = find_date(said_words(text))
    assert (exact.value if exact else None) == known
    assert (loose.value if loose else None) == unknown


@pytest.mark.parametrize(
    "text",
    [
        "Today is 2026-11-24.",
        "Today is Tuesday, November 24, 2026.",
        "Today's date: 24 November 2026",
        "today is the 24th of November, 2026",
    ],
)
def test_find_today(text: str) -> None:
    assert find_today(text) == TUESDAY


def test_today_unknown_or_impossible() -> None:
    assert find_today("Be brief.") is None
    assert find_today("Today is 2026-13-44") is None


def test_spoken() -> None:
    assert [spoken_time(value) for value in ("19:30", "00:00", "12:05", "99:99", "soon")] == [
        "7:30 pm", "12 am", "12:05 pm", "99:99", "soon",
    ]  # fmt: skip
    assert spoken_date("2026-11-24") == "Tuesday, November 24"
    assert spoken_date("tomorrow") == "tomorrow"
