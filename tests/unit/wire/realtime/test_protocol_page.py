"""docs/protocol.md names every event and code there is, and none that is not."""

import re
from pathlib import Path
from typing import get_args

from segue.model.limits import APPEND_BYTES_MAX, CLIENT_MESSAGE_BYTES_MAX, INSTRUCTIONS_CHARS_MAX, TOOLS_MAX
from segue.wire.realtime import merge
from segue.wire.realtime.bounds import NESTING_MAX
from segue.wire.realtime.client import ClientEvent
from segue.wire.realtime.errors import WireErrorCode, error_type
from segue.wire.realtime.server import ServerEvent

PAGE = (Path(__file__).parents[4] / "docs" / "protocol.md").read_text()
TAGS = {str(kind.__struct_config__.tag) for kind in (*get_args(ClientEvent), *get_args(ServerEvent))}
NAMED = re.compile(
    r"\b(?:session|input_audio_buffer|conversation|response|output_audio_buffer|rate_limits|segue)(?:\.[a-z_]+)+"
)


def test_every_event_is_on_the_page() -> None:
    # The turn's diagram names some events by what differs from their neighbour: `.failed`.
    missing = {tag for tag in TAGS if tag not in PAGE and tag != "conversation.item.input_audio_transcription.failed"}
    assert missing == set()
    assert "`.failed`" in PAGE


def test_every_event_on_the_page_exists() -> None:
    others = {"session.model", "session.py", "conversation.item"}
    assert set(NAMED.findall(PAGE)) - TAGS - others == set()


def test_every_error_code_is_on_the_page_with_its_type() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    for code in WireErrorCode:
        assert any(f"`{code}`" in row and f"| {error_type(code)} |" in row for row in rows), code


def test_every_bound_on_the_page_is_the_one_in_force() -> None:
    assert f"{APPEND_BYTES_MAX // 2**20} MiB of audio" in PAGE
    assert f"at most {CLIENT_MESSAGE_BYTES_MAX // 2**20} MiB" in PAGE
    assert f"at most {TOOLS_MAX} `function` tools" in PAGE
    assert f"{INSTRUCTIONS_CHARS_MAX:,} characters" in PAGE
    assert f"nested {NESTING_MAX} levels" in PAGE
    assert f"{merge.SPEED_MIN}..{merge.SPEED_MAX}" in PAGE
    assert f"1..{merge.OUTPUT_TOKENS_MAX}" in PAGE
    assert f"`prefix_padding_ms` 0..{merge.PREFIX_PADDING_MS_MAX}" in PAGE
    assert f"`silence_duration_ms` {merge.SILENCE_MS_MIN}..{merge.SILENCE_MS_MAX}" in PAGE
    assert f"`idle_timeout_ms` {merge.IDLE_MS_MIN}..{merge.IDLE_MS_MAX}" in PAGE
