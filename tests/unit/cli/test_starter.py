"""The starter agent loads, and is never written over something."""

from pathlib import Path

import pytest

from segue.agent import load_agent
from segue.cli.starter import write_starter
from segue.model.errors import ConfigError


def test_the_starter_is_an_agent_with_a_tool_whose_effect_happens_once(tmp_path: Path) -> None:
    path = tmp_path / "agent.py"
    write_starter(path)
    spec = load_agent(path).spec()
    assert [(tool.name, tool.effect, tool.has_lookup) for tool in spec.tools] == [
        ("opening_hours", "idempotent", False),
        ("place_order", "once", True),
    ]
    assert spec.greeting is not None


def test_nothing_is_overwritten_and_a_bad_place_is_named(tmp_path: Path) -> None:
    path = tmp_path / "agent.py"
    path.write_text("mine")
    with pytest.raises(ConfigError, match="exists already; name another file"):
        write_starter(path)
    assert path.read_text() == "mine"
    with pytest.raises(ConfigError, match="cannot be written"):
        write_starter(tmp_path / "no" / "agent.py")
