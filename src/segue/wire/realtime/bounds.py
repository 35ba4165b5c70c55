"""What of a client's free-form JSON (session patches, metadata, tool schemas) we agree to carry.

JSON has no largest integer and no deepest list; the journal's msgpack and the interpreter's stack do. What passes here
can be merged, journalled and echoed without an error.
"""

from typing import Any, Final

from segue.model.errors import PeerProtocolError

NESTING_MAX: Final = 64
"""Levels of objects and lists. JSON Schemas of real tools have under twenty."""

INTEGER_MAX: Final = 2**63 - 1
"""Largest magnitude of an integer."""


def check_json(value: Any, path: str, depth: int = 0) -> None:
    """Refuse a decoded JSON value that cannot be carried.

    Raises:
        PeerProtocolError: It is nested deeper than `NESTING_MAX` or has an integer beyond 64 bits; `param` is its path.
    Cost: one visit to every value in it.
    """
    if depth > NESTING_MAX:
        raise PeerProtocolError(f"{path}: nested deeper than {NESTING_MAX} levels", param=path)
    match value:
        case dict():
            for key, item in value.items():
                check_json(item, f"{path}.{str(key)[:KEY_CHARS_MAX]}" if depth < PATH_DEPTH_MAX else path, depth + 1)
        case list() | tuple():
            for index, item in enumerate(value):
                check_json(item, f"{path}[{index}]" if depth < PATH_DEPTH_MAX else path, depth + 1)
        case int() if not -INTEGER_MAX <= value <= INTEGER_MAX:
            raise PeerProtocolError(f"{path}: integers have at most 64 bits", param=path)
        case _:
            pass


PATH_DEPTH_MAX: Final = 8
KEY_CHARS_MAX: Final = 40
"""A path in an error names this many levels, and this much of each key."""
