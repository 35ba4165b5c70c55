"""`segue edge`: its configuration reaches the edge's server, and nothing of sessions is loaded for it."""

import subprocess
import sys

import pytest

from segue.cli import edge_role
from segue.cli.edge_role import run_edge_role
from segue.edge.config import EdgeConfig
from segue.model.errors import ConfigError


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    seen: list[object] = []

    async def run(config: EdgeConfig) -> None:
        seen.append(config)

    monkeypatch.setattr(edge_role, "run_edge", run)
    monkeypatch.setattr(edge_role, "follow_parent", lambda: seen.append("follows"))
    monkeypatch.setattr(edge_role, "print_logs", lambda: None)
    return seen


async def test_it_follows_its_supervisor_and_runs_what_is_configured(ran: list[object]) -> None:
    await run_edge_role(None, {"edge": {"port": 9, "cores": ["a:1", "b:2"]}})
    follows, config = ran
    assert follows == "follows"
    assert isinstance(config, EdgeConfig)
    assert (config.port, config.cores) == (9, ("a:1", "b:2"))


async def test_what_cannot_be_used_is_not_run(ran: list[object]) -> None:
    with pytest.raises(ConfigError, match=r"edge\.cores"):
        await run_edge_role(None, {"edge": {"cores": []}})
    assert ran == ["follows"]


def test_it_loads_no_session_no_model_and_no_speech() -> None:
    code = "import sys, segue.cli.edge_role; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"segue.session", "segue.voice", "segue.adapters.models.local", "onnxruntime", "numpy"}
    assert not heavy & set(loaded)
