"""Configuration: three layers, and errors that name what was wrong."""

from pathlib import Path

import pytest

from segue.cli.config import load_settings
from segue.cli.sections import ProviderSection
from segue.edge.config import EdgeConfig
from segue.model.errors import ConfigError

KEY = {"fleet_key": "0123456789abcdef"}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "segue.toml") -> Path:
    path = Path(name)
    path.write_text(text)
    return path


def test_without_any_source_the_defaults_hold() -> None:
    settings = load_settings(None, {})
    assert settings.state.dir == ".segue"
    assert settings.merged.build("edge", EdgeConfig, KEY).port == 8080
    assert settings.merged.source("edge", "port") == "default"


def test_flags_win_over_the_environment_which_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    write("[edge]\nport = 1\nhost = 'file'\nnode = 'file'\n")
    monkeypatch.setenv("SEGUE_EDGE__PORT", "2")
    monkeypatch.setenv("SEGUE_EDGE__HOST", "env")

    settings = load_settings(None, {"edge": {"port": 3, "host": None}})
    edge = settings.merged.build("edge", EdgeConfig, KEY)

    assert (edge.port, edge.host, edge.node) == (3, "env", "file")
    assert [settings.merged.source("edge", name) for name in ("port", "host", "node")] == [
        "command line",
        "environment",
        "segue.toml",
    ]


def test_providers_are_sections_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    write("[providers.vllm]\nbase_url = 'http://localhost:1/v1'\nchat_model = 'm'\n[use]\nllm = ['vllm', 'local']\n")
    monkeypatch.setenv("SEGUE_PROVIDERS__VLLM__API_KEY", "secret")

    settings = load_settings(None, {})

    assert settings.use.llm == ("vllm", "local")
    assert settings.providers == {
        "vllm": ProviderSection(base_url="http://localhost:1/v1", chat_model="m", api_key="secret")
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[edge\n", "segue.toml: is not valid toml"),
        ("edge = 1\n", "segue.toml: edge: is not a section"),
        ("[egde]\nport = 1\n", "segue.toml: section 'egde': does not exist; did you mean 'edge'?"),
        ("[edge]\nprot = 1\n", "segue.toml: edge.prot: does not exist; did you mean 'port'?"),
        ("[providers.x]\nmodel = 'y'\n", "segue.toml: providers.x.model: does not exist"),
        ("[use]\nwarm = 'maybe'\n", "segue.toml: use.warm: Expected `bool`, got `str`"),
    ],
)
def test_a_bad_file_is_named_with_the_place(text: str, message: str) -> None:
    write(text)
    with pytest.raises(ConfigError) as caught:
        load_settings(None, {})
    assert str(caught.value).startswith(message)


def test_a_value_out_of_range_names_the_field() -> None:
    settings = load_settings(None, {"edge": {"port": 70_000}})
    with pytest.raises(ConfigError, match=r"edge\.port: 70000 is out of range; 0\.\.65535"):
        settings.merged.build("edge", EdgeConfig, KEY)


def test_a_named_file_must_exist() -> None:
    with pytest.raises(ConfigError, match=r"other\.toml: cannot be read \(No such file or directory\)"):
        load_settings(Path("other.toml"), {})
