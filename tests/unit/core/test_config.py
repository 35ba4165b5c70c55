"""What a core refuses of its configuration, and what it does not print."""

from typing import Any

import pytest

from segue.core.config import CoreConfig
from segue.model.errors import ConfigError


def test_secrets_do_not_print():
    assert "sesame" not in repr(CoreConfig(fleet_key="open sesame, open"))


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"fleet_key": "short"}, "core.fleet_key"),
        ({"listen": "7070"}, "core.listen"),
        ({"ops": "nowhere"}, "core.ops"),
        ({"node": "n" * 65}, "core.node"),
        ({"trunk_cert": "a.pem"}, "core.trunk_cert"),
        ({"sessions_max": 0}, "core.sessions_max"),
        ({"session_idle_ms": 1}, "core.session_idle_ms"),
        ({"resume_ttl_s": 1}, "core.resume_ttl_s"),
        ({"stop_ms": -1}, "core.stop_ms"),
    ],
)
def test_what_cannot_work_is_named(fields: dict[str, Any], said: str):
    with pytest.raises(ConfigError, match=said):
        CoreConfig(**{"fleet_key": "k" * 16, **fields})


def test_ops_may_be_off():
    assert CoreConfig(fleet_key="k" * 16, ops="").ops == ""
