"""Configuration: read here only, checked whole, passed down by argument.

Three layers, later ones win: a TOML file (`--config`, else `segue.toml` here if there is one), the environment
(`SEGUE_<SECTION>__<FIELD>`), flags. Each section of the file is one frozen dataclass of the component it configures; an
unknown section or field, or a value of the wrong type or range, is a `ConfigError` that names it.
"""

import dataclasses
import difflib
import json
import os
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from segue.cli.sections import SECTIONS, ProviderSection, StateSection, UseSection
from segue.model.errors import ConfigError

ENVIRONMENT_PREFIX = "SEGUE_"
DEFAULT_FILE = "segue.toml"


PROVIDERS = "providers"

C = TypeVar("C")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One source of values: section → field → value, and how to name it in an error."""

    name: str
    values: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What was configured. The components' own sections are built by `cli.roles`, which knows their defaults here."""

    state: StateSection
    use: UseSection
    providers: Mapping[str, ProviderSection]
    merged: "Merged"


def load_settings(path: Path | None, flags: Mapping[str, Mapping[str, Any]]) -> Settings:
    """Merge file, environment and flags into checked settings.

    Raises:
        ConfigError: File missing or no TOML; unknown section or field; a value that does not fit.
    """
    layers = [_file_layer(path), _environment_layer(os.environ), Layer(name="command line", values=flags)]
    merged = Merged(layers)
    return Settings(
        state=merged.build("state", StateSection),
        use=merged.build("use", UseSection),
        providers={
            section.removeprefix(f"{PROVIDERS}."): merged.build(section, ProviderSection)
            for section in merged.sections
            if section.startswith(f"{PROVIDERS}.")
        },
        merged=merged,
    )


class Merged:
    """The layers' values, later ones over earlier ones, each remembering where it came from."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._values: dict[str, dict[str, Any]] = {}
        self._sources: dict[tuple[str, str], str] = {}
        for layer in layers:
            for section, fields in layer.values.items():
                _check_names(layer.name, section, fields)
                for field, value in fields.items():
                    if value is not None:
                        self._values.setdefault(section, {})[field] = value
                        self._sources[section, field] = layer.name

    @property
    def sections(self) -> tuple[str, ...]:
        """Sections that somebody gave a value."""
        return tuple(self._values)

    def as_dict(self) -> dict[str, Any]:
        """The values given, as a configuration file would hold them."""
        values: dict[str, Any] = {}
        for section, fields in self._values.items():
            outer, _, inner = section.partition(".")
            if inner:
                values.setdefault(outer, {})[inner] = fields
            else:
                values[outer] = fields
        return values

    def source(self, section: str, field: str) -> str:
        """Where a value came from; `default` if nobody gave it."""
        return self._sources.get((section, field), "default")

    def build(self, section: str, kind: type[C], defaults: Mapping[str, Any] | None = None) -> C:
        """The section as its dataclass; `defaults` are what this installation fills in where nobody said anything.

        Raises:
            ConfigError: A value has the wrong type or is out of range.
        """
        values = {**(defaults or {}), **self._values.get(section, {})}
        try:
            return msgspec.convert(values, kind, strict=False, dec_hook=_decode_path)
        except msgspec.ValidationError as error:
            field = str(error).partition("at `$.")[2].rstrip("`").split(".")[0].split("[")[0]
            where = f"{self.source(section, field)}: {section}" + (f".{field}" if field else "")
            raise ConfigError(where, str(error).partition(" - at")[0]) from error


def _file_layer(path: Path | None) -> Layer:
    chosen = path or Path(DEFAULT_FILE)
    if path is None and not chosen.exists():
        return Layer(name=str(chosen), values={})
    try:
        text = chosen.read_text()
    except OSError as error:
        raise ConfigError(str(chosen), f"cannot be read ({error.strerror})") from error
    try:
        values = json.loads(text) if chosen.suffix == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise ConfigError(str(chosen), f"is not valid {chosen.suffix.lstrip('.') or 'TOML'}: {error}") from error
    sections = {name: fields for name, fields in values.items() if name != PROVIDERS}
    sections |= {f"{PROVIDERS}.{name}": fields for name, fields in values.get(PROVIDERS, {}).items()}
    for section, fields in sections.items():
        if not isinstance(fields, dict):
            raise ConfigError(f"{chosen}: {section}", "is not a section", hint=f"sections are {', '.join(SECTIONS)}")
    return Layer(name=str(chosen), values=sections)


def _environment_layer(environment: Mapping[str, str]) -> Layer:
    """`SEGUE_EDGE__PORT=8080` is field `port` of section `edge`, `SEGUE_PROVIDERS__VLLM__API_KEY` one of a provider.

    Values are JSON where they parse, else text.
    """
    values: dict[str, dict[str, Any]] = {}
    for name, text in environment.items():
        *sections, field = name.removeprefix(ENVIRONMENT_PREFIX).lower().split("__")
        if name.startswith(ENVIRONMENT_PREFIX) and sections:
            values.setdefault(".".join(sections), {})[field] = _parse(text)
    return Layer(name="environment", values=values)


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _check_names(source: str, section: str, fields: Mapping[str, Any]) -> None:
    kind = ProviderSection if section.startswith(f"{PROVIDERS}.") else SECTIONS.get(section)
    if kind is None:
        raise ConfigError(f"{source}: section {section!r}", "does not exist", hint=_nearest(section, SECTIONS))
    known = [field.name for field in dataclasses.fields(kind)]
    for field in fields:
        if field not in known:
            raise ConfigError(f"{source}: {section}.{field}", "does not exist", hint=_nearest(field, known))


def _nearest(name: str, known: "list[str] | Mapping[str, Any]") -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"


def _decode_path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str | Path):
        return Path(value).expanduser()
    raise AssertionError(f"a section has a field of type {kind.__name__}, which cannot be configured")
