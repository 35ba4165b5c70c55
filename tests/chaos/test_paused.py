"""A process that is stopped and wakes up, thinking it still owns everything: it neither speaks twice nor writes."""

import asyncio
import signal

import pytest

from tests.chaos.cells import ROUNDS, faults_of, run_cell
from tests.support.dialogue import FakeDialogue
from tests.support.processes import Role, RunningSegue
from tests.support.speaking import Speaking

pytestmark = [pytest.mark.models, pytest.mark.timeout(150)]


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize(
    ("role", "phase", "stopped_s"),
    [
        ("core", "agent speaking", 2.2),
        *([("core", "user speaking", 1.0), ("edge", "agent speaking", 1.0)] if ROUNDS > 1 else []),
    ],
)
async def test_a_stopped_process(
    segue: RunningSegue,
    speaking: Speaking,
    dialogue: FakeDialogue,
    role: Role,
    phase: str,
    stopped_s: float,
    number: int,
) -> None:
    def strike() -> None:
        segue.signal(role, signal.SIGSTOP)
        asyncio.get_running_loop().call_later(stopped_s, segue.signal, role, signal.SIGCONT)

    cell = await run_cell(
        segue,
        speaking,
        dialogue,
        name=f"stop {role} {stopped_s:g} s",
        phase=phase,  # type: ignore[arg-type]
        number=number,
        strike=strike,
    )
    assert not faults_of(cell)
    assert cell.report.reconnects == 0
