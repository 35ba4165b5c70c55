"""What the responder decides: to say something, or to call a tool."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Say `text`: short sentences, made for the ear."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTool:
    """Call the tool with these arguments."""

    name: str
    arguments: dict[str, Any]


Reply = Say | CallTool
