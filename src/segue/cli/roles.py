"""Each role's section of the configuration, completed with what this installation made up for itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segue.adapters.store.schema import SqliteConfig
from segue.cli.config import Settings
from segue.cli.installation import Installation, find_api_key, open_installation
from segue.core.config import CoreConfig
from segue.edge.config import EdgeConfig

Flags = Mapping[str, Mapping[str, Any]]
"""Section → field → value, as the command line gave them."""


def edge_config(settings: Settings, installation: Installation | None = None) -> EdgeConfig:
    """The edge's section; the installation's keys where none are configured."""
    given = installation or installation_of(settings)
    return settings.merged.build("edge", EdgeConfig, {"fleet_key": given.fleet_key, "api_keys": (given.api_key,)})


def core_config(settings: Settings, installation: Installation | None = None) -> CoreConfig:
    """The core's section; the installation's key where none is configured."""
    given = installation or installation_of(settings)
    return settings.merged.build("core", CoreConfig, {"fleet_key": given.fleet_key})


def journal_config(settings: Settings) -> SqliteConfig:
    """The journal's section; it lies in the state folder unless said otherwise."""
    return settings.merged.build("journal", SqliteConfig, {"path": Path(settings.state.dir) / "journal.db"})


def installation_of(settings: Settings) -> Installation:
    """The keys and folder of this installation, made at its first start."""
    return open_installation(Path(settings.state.dir))


def looked_at(settings: Settings) -> Installation:
    """The same for commands that only look: makes nothing, and has `UNMADE` for keys that are not there yet."""
    folder = Path(settings.state.dir)
    if find_api_key(folder) is not None:
        return open_installation(folder)
    return Installation(folder=folder, fleet_key=UNMADE, api_key=UNMADE)


def edge_url(edge: EdgeConfig) -> str:
    """Where a client on this machine finds the edge."""
    host = "localhost" if edge.host in _LOCAL_HOSTS else f"[{edge.host}]" if ":" in edge.host else edge.host
    return f"{'https' if edge.tls_cert else 'http'}://{host}:{edge.port}"


UNMADE = "made at the first start"

_LOCAL_HOSTS = ("127.0.0.1", "0.0.0.0", "::", "::1")  # noqa: S104 - addresses to connect to, not to listen on
