"""One conversation, any seed: the store lags, the core dies a few times; both parties remember the same in the end.

Run one seed again with: pytest tests/sim/test_voice_crashes.py -k "seed-17"
"""

from collections import Counter

import pytest

from segue.voice import results, rows
from segue.voice.agent import AgentSpec, ServerTool
from tests.support.voice_sim import SimStage

SEEDS = 24
CRASHES = 3
BOOK = ServerTool(name="book", description="", parameters_json="{}", effect="once", has_lookup=True)
AGENT = AgentSpec(name="host", greeting="Welcome. How can I help you today?", tools=(BOOK,))


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


def converse(seed: int, crashes: int) -> tuple[SimStage, Counter[str]]:
    bookings: Counter[str] = Counter()

    def tool(call: results.CallTool) -> results.ToolReturned:
        if call.is_lookup:
            return results.ToolReturned(output="booked", outcome="done" if bookings[call.call_id] else "not_done")
        bookings[call.call_id] += 1
        return results.ToolReturned(output="booked")

    stage = SimStage(AGENT, seed)
    stage.model, stage.tool = model, tool
    stage.crash_steps = {stage.random.randrange(1, 700) for _ in range(crashes)}
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
    stage.finish()
    return stage, bookings


def essence(stage: SimStage) -> dict[str, object]:
    names = [row.response_id for row in stage.of(rows.ResponseStarted)]
    items = list(dict.fromkeys(row.item_id for row in stage.of(rows.SegmentAdded)))
    return {
        "history": stage.history,
        "turns": len(stage.of(rows.TurnCommitted)),
        "ends": [(names.index(row.response.id), row.response.status) for row in stage.of(rows.ResponseFinished)],
        "said": [(items.index(row.item_id), row.segment, row.text) for row in stage.of(rows.SegmentAdded)],
    }


@pytest.mark.parametrize("seed", range(SEEDS), ids=lambda seed: f"seed-{seed}")
def test_crashes_change_nothing_anyone_remembers(seed: int) -> None:
    calm, _ = converse(0, 0)
    stage, bookings = converse(seed, CRASHES)
    assert essence(stage) == essence(calm)
    assert bookings == {"call_1": 1}
