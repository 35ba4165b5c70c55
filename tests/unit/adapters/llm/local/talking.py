"""Holding a conversation with the responder, for the tests of this folder."""

import json
from collections.abc import Sequence

from segue.adapters.llm.local.dialogue import reply_to
from segue.adapters.llm.local.reply import CallTool, Say
from segue.adapters.llm.port import (
    AssistantMessage,
    LlmRequest,
    Message,
    ToolCall,
    ToolResult,
    ToolSpec,
    UserMessage,
)


class Talk:
    """One conversation: what was said so far, and what its tools answer."""

    def __init__(
        self, instructions: str = "", tools: Sequence[ToolSpec] = (), results: dict[str, list[str]] | None = None
    ) -> None:
        self.instructions = instructions
        self.tools = tuple(tools)
        self.results = results or {}
        self.history: list[Message] = []
        self.calls: list[CallTool] = []

    def say(self, text: str | None) -> str:
        """Say something (None: nothing) and return the agent's spoken answer, calling its tools on the way."""
        if text is not None:
            self.history.append(UserMessage(text=text))
        while isinstance(reply := self.reply(), CallTool):
            self._call(reply)
        self.history.append(AssistantMessage(text=reply.text))
        return reply.text

    def reply(self) -> Say | CallTool:
        return reply_to(LlmRequest(instructions=self.instructions, history=tuple(self.history), tools=self.tools))

    def _call(self, call: CallTool) -> None:
        self.calls.append(call)
        call_id = f"call_{len(self.calls)}"
        made = ToolCall(call_id=call_id, name=call.name, arguments=json.dumps(call.arguments))
        self.history.append(AssistantMessage(tool_calls=(made,)))
        self.history.append(ToolResult(call_id=call_id, output=self.results.get(call.name, ['{"ok": true}']).pop(0)))


def tool(name: str, description: str, /, **properties: dict[str, object]) -> ToolSpec:
    """A tool whose properties are all required unless they say `optional`."""
    required = [key for key, schema in properties.items() if not schema.pop("optional", False)]
    schema = {"type": "object", "properties": properties, "required": required}
    return ToolSpec(name=name, description=description, parameters=schema)


def book_table() -> ToolSpec:
    return tool(
        "book_table",
        "Book a table at the restaurant.",
        people={"type": "integer"},
        day={"type": "string"},
        time={"type": "string"},
        name={"type": "string"},
        seating={"type": "string", "enum": ["inside", "terrace"], "optional": True},
    )
