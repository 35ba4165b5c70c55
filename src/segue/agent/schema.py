"""The JSON Schema of a tool's arguments, from the signature and docstring of the author's function.

Owns what types a tool may take: whatever msgspec converts from JSON (str, int, float, bool, Literal, Enum, Optional,
list, dict, date, time, datetime, dataclasses of these). A description is taken from `Annotated[T, "…"]`, else from
the docstring's `Args:` section.
"""

import functools
import inspect
import operator
import re
import typing
from collections.abc import Callable
from datetime import datetime, time
from types import UnionType
from typing import Any, Final, get_args, get_origin

import msgspec

from segue.model.errors import ConfigError

JsonObject = dict[str, Any]


def arguments_type(function: Callable[..., Any], *, skip: type) -> tuple[type[msgspec.Struct], str | None]:
    """Make a struct that the arguments of `function` decode to.

    Returns it and the name of the parameter annotated with `skip` (the context), which is not an argument.

    Raises:
        ConfigError: A parameter without a type hint, with a type that JSON cannot carry, or `*args`/`**kwargs`.
    """
    where = place_of(function)
    described = _argument_texts(function.__doc__ or "")
    hints = _hints(function, where)
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    skipped: str | None = None
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise ConfigError(
                where, f"parameter {name!r} must be an ordinary named one", hint="models pass arguments by name"
            )
        if name not in hints:
            raise ConfigError(where, f"parameter {name!r} has no type hint", hint=f"write e.g. {name}: str")
        if hints[name] is skip:
            skipped = name
            continue
        hint = _described(hints[name], described.get(name))
        fields.append((name, hint) if parameter.default is parameter.empty else (name, hint, parameter.default))
    try:
        struct = msgspec.defstruct(_name_of(function), fields, kw_only=True, forbid_unknown_fields=True)
        msgspec.json.schema(struct)
    except TypeError as error:
        raise ConfigError(where, f"has a type that JSON cannot carry ({error})", hint=_TYPES_HINT) from error
    return struct, skipped


def parameters_schema(struct: type[msgspec.Struct]) -> JsonObject:
    """The JSON Schema object of a struct of arguments, references resolved, as models are given it."""
    schema = msgspec.json.schema(struct)
    definitions = schema.pop("$defs", {})
    resolved = _resolve(schema, definitions, ())
    resolved.pop("title", None)
    return {"type": "object", "properties": resolved.get("properties", {}), "required": resolved.get("required", [])}


def with_full_times(arguments: Any, schema: JsonObject) -> Any:
    """Write times in full: models say `20:00` where RFC 3339, which decoders go by, wants the seconds too."""
    if not isinstance(arguments, dict):
        return arguments
    return {
        name: _full_time(value, _format_of(schema["properties"].get(name, {}))) for name, value in arguments.items()
    }


def summary_of(function: Callable[..., Any]) -> str:
    """What the docstring says before its sections: the description a model reads."""
    text = inspect.cleandoc(function.__doc__ or "")
    return re.split(r"\n\s*(?:Args|Arguments|Returns|Raises|Note|Example)s?:\s*\n", f"{text}\n", maxsplit=1)[0].strip()


def place_of(function: Callable[..., Any]) -> str:
    """`file:line tool name`, for errors."""
    code = getattr(function, "__code__", None)
    name = _name_of(function)
    return f"{code.co_filename}:{code.co_firstlineno} tool {name}" if code is not None else f"tool {name}"


def _name_of(function: Callable[..., Any]) -> str:
    return str(getattr(function, "__name__", type(function).__name__))


def _hints(function: Callable[..., Any], where: str) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise ConfigError(where, f"has a type hint that cannot be resolved ({error})", hint=_TYPES_HINT) from error


def _described(hint: Any, text: str | None) -> Any:
    if get_origin(hint) is typing.Annotated:
        inner, *extras = get_args(hint)
        texts = [extra for extra in extras if isinstance(extra, str)]
        metas = [extra for extra in extras if not isinstance(extra, str)]
        hint = typing.Annotated[(inner, *metas)] if metas else inner
        text = texts[0] if texts else text
    hint = _with_format(hint)
    return typing.Annotated[hint, msgspec.Meta(description=text)] if text else hint


def _with_format(hint: Any) -> Any:
    """Times without a zone have no format in msgspec's schema; models do better with one."""
    if get_origin(hint) in (typing.Union, UnionType):
        return functools.reduce(operator.or_, [_with_format(each) for each in get_args(hint)])
    name = _FORMATS.get(hint) if isinstance(hint, type) else None
    return typing.Annotated[hint, msgspec.Meta(extra_json_schema={"format": name})] if name else hint


def _argument_texts(docstring: str) -> dict[str, str]:
    """Parameter → its text in a Google-style `Args:` section."""
    section = re.search(
        r"^\s*(?:Args|Arguments):\s*\n(.*?)(?:\n\s*\n|\n\s*(?:Returns|Raises):|\Z)", docstring, re.DOTALL | re.MULTILINE
    )
    if section is None:
        return {}
    texts: dict[str, str] = {}
    name: str | None = None
    for line in section[1].splitlines():
        start = re.match(r"\s*(\w+)\s*(?:\([^)]*\))?:\s*(.*)", line)
        if start is not None:
            name = start[1]
            texts[name] = start[2].strip()
        elif name is not None and line.strip():
            texts[name] += f" {line.strip()}"
    return texts


def _format_of(schema: JsonObject) -> str | None:
    kinds = [schema, *schema.get("anyOf", [])]
    return next((kind["format"] for kind in kinds if "format" in kind), None)


def _full_time(value: Any, format_: str | None) -> Any:
    reader = _TIME_READERS.get(format_ or "")
    if reader is None or not isinstance(value, str):
        return value
    try:
        return reader(value).isoformat()
    except ValueError:
        return value  # The decoder says what is wrong with it.


def _resolve(node: Any, definitions: JsonObject, inside: tuple[str, ...]) -> Any:
    """`node` with each `$ref` replaced by what it names; a type inside itself stays an open object."""
    if isinstance(node, list):
        return [_resolve(each, definitions, inside) for each in node]
    if not isinstance(node, dict):
        return node
    reference = node.get("$ref")
    if reference is None:
        return {key: _resolve(value, definitions, inside) for key, value in node.items()}
    name = str(reference).rpartition("/")[2]
    if name in inside:
        return {"type": "object"}
    rest = {key: value for key, value in node.items() if key != "$ref"}
    found = _resolve(definitions[name], definitions, (*inside, name))
    return {**{key: value for key, value in found.items() if key != "title"}, **rest}


_FORMATS: Final = {time: "time", datetime: "date-time"}
_TIME_READERS: Final[dict[str, Callable[[str], time | datetime]]] = {
    "time": time.fromisoformat,
    "date-time": datetime.fromisoformat,
}
_TYPES_HINT: Final = (
    "use str, int, float, bool, Literal, Enum, list, date, time, datetime or a dataclass of these, or X | None"
)
