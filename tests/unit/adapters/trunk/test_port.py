import pytest

from segue.adapters.trunk.port import EDGE, TrunkAddress, TrunkIdentity
from segue.model.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:7070", "127.0.0.1", 7070), ("[::1]:0", "::1", 0), ("core.local:1", "core.local", 1)],
)
def test_reads_addresses_and_writes_them_back(text: str, host: str, port: int) -> None:
    address = TrunkAddress.parse(text)

    assert (address.host, address.port) == (host, port)
    assert str(address) == text


@pytest.mark.parametrize("text", ["", "7070", "host", "host:", ":7070", "host:x", "host:-1", "host:65536", "host:١"])
def test_names_the_field_of_a_bad_address(text: str) -> None:
    with pytest.raises(ConfigError, match=r"edge\.cores.*host:port"):
        TrunkAddress.parse(text, "edge.cores")


def test_an_identity_does_not_print_its_key() -> None:
    identity = TrunkIdentity(node="n", role=EDGE, fleet_key=b"secret" * 4)

    assert "secret" not in repr(identity)


def test_a_short_fleet_key_is_refused() -> None:
    with pytest.raises(ConfigError, match="fleet_key"):
        TrunkIdentity(node="n", role=EDGE, fleet_key=b"short")
