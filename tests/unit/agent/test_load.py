"""Loading the author's file: one agent, or one line that says what is wrong and where."""

from pathlib import Path

import pytest

from segue.agent import load_agent
from segue.model.errors import ConfigError

GOOD = 'from segue.agent import Agent\nagent = Agent(name="a")\n'


def write(folder: Path, text: str, name: str = "mine.py") -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_the_one_agent_is_found(tmp_path: Path):
    (tmp_path / "words.py").write_text('HELLO = "hello"\n')
    text = 'from words import HELLO\nfrom segue.agent import Agent\nhelper = Agent(name="a", greeting=HELLO)\n'
    assert load_agent(write(tmp_path, text)).greeting == "hello"
    assert load_agent(write(tmp_path, GOOD + 'other = Agent(name="b")\n')).name == "a"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\n", "holds no Agent"),
        ('from segue.agent import Agent\na = Agent(name="a")\nb = Agent(name="b")\n', "several agents"),
        ("x = 1\ny = x +\n", r"mine\.py:2: is not Python"),
        ("x = 1\n\nimport nowhere_at_all\n", r"mine\.py:3: does not import: ModuleNotFoundError"),
        ("raise SystemExit(3)\n", r"mine\.py:1: does not import: SystemExit"),
        ("from segue.agent import tool\n\n@tool\ndef f(x):\n    return x\n", "no type hint"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str):
    with pytest.raises(ConfigError, match=said):
        load_agent(write(tmp_path, text))


def test_a_missing_file_and_another_kind_of_file(tmp_path: Path):
    with pytest.raises(ConfigError, match="no such file"):
        load_agent(tmp_path / "gone.py")
    with pytest.raises(ConfigError, match="not a Python file"):
        load_agent(write(tmp_path, GOOD, "agent.txt"))
