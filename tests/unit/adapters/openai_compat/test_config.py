import pytest

from segue.adapters.openai_compat.config import ChatConfig, Endpoint, Secret, SpeechConfig
from segue.model.errors import ConfigError

HERE = Endpoint(name="here", base_url="http://localhost:1/v1")


def test_secrets_do_not_print() -> None:
    secret = Secret("sk-1")
    assert "sk-1" not in f"{secret} {secret!r} {HERE}"
    assert secret.reveal() == "sk-1"
    assert secret == Secret("sk-1")
    assert hash(secret) == hash(Secret("sk-1"))
    assert secret != Secret("sk-2")
    assert repr(Secret("")) == "Secret(empty)"


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "localhost"},
        {"connect_timeout_ms": 0},
        {"read_timeout_ms": 10**9},
        {"connections_max": 0},
    ],
)
def test_endpoints_that_cannot_be_meant(change: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="here"):
        Endpoint(**({"name": "here", "base_url": "http://x/v1"} | change))  # type: ignore[arg-type]


def test_ranges() -> None:
    with pytest.raises(ConfigError, match="temperature"):
        ChatConfig(endpoint=HERE, model="m", temperature=3.0)
    with pytest.raises(ConfigError, match="speed"):
        SpeechConfig(endpoint=HERE, model="m", speed=9.0)
