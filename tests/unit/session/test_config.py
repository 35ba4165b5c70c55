"""Bounds of the session's configuration are checked."""

import pytest

from segue.model.errors import ConfigError
from segue.session.config import SessionConfig


@pytest.mark.parametrize(
    "wrong",
    [
        {"gate_patience_ms": -1},
        {"store_retry_ms": 0},
        {"store_retry_ms": 500, "store_retry_max_ms": 400},
        {"store_answer_ms": 0},
        {"pending_rows_max": 0},
        {"pending_bytes_max": 10},
        {"row_bytes_max": 0},
        {"effects_max": 0},
        {"append_rows_max": 0},
        {"read_rows_max": 1_001},
        {"snapshot_rows": 0},
        {"idle_ms": 0},
    ],
)
def test_a_value_out_of_range_is_named(wrong: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="session\\."):
        SessionConfig(**wrong)


def test_the_defaults_hold() -> None:
    assert SessionConfig(idle_ms=1_000).gate_patience_ms == 50
