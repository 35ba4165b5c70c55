"""Minutes of deaths at random instants, two conversations at a time: `SOAK_S=600 make soak`."""

import asyncio
import os
import random
import time

import pytest

from tests.chaos.cells import PHASES, faults_of, kill, run_cell
from tests.support.dialogue import FakeDialogue
from tests.support.processes import Role, RunningSegue
from tests.support.speaking import Speaking

pytestmark = [pytest.mark.models, pytest.mark.soak]

SOAK_S = float(os.environ.get("SOAK_S", "600"))
VICTIMS: tuple[tuple[Role, ...], ...] = (("core",), ("edge",), ("core", "edge"), ())


async def test_conversations_among_deaths(segue: RunningSegue, speaking: Speaking, dialogue: FakeDialogue) -> None:
    seed = int(os.environ.get("SOAK_SEED", str(time.time_ns() % 1_000_000)))
    chance, until, number, faults = random.Random(seed), time.monotonic() + SOAK_S, 0, []
    print(f"SOAK_SEED={seed}")
    while time.monotonic() < until:
        number += 1
        victims, phase = chance.choice(VICTIMS), chance.choice(PHASES[:4])
        name = f"kill {' and '.join(victims) or 'nobody'}"
        async with asyncio.TaskGroup() as tasks:
            struck, beside = (
                tasks.create_task(
                    run_cell(segue, speaking, dialogue, name=label, phase=at, number=number, strike=strike),
                    name=f"soak.{label}",
                )
                for label, at, strike in (
                    (name, phase, kill(segue, *victims)),
                    (f"beside: {name}", "idle", kill(segue)),
                )
            )
        for cell in (struck.result(), beside.result()):
            faults += [f"{number} {cell.name}: {fault}" for fault in faults_of(cell, hops_due=1)]
    assert not faults, "\n".join(faults)
