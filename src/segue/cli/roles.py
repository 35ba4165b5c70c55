"""Each role's section of the configuration, completed with what this installation made up for itself."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from segue.adapters.store.schema import SqliteConfig
from segue.cli.config import Settings
from segue.cli.installation import Installation, open_installation
from segue.core.config import CoreConfig
from segue.edge.config import EdgeConfig

Flags = Mapping[str, Mapping[str, Any]]
"""Section → field → value, as the command line gave them."""


def edge_config(settings: Settings) -> EdgeConfig:
    """The edge's section; the installation's keys where none are configured."""
    installation = installation_of(settings)
    defaults = {"fleet_key": installation.fleet_key, "api_keys": (installation.api_key,)}
    return settings.merged.build("edge", EdgeConfig, defaults)


def core_config(settings: Settings) -> CoreConfig:
    """The core's section; the installation's key where none is configured."""
    return settings.merged.build("core", CoreConfig, {"fleet_key": installation_of(settings).fleet_key})


def journal_config(settings: Settings) -> SqliteConfig:
    """The journal's section; it lies in the state folder unless said otherwise."""
    return settings.merged.build("journal", SqliteConfig, {"path": Path(settings.state.dir) / "journal.db"})


def installation_of(settings: Settings) -> Installation:
    """The keys and folder of this installation, made at its first start."""
    return open_installation(Path(settings.state.dir))
