"""`segue config show`: every setting in force, and which layer it came from."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from segue.cli.config import PROVIDERS, Settings, load_settings
from segue.cli.roles import core_config, edge_config, journal_config

SECRET_FIELDS = frozenset({"fleet_key", "api_keys", "api_key"})


def show(path: Path | None, flags: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """Print the configuration as TOML with the origin of each value.

    Raises:
        ConfigError: It cannot be used; nothing is printed.
    """
    settings = load_settings(path, flags)
    sections: dict[str, Any] = {
        "state": settings.state,
        "use": settings.use,
        "edge": edge_config(settings),
        "core": core_config(settings),
        "journal": journal_config(settings),
    }
    sections |= {f"{PROVIDERS}.{name}": section for name, section in settings.providers.items()}
    for name, section in sections.items():
        console.print(f"[bold]\\[{name}][/bold]")
        for field in dataclasses.fields(section):
            value = getattr(section, field.name)
            console.print(_line(settings, name, field.name, value), highlight=False, soft_wrap=True)
        console.print()


def _line(settings: Settings, section: str, field: str, value: Any) -> str:
    shown = "(set, not shown)" if field in SECRET_FIELDS and value else _toml(value)
    return f"{field} = {escape(shown)}  [dim]# {escape(settings.merged.source(section, field))}[/dim]"


def _toml(value: Any) -> str:
    match value:
        case None:
            return '"" (unset)'
        case bool():
            return "true" if value else "false"
        case tuple() | list():
            return "[" + ", ".join(_toml(each) for each in value) + "]"
        case int() | float():
            return str(value)
        case _:
            return f'"{value}"'
