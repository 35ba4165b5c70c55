import re

import pytest

from segue.adapters.models.catalog import CATALOG, Role, find_spec
from segue.model.errors import ConfigError


def test_every_role_has_one_model() -> None:
    assert sorted(spec.role for spec in CATALOG) == sorted(Role)


def test_pins_are_complete_and_permissive() -> None:
    for spec in CATALOG:
        assert re.fullmatch(r"[0-9a-f]{64}", spec.wheel.sha256)
        assert spec.wheel.filename.endswith(".whl")
        assert spec.wheel.version in spec.wheel.filename
        assert spec.licence in ("MIT", "BSD-2-Clause", "Apache-2.0")
        assert spec.files


def test_folders_differ() -> None:
    assert len({spec.folder for spec in CATALOG}) == len(CATALOG)


def test_an_unknown_name_lists_the_known() -> None:
    assert find_spec("hibari").title.startswith("Hibari")
    with pytest.raises(ConfigError, match="hibari") as caught:
        find_spec("whisper")
    assert "moonshine-tiny-en" in str(caught.value)
