"""One Segue for all cells, its dialogue model in the test process; a table of the cells after the last test."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.chaos.cells import ANSWERS, CELLS_DONE, table
from tests.support.dialogue import FakeDialogue
from tests.support.processes import ROOT, RunningSegue, free_ports
from tests.support.speaking import Speaking
from tests.support.speech_fixtures import speaking  # noqa: F401 - a fixture


@pytest.fixture(scope="session")
def dialogue_port() -> int:
    return free_ports(1)[0]


@pytest.fixture(scope="session")
def charges(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tool that must not run twice writes that it ran."""
    return tmp_path_factory.mktemp("charges") / "charges.txt"


@pytest.fixture(scope="session")
def segue(
    speaking: Speaking,  # noqa: F811
    dialogue_port: int,
    charges: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[RunningSegue]:
    config = {
        "use": {"llm": ["dialogue"]},
        "providers.dialogue": {"base_url": f"http://127.0.0.1:{dialogue_port}/v1", "chat_model": "scripted"},
    }
    agent = ROOT / "tests/chaos/agents/clerk.py"
    with RunningSegue(
        tmp_path_factory.mktemp("chaos"), agent=agent, config=config, env={"CHARGES": str(charges)}
    ) as running:
        yield running


@pytest.fixture
async def dialogue(dialogue_port: int) -> AsyncIterator[FakeDialogue]:
    async with FakeDialogue(port=dialogue_port, answers=ANSWERS) as server:
        yield server


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if CELLS_DONE:
        terminalreporter.section("chaos: what the ear noticed")
        for line in table(CELLS_DONE):
            terminalreporter.write_line(line)
