"""Each role's configuration: the installation's keys fill in what nobody configured, and looking makes nothing."""

from pathlib import Path

import pytest

from segue.cli.config import load_settings
from segue.cli.installation import open_installation
from segue.cli.roles import UNMADE, core_config, edge_config, edge_url, installation_of, journal_config, looked_at
from segue.edge.config import EdgeConfig

KEY = "0123456789abcdef"


def test_the_installation_s_keys_are_made_and_shared_by_the_roles() -> None:
    settings = load_settings(None, {"state": {"dir": "s"}})
    made = installation_of(settings)
    edge, core = edge_config(settings), core_config(settings)
    assert edge.fleet_key == core.fleet_key == made.fleet_key == open_installation(Path("s")).fleet_key
    assert edge.api_keys == (made.api_key,)


def test_configured_keys_win() -> None:
    flags = {"edge": {"fleet_key": KEY, "api_keys": ["sk-configured"]}, "core": {"fleet_key": KEY}}
    settings = load_settings(None, flags)
    assert edge_config(settings).fleet_key == core_config(settings).fleet_key == KEY
    assert edge_config(settings).api_keys == ("sk-configured",)


def test_the_journal_lies_in_the_state_folder_unless_said_otherwise() -> None:
    assert journal_config(load_settings(None, {"state": {"dir": "s"}})).path == Path("s/journal.db")
    assert journal_config(load_settings(None, {"journal": {"path": "j.db"}})).path == Path("j.db")


def test_a_look_makes_nothing() -> None:
    settings = load_settings(None, {})
    assert edge_config(settings, looked_at(settings)).api_keys == (UNMADE,)
    assert core_config(settings, looked_at(settings)).fleet_key == UNMADE
    assert not Path(".segue").exists()
    made = installation_of(settings)
    assert looked_at(settings) == made


@pytest.mark.parametrize(
    ("host", "tls", "url"),
    [
        ("127.0.0.1", False, "http://localhost:1"),
        ("0.0.0.0", True, "https://localhost:1"),
        ("::", False, "http://localhost:1"),
        ("fd00::1", False, "http://[fd00::1]:1"),
        ("voice.example.com", True, "https://voice.example.com:1"),
    ],
)
def test_an_edge_s_address_for_people_and_clients(host: str, tls: bool, url: str) -> None:
    files = {"tls_cert": "c.pem", "tls_key": "k.pem"} if tls else {}
    assert edge_url(EdgeConfig(fleet_key=KEY, host=host, port=1, **files)) == url
