"""Log lines of the edge: one per life-cycle change, ids and codes, never what was said."""

import structlog

Log = structlog.stdlib.BoundLogger


def edge_log(node: str) -> Log:
    """A logger bound to this process; how lines are printed is the command line's choice."""
    log: Log = structlog.stdlib.get_logger("segue.edge").bind(node=node)
    return log
