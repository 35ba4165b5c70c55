import pytest

from segue.edge.config import EdgeConfig
from segue.model.errors import ConfigError

KEY = "k" * 32


def test_defaults_are_usable_and_secrets_do_not_print() -> None:
    config = EdgeConfig(fleet_key="f" * 16, api_keys=("sk-secret",))

    assert "f" * 16 not in repr(config)
    assert "sk-secret" not in repr(config)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"fleet_key": "short"}, r"edge\.fleet_key"),
        ({"cores": ()}, r"edge\.cores"),
        ({"cores": ("a:1", "a:1")}, r"edge\.cores.*twice"),
        ({"cores": ("nonsense",)}, r"edge\.cores.*host:port"),
        ({"node": "n" * 65}, r"edge\.node"),
        ({"tls_cert": "cert.pem"}, r"edge\.tls_cert.*tls_key"),
        ({"api_keys": ("1234",)}, r"edge\.api_keys"),
        ({"api_keys": ("ek_12345678",)}, r"edge\.api_keys.*ek_"),
        ({"port": 70_000}, r"edge\.port.*0\.\.65535"),
        ({"core_dead_after_ms": 250}, r"edge\.core_dead_after_ms"),
        ({"secret_ttl_s": 9}, r"edge\.secret_ttl_s.*10\.\.7200"),
    ],
)
def test_what_cannot_work_is_named(change: dict[str, object], named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        EdgeConfig(**({"fleet_key": KEY} | change))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "asked", "is_open"),
    [("127.0.0.1", None, True), ("0.0.0.0", None, False), ("0.0.0.0", True, True), ("localhost", False, False)],
)
def test_the_page_is_open_on_loopback_unless_the_operator_says_otherwise(
    host: str, asked: bool | None, is_open: bool
) -> None:
    assert EdgeConfig(fleet_key=KEY, host=host, open_page=asked).is_page_open is is_open
