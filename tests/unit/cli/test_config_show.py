"""`segue config show`: everything in force with its origin, usable as a file, without a secret."""

import tomllib
from pathlib import Path

import pytest

from segue.cli.config_show import show
from segue.cli.installation import open_installation
from segue.model.errors import ConfigError
from tests.unit.cli.conftest import Screen

CONFIG = """
[edge]
port = 9000
api_keys = ["sk-very-secret"]
[use]
llm = ["vllm", "local"]
[providers.vllm]
base_url = "http://localhost:8000/v1"
chat_model = 'a "quoted" model'
api_key = "sk-provider-secret"
"""


def test_each_value_names_where_it_came_from(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("segue.toml").write_text(CONFIG)
    monkeypatch.setenv("SEGUE_CORE__SESSIONS_MAX", "7")
    show(None, {"edge": {"host": "::1"}}, screen.console)
    assert "port = 9000  # segue.toml" in screen.lines
    assert "sessions_max = 7  # environment" in screen.lines
    assert 'host = "::1"  # command line' in screen.lines
    assert 'dir = ".segue"  # default' in screen.lines
    assert 'llm = ["vllm", "local"]  # segue.toml' in screen.lines


def test_it_is_a_file_that_says_the_same(screen: Screen) -> None:
    Path("segue.toml").write_text(CONFIG)
    show(None, {}, screen.console)
    again = tomllib.loads(screen.text)
    assert again["edge"]["port"] == 9000
    assert again["use"]["warm"] is True
    assert again["providers"]["vllm"]["chat_model"] == 'a "quoted" model'


def test_secrets_are_not_printed(screen: Screen) -> None:
    made = open_installation(Path(".segue"))
    Path("segue.toml").write_text(CONFIG)
    show(None, {}, screen.console)
    for secret in ("very-secret", "provider-secret", made.fleet_key, made.api_key):
        assert secret not in screen.text
    assert "# api_keys = (set, not shown)  # segue.toml" in screen.lines
    assert "# fleet_key = (set, not shown)  # default" in screen.lines


def test_looking_makes_nothing(screen: Screen) -> None:
    show(None, {}, screen.console)
    assert list(Path().iterdir()) == []
    assert "# api_keys = (made at the first start)  # default" in screen.lines
    assert "# tls_cert is not set  # default" in screen.lines


def test_what_cannot_be_used_is_not_shown(screen: Screen) -> None:
    with pytest.raises(ConfigError, match=r"edge\.port"):
        show(None, {"edge": {"port": 70_000}}, screen.console)
    assert screen.text == ""
