"""`segue edge`. Imports no session, no model and no store: an edge starts in half a second."""

from pathlib import Path

from segue.cli.collector import settle_collector
from segue.cli.config import load_settings
from segue.cli.logs import print_logs
from segue.cli.parent import follow_parent
from segue.cli.roles import Flags, edge_config
from segue.edge.server import run_edge


async def run_edge_role(path: Path | None, flags: Flags) -> None:
    """Run one edge until it is told to stop.

    Raises:
        ConfigError: The configuration cannot be used, or the port is taken.
    """
    follow_parent()
    settle_collector()
    print_logs()
    await run_edge(edge_config(load_settings(path, flags)))
