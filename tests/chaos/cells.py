"""One cell of the chaos table: a conversation of two turns, one death in it, and what the ear noticed.

The answer of the dialogue model is known, so what was heard can be held against what should have been: by the local
recogniser for words, by the player's schedule for gaps. The journal says how often each operation was run.
"""

import asyncio
import itertools
import json
import os
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from segue.adapters.clock.system import SystemClock
from segue.client.caller import Caller, CallReport, TranscriptEntry
from segue.client.connection import ConnectionConfig
from segue.client.microphone import Microphone
from segue.model.time import NS_PER_MS
from tests.support.dialogue import FakeDialogue
from tests.support.fake_providers import Behaviour, Call, Say
from tests.support.processes import Role, RunningSegue
from tests.support.speaking import Speaking, compare, words_of

Phase = Literal["idle", "user speaking", "model thinking", "agent speaking", "agent beginning"]
PHASES: tuple[Phase, ...] = ("idle", "user speaking", "model thinking", "agent speaking", "agent beginning")
"""`agent beginning`: its first words are heard while the model still finds the others, so that nothing is ahead."""

GREETING = "Hello, this is the clerk."
QUESTION = "Tell me about the weather in the mountains."
ANSWER = "Snow fell on the northern slopes this morning. Later the sun will warm the valley."
FAREWELL = "Thank you, and goodbye."
LAST = "You are welcome."
ANSWERS: dict[str, Behaviour] = {
    "weather": Say(text=ANSWER, latency_ms=250),
    "bye": Say(text=LAST, latency_ms=100),
    "charge": Call(name="charge", arguments={"euros": 20}),
}

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "1"))
"""How often each cell is run; each round strikes at other instants. One round is short: it leaves cells out."""


@dataclass(slots=True)
class Cell:
    """What came of one conversation."""

    name: str
    round: int
    report: CallReport
    events: list[dict[str, Any]]
    takeover_ms: float | None = None
    gap_ms: float = 0.0
    answered_after_ms: float | None = None
    lost: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    chat_runs: dict[str, int] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        return {
            "cell": self.name,
            "round": self.round,
            "takeover_ms": self.takeover_ms,
            "gap_ms": round(self.gap_ms),
            "answered_after_ms": self.answered_after_ms,
            "words_lost": len(self.lost),
            "words_repeated": len(self.repeated),
            "reconnects": self.report.reconnects,
            "generate_runs_max": max(self.chat_runs.values(), default=0),
            "hops": len(self.report.turns),
        }


CELLS_DONE: list[dict[str, Any]] = []
"""Rows of the table printed at the end."""


class Conversation:
    """A caller, and the moment at which something dies."""

    def __init__(self, segue: RunningSegue, speaking: Speaking, dialogue: FakeDialogue, strike_at: Phase) -> None:
        self.segue = segue
        self.speaking = speaking
        self.dialogue = dialogue
        self.strike_at = strike_at
        self.events: list[dict[str, Any]] = []
        self.caller = Caller(ConnectionConfig(edges=(segue.url,), token=segue.api_key), SystemClock())
        self.caller.on_event = lambda event: self.events.append(dict(event))
        self.question_ended_ns = 0

    async def hold(self, strike: Callable[[], None], jitter_s: float) -> None:
        """Two turns; `strike` is called once, in the chosen phase."""
        question, farewell = await self.speaking.pcm(QUESTION), await self.speaking.pcm(FAREWELL)
        async with self.caller.talking() as microphone:
            assert await self.caller._answer_over(0), "no greeting"
            if self.strike_at == "idle":
                await asyncio.sleep(0.3 + jitter_s)
                strike()
                await asyncio.sleep(0.1)
            await self.ask(microphone, question, strike, jitter_s)
            await self.caller._answer_over(1)
            await asyncio.sleep(0.4)
            microphone.say(farewell)
            await microphone.spoken()
            await self.caller._answer_over(2)
            await self.awaited(lambda: len(self.of("segue.turn.hops")) == 2)
            await self.awaited(lambda: all(entry.heard == entry.text for entry in self.agent_entries()))

    async def ask(self, microphone: Microphone, question: bytes, strike: Callable[[], None], jitter_s: float) -> None:
        microphone.say(question)
        if self.strike_at == "user speaking":
            await asyncio.sleep(len(question) / 48_000 * 0.4 + jitter_s)
            strike()
        await microphone.spoken()
        self.question_ended_ns = time.monotonic_ns()
        if self.strike_at == "model thinking":
            await self.caller._wait(lambda: self.of("input_audio_buffer.committed") != [], "the turn to be committed")
            await asyncio.sleep(jitter_s / 4)
            strike()
        if self.strike_at in ("agent speaking", "agent beginning"):
            before = self.caller._current_item
            await self.caller._wait(lambda: self.caller._current_item != before, "an answer")
            await self.caller._wait(lambda: self.caller._played_ms() > 700 + jitter_s * 1000, "an answer")
            strike()

    async def awaited(self, condition: Callable[[], bool], within_ms: int = 4_000) -> None:
        """Give what comes after the end a moment; its absence is the tests' business."""
        self.caller.config.answer_timeout_ms = within_ms
        errors = len(self.caller.report.errors)
        await self.caller._wait(condition, "the end")
        del self.caller.report.errors[errors:]

    def agent_entries(self) -> list[TranscriptEntry]:
        return [entry for entry in self.caller.report.transcript if entry.role == "agent"]

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


