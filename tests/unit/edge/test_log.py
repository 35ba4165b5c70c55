import structlog

from segue.edge.log import edge_log


def test_lines_carry_the_process() -> None:
    with structlog.testing.capture_logs() as lines:
        edge_log("edge-1").info("edge.started", port=1)

    assert lines == [{"event": "edge.started", "node": "edge-1", "port": 1, "log_level": "info"}]
