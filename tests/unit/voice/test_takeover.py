"""Whatever a core is doing when it goes away, the next one goes on: nothing is said twice, nothing is forgotten."""

from collections import Counter

import pytest

from segue.voice import results, rows
from segue.voice.agent import AgentSpec, ServerTool
from segue.voice.machine import VoiceMachine
from tests.support.voice_stage import SESSION, Stage

BOOK = ServerTool(name="book", description="", parameters_json="{}", effect="once", has_lookup=True)
AGENT = AgentSpec(name="host", greeting="Welcome. How can I help you today?", tools=(BOOK,))


class World:
    """What the tool did, whoever asked for it."""

    def __init__(self) -> None:
        self.bookings: Counter[str] = Counter()

    def tool(self, call: results.CallTool) -> results.ToolReturned:
        if call.is_lookup:
            is_done = self.bookings[call.call_id] > 0
            return results.ToolReturned(output="booked", outcome="done" if is_done else "not_done")
        self.bookings[call.call_id] += 1
        return results.ToolReturned(output="booked")


def model(request: results.Generate) -> list[results.OperationDelta]:
    last = request.history[-1]
    if last.role == "tool":
        return [results.TextDelta(text=f"It is {last.text}. You will "), results.TextDelta(text="get a message.")]
    if "book" in last.text:
        return [
            results.TextDelta(text="One moment, let me see. "),
            results.ToolCallDelta(call_id="call_1", name="book", arguments="{}"),
        ]
    return [results.TextDelta(text=f"You said: {last.text} "), results.TextDelta(text="I see. What else is there?")]


def play(crash_at: int | None = None) -> tuple[Stage, World]:
    """A whole conversation: greeting, a turn, a tool, a typed item, a cut."""
    world = World()
    stage = Stage(AGENT)
    stage.is_checked = crash_at is None
    stage.model, stage.tool, stage.crash_at = model, world.tool, crash_at
    stage.begin()
    stage.audio(3_000, speech=False)
    stage.say("hello there", speech_ms=640, silence_ms=4_000)
    stage.say("book a table", speech_ms=640, silence_ms=6_000)
    stage.send(
        '{"type":"conversation.item.create","item":'
        '{"type":"message","id":"typed","role":"user","content":[{"type":"input_text","text":"and a taxi"}]}}'
    )
    stage.send('{"type":"response.create"}')
    stage.audio(5_000, speech=False)
    stage.say("thank you, bye bye", speech_ms=640, silence_ms=3_000)
    return stage, world


def essence(stage: Stage) -> dict[str, object]:
    """What the two parties remember; ids by their order, for they depend on how many rows there are."""
    names = [row.response_id for row in stage.of(rows.ResponseStarted)]
    items = list(dict.fromkeys(row.item_id for row in stage.of(rows.SegmentAdded)))
    return {
        "history": stage.history,
        "turns": len(stage.of(rows.TurnCommitted)),
        "responses": len(set(names)),
        "ends": [(names.index(row.response.id), row.response.status) for row in stage.of(rows.ResponseFinished)],
        "said": [(items.index(row.item_id), row.segment, row.text) for row in stage.of(rows.SegmentAdded)],
    }


UNDISTURBED, _ = play()
STEPS = sorted({step + after for step in UNDISTURBED.eventful for after in (0, 1)})
"""Where to crash: after each input that something came of, and after the one behind it."""


def test_the_undisturbed_conversation_is_as_scripted() -> None:
    assert [role for role, _ in UNDISTURBED.history] == [
        "assistant",
        "user",
        "assistant",
        "user",
        "assistant",
        "tool",
        "assistant",
        "user",
        "assistant",
        "user",
        "assistant",
    ]


@pytest.mark.parametrize("part", range(8))
def test_a_crash_at_any_step_changes_nothing_anyone_remembers(part: int) -> None:
    expected = essence(UNDISTURBED)
    for crash_at in STEPS[part::8]:
        stage, world = play(crash_at)
        assert essence(stage) == expected, f"crash after input {crash_at}"
        assert world.bookings == {"call_1": 1}, f"crash after input {crash_at}"


def test_a_snapshot_and_the_rows_after_it_come_to_the_same() -> None:
    stage = UNDISTURBED
    for through in range(len(stage.rows)):
        first = VoiceMachine(SESSION, AGENT)
        for row in stage.rows[:through]:
            first.apply_row(row)
        second = VoiceMachine(SESSION, AGENT)
        second.restore(first.snapshot())
        for row in stage.rows[through:]:
            second.apply_row(row)
        assert second.snapshot() == stage.machine.snapshot(), f"snapshot after row {through}"