async def run_cell(
    segue: RunningSegue,
    speaking: Speaking,
    dialogue: FakeDialogue,
    *,
    name: str,
    phase: Phase,
    number: int,
    strike: Callable[[], None],
) -> Cell:
    """Hold the conversation, and hold what was heard against what was said."""
    latency_ms = 1_500 if phase == "model thinking" else 250
    dialogue.answers["weather"] = Say(
        text=ANSWER, latency_ms=latency_ms, gap_ms=250 if phase == "agent beginning" else 0
    )
    talk = Conversation(segue, speaking, dialogue, phase)
    away_before = away_s(segue)
    await talk.hold(strike, random.Random(f"{name} {number}").uniform(0, 0.4) if number else 0.1)
    cell = Cell(name=f"{name}, {phase}", round=number, report=talk.caller.report, events=talk.events)
    await judge(cell, talk)
    away_after = away_s(segue)
    if cell.report.reconnects:
        cell.takeover_ms = round_ms(cell.report.longest_reconnect_ms)
    elif away_before is not None and away_after is not None and away_after > away_before:
        cell.takeover_ms = round_ms((away_after - away_before) * 1000)
    CELLS_DONE.append(cell.row())
    save(CELLS_DONE)
    return cell


async def judge(cell: Cell, talk: Conversation) -> None:
    player, report = talk.caller.player, cell.report
    answer = next((entry for entry in report.transcript if entry.role == "agent" and "Snow" in entry.text), None)
    spans = [span for span in player._spans if answer is not None and span.item_id == answer.item_id]
    gaps = [later.at_ns - earlier.end_ns for earlier, later in itertools.pairwise(spans)]
    cell.gap_ms = max(gaps, default=0) / NS_PER_MS
    if spans and talk.question_ended_ns:
        cell.answered_after_ms = round_ms((spans[0].at_ns - talk.question_ended_ns) / NS_PER_MS)
    said = [word for text in (GREETING, ANSWER, LAST) for word in words_of(text)]
    assert report.heard is not None
    difference = compare(said, await talk.speaking.words(report.heard))
    cell.lost, cell.repeated = difference.lost, difference.repeated
    cell.chat_runs = dict(talk.dialogue.calls_by_key)


def faults_of(cell: Cell, *, hops_due: int = 2) -> list[str]:
    """What must hold whatever died and does not: nothing lost, nothing twice, nothing out of order."""
    faults: list[str] = []
    events, report = cell.events, cell.report

    def ought(holds: bool, what: object) -> None:
        if not holds:
            faults.append(str(what))

    ids = [event["event_id"] for event in events]
    ought(len(set(ids)) == len(ids), f"events repeated: {[each for each, n in Counter(ids).items() if n > 1]}")
    for kind, inside in (
        ("response.created", "response"),
        ("response.done", "response"),
        ("response.output_item.done", "item"),
        ("conversation.item.added", "item"),
        ("conversation.item.done", "item"),
    ):
        named = Counter(event[inside]["id"] for event in events if event["type"] == kind)
        ought(all(count == 1 for count in named.values()), f"{kind} twice: {named}")
    ought(len([event for event in events if event["type"] == "session.created"]) == 1, "session.created not once")
    users = [entry.text for entry in report.transcript if entry.role == "user"]
    agents = [entry.text for entry in report.transcript if entry.role == "agent"]
    ought(agents == [GREETING, ANSWER, LAST], f"the agent said {agents}")
    ought(len(users) == 2, f"the user was heard as {users}")
    for line, heard in zip((QUESTION, FAREWELL), users, strict=False):
        wrong = compare(words_of(line), words_of(heard))
        ought(not wrong.lost and not wrong.repeated, f"said {line!r}, heard {heard!r}")
    ought(not report.errors, f"errors: {report.errors}")
    ought(not cell.lost, f"the ear missed {cell.lost}")
    ought(not cell.repeated, f"the ear had twice {cell.repeated}")
    for entry in report.transcript:
        if entry.role == "agent":
            ought(entry.heard == entry.text and not entry.is_cut, f"heard of {entry.text!r}: {entry.heard!r}")
    ought(len(report.turns) >= hops_due, f"hops reported for {len(report.turns)} of 2 turns")
    return faults


def told_the_model(dialogue: FakeDialogue) -> list[tuple[str, str]]:
    """The history in the last request: what the conversation is, as far as the model knows."""
    body = dialogue.bodies["chat"][-1]
    return [(each["role"], each.get("content") or "") for each in body["messages"] if each["role"] != "system"]


def kill(segue: RunningSegue, *roles: Role) -> Callable[[], None]:
    def strike() -> None:
        for role in roles:
            segue.signal(role, signal.SIGKILL)

    return strike


def away_s(segue: RunningSegue) -> float | None:
    """Seconds in which this edge's flows were without a core, all together; None where it cannot be asked."""
    with suppress(OSError):
        found = re.search(r"^segue_edge_core_away_seconds_sum (\S+)", segue.get("/metrics"), re.M)
        return float(found[1]) if found else None
    return None


def round_ms(value: float) -> float:
    return round(value, 1)


def table(rows: list[dict[str, Any]]) -> list[str]:
    heads = ("cell", "round", "takeover ms", "gap ms", "answer ms", "lost", "again", "reconnects", "runs/key", "hops")
    lines = [heads]
    for row in rows:
        values = list(row.values())
        lines.append(tuple("-" if value is None else str(value) for value in values))
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return ["  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def save(rows: list[dict[str, Any]]) -> None:
    """Kept beside the benches' results where `make chaos` asks for it."""
    if path := os.environ.get("CHAOS_RESULTS"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(json.dumps(rows, indent=1) + "\n")
