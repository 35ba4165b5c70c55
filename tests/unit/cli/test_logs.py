"""Log lines: JSON for programs, text for a terminal."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
import structlog

from segue.cli.logs import print_logs


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def test_a_line_is_json_with_its_fields() -> None:
    out = StringIO()
    print_logs(out)
    structlog.get_logger("segue.edge").bind(node="edge-1").info("edge.started", path=Path("a"))
    (line,) = out.getvalue().splitlines()
    fields = json.loads(line)
    assert fields.pop("timestamp").endswith("Z")
    assert fields == {"event": "edge.started", "level": "info", "node": "edge-1", "path": "a"}


def fail() -> None:
    said = "my card number is 4" + "2"
    try:
        raise ValueError("odd")
    except ValueError:
        structlog.get_logger().exception("core.failed", length=len(said))


@pytest.mark.parametrize("out", [StringIO(), Terminal()])
def test_a_traceback_does_not_hold_what_was_said(out: StringIO) -> None:
    print_logs(out)
    fail()
    assert "ValueError" in out.getvalue()
    assert "number is 42" not in out.getvalue()


def test_an_error_is_one_line_with_where_it_came_from() -> None:
    out = StringIO()
    print_logs(out)
    fail()
    (line,) = out.getvalue().splitlines()
    fields = json.loads(line)
    assert fields["level"] == "error"
    assert fields["exception"].startswith("Traceback")
    assert fields["exception"].endswith("ValueError: odd")


def test_a_terminal_gets_text() -> None:
    out = Terminal()
    print_logs(out)
    structlog.get_logger().warning("edge.core.unlinked", core="a:1")
    assert "edge.core.unlinked" in out.getvalue()
    assert not out.getvalue().startswith("{")


def test_without_a_word_it_is_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    print_logs()
    structlog.get_logger().info("here")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert json.loads(captured.err)["event"] == "here"
