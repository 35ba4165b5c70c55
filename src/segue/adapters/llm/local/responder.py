"""The offline responder as an `Llm`: decides at once, streams word by word."""

import hashlib
import json
import re
from collections.abc import AsyncGenerator

from segue.adapters.llm.local.dialogue import reply_to
from segue.adapters.llm.local.reply import CallTool, Say
from segue.adapters.llm.port import (
    Finished,
    FinishReason,
    LlmDelta,
    LlmRequest,
    TextDelta,
    ToolCallDelta,
    ToolResult,
    Usage,
)


class LocalResponder:
    """Equal requests get equal replies; below a millisecond for a conversation of a hundred messages."""

    name = "local-responder"

    async def generate(self, request: LlmRequest) -> AsyncGenerator[LlmDelta, None]:
        reply = reply_to(request)
        input_tokens = _count(request)
        match reply:
            case Say(text=text):
                pieces = re.findall(r"\S+\s*", text)
                bound = request.max_output_tokens
                for piece in pieces[:bound]:
                    yield TextDelta(text=piece)
                cut = bound is not None and len(pieces) > bound
                said = len(pieces) if not cut else bound or 0
                reason = FinishReason.LENGTH if cut else FinishReason.STOP
                yield Finished(reason=reason, usage=Usage(input_tokens=input_tokens, output_tokens=said))
            case CallTool():
                fragments = _fragments(reply)
                for index, fragment in enumerate(fragments):
                    first = index == 0
                    yield ToolCallDelta(
                        index=0,
                        call_id=_call_id(request, reply) if first else None,
                        name=reply.name if first else None,
                        arguments=fragment,
                    )
                usage = Usage(input_tokens=input_tokens, output_tokens=len(fragments))
                yield Finished(reason=FinishReason.TOOL_CALLS, usage=usage)

    async def warm(self) -> None:
        """Nothing to load."""


def _fragments(call: CallTool) -> list[str]:
    text = json.dumps(call.arguments)
    return [text[at : at + _FRAGMENT_CHARS] for at in range(0, len(text), _FRAGMENT_CHARS)]


def _call_id(request: LlmRequest, call: CallTool) -> str:
    """The same for the same request, so that an answer made again is the same answer."""
    made_of = [request.idempotency_key, len(request.history), call.name, call.arguments]
    return f"call_{hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]}"


def _count(request: LlmRequest) -> int:
    spoken = (message.output if isinstance(message, ToolResult) else message.text for message in request.history)
    return len(request.instructions.split()) + sum(len(text.split()) for text in spoken)


_FRAGMENT_CHARS = 16
