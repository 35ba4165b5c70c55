"""`segue config show`: every setting in force, and which layer it came from, as a file that could be used again."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from segue.cli.config import PROVIDERS, load_settings
from segue.cli.roles import UNMADE, core_config, edge_config, journal_config, looked_at


def show(path: Path | None, flags: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """Print the configuration as TOML with the origin of each value; what is secret or not set, as a comment.

    Raises:
        ConfigError: It cannot be used; nothing is printed.
    """
    settings = load_settings(path, flags)
    installation = looked_at(settings)
    sections: dict[str, Any] = {
        "state": settings.state,
        "use": settings.use,
        "edge": edge_config(settings, installation),
        "core": core_config(settings, installation),
        "journal": journal_config(settings),
    }
    sections |= {f"{PROVIDERS}.{name}": section for name, section in settings.providers.items()}
    for name, section in sections.items():
        console.print(f"[bold]\\[{name}][/bold]")
        for field in dataclasses.fields(section):
            value = getattr(section, field.name)
            shown = _shown(field.name, value, is_secret=not field.repr)
            origin = f"[dim]# {escape(settings.merged.source(name, field.name))}[/dim]"
            console.print(f"{escape(shown)}  {origin}", highlight=False, soft_wrap=True)
        console.print()


def _shown(name: str, value: Any, *, is_secret: bool) -> str:
    if is_secret and value:
        return f"# {name} = ({UNMADE if value in (UNMADE, (UNMADE,)) else 'set, not shown'})"
    return f"# {name} is not set" if value is None else f"{name} = {_toml(value)}"


def _toml(value: Any) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case tuple() | list():
            return "[" + ", ".join(_toml(each) for each in value) + "]"
        case int() | float():
            return str(value)
        case _:
            return json.dumps(str(value), ensure_ascii=False)
