"""SIGKILL to the core, to the edge and to both, in each phase of a turn: nothing is lost, nothing comes twice."""

import pytest

from tests.chaos.cells import (
    ANSWER,
    GREETING,
    PHASES,
    ROUNDS,
    Phase,
    faults_of,
    kill,
    run_cell,
    told_the_model,
)
from tests.support.dialogue import FakeDialogue
from tests.support.processes import RunningSegue
from tests.support.speaking import Speaking

pytestmark = [pytest.mark.models, pytest.mark.timeout(150)]
rounds = pytest.mark.parametrize("number", range(ROUNDS))


@rounds
@pytest.mark.parametrize("phase", PHASES)
async def test_the_core(
    segue: RunningSegue, speaking: Speaking, dialogue: FakeDialogue, phase: Phase, number: int
) -> None:
    cell = await run_cell(
        segue, speaking, dialogue, name="kill core", phase=phase, number=number, strike=kill(segue, "core")
    )
    # The marks of a turn that was committed and not yet answered die with the core that took them.
    assert not faults_of(cell, hops_due=1 if phase == "model thinking" else 2)
    assert cell.report.reconnects == 0, "the edge keeps the client's socket"
    history = told_the_model(dialogue)
    assert [text for role, text in history if role == "assistant"] == [GREETING, ANSWER]
    assert [role for role, _ in history].count("user") == 2


@rounds
@pytest.mark.parametrize("phase", PHASES if ROUNDS > 1 else ("user speaking", "agent speaking"))
async def test_the_edge(
    segue: RunningSegue, speaking: Speaking, dialogue: FakeDialogue, phase: Phase, number: int
) -> None:
    cell = await run_cell(
        segue, speaking, dialogue, name="kill edge", phase=phase, number=number, strike=kill(segue, "edge")
    )
    assert not faults_of(cell, hops_due=1 if phase == "model thinking" else 2)
    assert cell.report.reconnects == 1
    assert all(runs == 1 for runs in cell.chat_runs.values()), "the core lived: nothing is run again"


@rounds
@pytest.mark.parametrize("phase", PHASES if ROUNDS > 1 else ("agent speaking",))
async def test_both_at_once(
    segue: RunningSegue, speaking: Speaking, dialogue: FakeDialogue, phase: Phase, number: int
) -> None:
    strike = kill(segue, "core", "edge")
    cell = await run_cell(segue, speaking, dialogue, name="kill both", phase=phase, number=number, strike=strike)
    assert not faults_of(cell, hops_due=1 if phase == "model thinking" else 2)
    assert cell.report.reconnects == 1
