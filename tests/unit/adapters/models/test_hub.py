from pathlib import Path

import pytest

from segue.adapters.models.hub import HubRef, hub_path, install_hub_file, parse_hub_ref
from segue.adapters.models.locate import ModelCache
from segue.model.errors import ConfigError

SHA = "ab" * 32


@pytest.mark.parametrize(
    ("text", "ref"),
    [
        ("hf:org/name/file.onnx", HubRef(repository="org/name", path="file.onnx", revision="main", sha256=None)),
        ("hf:org/name/a/b.bin@v1.2", HubRef(repository="org/name", path="a/b.bin", revision="v1.2", sha256=None)),
        (f"hf:o/n/f#sha256={SHA.upper()}", HubRef(repository="o/n", path="f", revision="main", sha256=SHA)),
    ],
)
def test_names(text: str, ref: HubRef) -> None:
    assert parse_hub_ref(text) == ref


@pytest.mark.parametrize(
    "text", ["hf:org/name", "org/name/file", "hf:o/n/../../etc", "hf:o/n/f#sha256=12", "hf:o/n//f"]
)
def test_what_is_not_a_name(text: str) -> None:
    with pytest.raises(ConfigError, match="hf:org/name/path"):
        parse_hub_ref(text)


def test_where_it_lies(tmp_path: Path) -> None:
    ref = parse_hub_ref("hf:org/name/a/b.bin@v1")
    assert hub_path(ref, ModelCache(tmp_path)) == tmp_path / "hub/org/name/v1/a/b.bin"


def test_only_http(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not an http"):
        install_hub_file(parse_hub_ref("hf:o/n/f"), ModelCache(tmp_path), endpoint="file:///etc")
