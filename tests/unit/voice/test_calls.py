"""Own tools: once is once, whatever happens to the core, the worker or the turn."""

import pytest

from segue.voice import effects, inputs, results, rows
from segue.voice.agent import AgentSpec, ServerTool
from segue.voice.calls import UNKNOWN
from tests.support.voice_stage import Stage, failing


def stage_with(*, has_lookup: bool, effect: str = "once") -> Stage:
    tool = ServerTool(
        name="book",
        description="",
        parameters_json="{}",
        effect=effect,
        has_lookup=has_lookup,  # type: ignore[arg-type]
    )
    stage = Stage(AgentSpec(name="host", tools=(tool,)))
    stage.model = lambda request: (
        [results.TextDelta(text="So be it, then.")]
        if request.history and request.history[-1].role == "tool"
        else [results.ToolCallDelta(call_id="c1", name="book", arguments="{}")]
    )
    stage.begin()
    stage.is_automatic = False
    stage.send('{"type":"response.create"}')
    stage.answer(stage.pending.pop(0))
    return stage


def tool_starts(stage: Stage) -> list[effects.StartOperation]:
    return [start for start in stage.started if isinstance(start.request, results.CallTool)]


def output(stage: Stage) -> str:
    return dict(stage.history)["tool"]


def test_without_a_lookup_a_crash_leaves_the_outcome_unknown_and_the_model_is_told() -> None:
    stage = stage_with(has_lookup=False)
    assert len(tool_starts(stage)) == 1
    stage.crash()
    stage.is_automatic = True
    stage.work()
    assert len(tool_starts(stage)) == 1, "never a second time"
    assert output(stage) == UNKNOWN
    assert stage.history[-1] == ("assistant", "So be it, then.")


@pytest.mark.parametrize(("outcome", "runs"), [("done", 1), ("not_done", 2)])
def test_with_a_lookup_a_crash_is_settled_by_it(outcome: str, runs: int) -> None:
    stage = stage_with(has_lookup=True)
    stage.tool = lambda call: results.ToolReturned(
        output="found" if call.is_lookup else "booked",
        outcome=outcome if call.is_lookup else "done",  # type: ignore[arg-type]
    )
    stage.crash()
    stage.is_automatic = True
    stage.work()
    real = [start for start in tool_starts(stage) if not start.request.is_lookup]  # type: ignore[union-attr]
    assert len(real) == runs
    assert output(stage) == ("found" if outcome == "done" else "booked")
    assert all(start.key == tool_starts(stage)[0].key for start in tool_starts(stage)), "under the same key"


def test_a_once_tool_that_fails_is_not_tried_again() -> None:
    stage = stage_with(has_lookup=False)
    stage.give(failing(stage.pending.pop(0)))
    stage.is_automatic = True
    stage.work()
    assert len(tool_starts(stage)) == 1
    assert output(stage) == UNKNOWN


def test_an_idempotent_tool_that_fails_is_tried_again() -> None:
    stage = stage_with(has_lookup=False, effect="idempotent")
    stage.give(failing(stage.pending.pop(0)))
    stage.is_automatic = True
    stage.pass_ms(2_000)
    assert len(tool_starts(stage)) == 2
    assert output(stage) == "book done"


def test_a_once_tool_is_seen_through_though_its_response_is_cancelled() -> None:
    stage = stage_with(has_lookup=False)
    stage.send('{"type":"response.cancel"}')
    assert not stage.of(effects.CancelOperation)
    stage.is_automatic = True
    stage.work()
    assert output(stage) == "book done"


def test_a_once_tool_of_a_cancelled_response_is_settled_after_a_takeover() -> None:
    stage = stage_with(has_lookup=False)
    stage.send('{"type":"response.cancel"}')
    stage.crash()
    assert output(stage) == UNKNOWN


def test_an_idempotent_tool_is_abandoned_with_its_response() -> None:
    stage = stage_with(has_lookup=False, effect="idempotent")
    stage.send('{"type":"response.cancel"}')
    assert stage.of(effects.CancelOperation)
    assert "abandoned" in output(stage)


def test_a_result_too_long_for_a_conversation_is_cut() -> None:
    stage = stage_with(has_lookup=False)
    start = stage.pending.pop(0)
    result = results.ToolReturned(output="x" * 200_000)
    stage.give(inputs.OperationCompleted(key=start.key, attempt=start.attempt, result=result))
    assert len(stage.of(rows.CallReturned)[0].item.output) < 101_000
