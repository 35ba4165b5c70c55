"""A restaurant that takes bookings by voice: a tool whose effect happens once, whatever dies in between.

Run it with:  segue up examples/booking.py      then say: "I'd like to book a table for four on Friday at eight."

The table is booked in a small SQLite file (`bookings.db` here, or where BOOKINGS says). Kill the core in the middle of
the booking: the next one asks `find_booking` whether it happened, and neither books twice nor forgets.
"""

import os
import sqlite3
from contextlib import closing
from datetime import date, time
from pathlib import Path

from segue.agent import Agent, ToolContext, tool

SEATS = 12
"""Guests the restaurant has room for at one time."""


def open_book() -> sqlite3.Connection:
    """The restaurant's book. `key` is the call's own name: the same call can be in it only once."""
    book = sqlite3.connect(Path(os.environ.get("BOOKINGS", "bookings.db")), timeout=10)
    book.execute(
        "CREATE TABLE IF NOT EXISTS bookings "
        "(key TEXT PRIMARY KEY, day TEXT NOT NULL, time TEXT NOT NULL, people INTEGER NOT NULL, name TEXT NOT NULL)"
    )
    return book


def find_booking(key: str) -> str | None:
    """What the call under this key booked; None if it never did."""
    with closing(open_book()) as book:
        row = book.execute("SELECT people, day, time, name FROM bookings WHERE key = ?", (key,)).fetchone()
    return confirmation(*row) if row is not None else None


@tool(effect="once", lookup=find_booking)
def book_table(context: ToolContext, day: date, time: time, people: int, name: str) -> str:
    """Book a table at the restaurant.

    Args:
        day: The day of the visit.
        time: When the guests come.
        people: How many guests come.
        name: The name for the booking.
    """
    with closing(open_book()) as book, book:
        book.execute("BEGIN IMMEDIATE")
        taken = book.execute(
            "SELECT COALESCE(SUM(people), 0) FROM bookings WHERE day = ? AND time = ?", (str(day), str(time))
        ).fetchone()[0]
        if taken + people > SEATS:
            raise ValueError(f"there are only {SEATS - taken} seats left at that time")
        values = (context.key, str(day), str(time), people, name)
        book.execute("INSERT INTO bookings VALUES (?, ?, ?, ?, ?)", values)
    return confirmation(people, str(day), str(time), name)


@tool
def free_seats(day: date, time: time) -> str:
    """Say how many seats are free at the restaurant.

    Args:
        day: The day asked about.
        time: The time asked about.
    """
    with closing(open_book()) as book:
        query = "SELECT COALESCE(SUM(people), 0) FROM bookings WHERE day = ? AND time = ?"
        taken = book.execute(query, (str(day), str(time))).fetchone()[0]
    return f"There are {SEATS - taken} free seats."


def confirmation(people: int, day: str, at: str, name: str) -> str:
    spoken_day = date.fromisoformat(day).strftime("%A, %B %-d")
    return f"The table for {people} on {spoken_day} at {at[:5]} is booked for {name}."


agent = Agent(
    name="Trattoria",
    instructions=(
        f"You take bookings for the restaurant Trattoria Sole. Today is {date.today().isoformat()}. "  # noqa: DTZ011
        "We are open from noon to eleven in the evening. Be brief and warm. Ask for what you need to book a table, "
        "one thing at a time, and say clearly what you booked."
    ),
    greeting="Trattoria Sole, good evening. Would you like to book a table?",
    tools=[book_table, free_seats],
)
