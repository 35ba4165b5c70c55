"""Calling tools: which one the user wants, what is still missing, and what its result means.

The state of a request for a tool is not kept: it is read from the history each time, message by message, so that it
survives whatever happened between two turns.
"""

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from segue.adapters.llm.local.memory import remember
from segue.adapters.llm.local.reply import CallTool, Reply, Say
from segue.adapters.llm.local.results import is_failure, say_result
from segue.adapters.llm.local.slots import Hearing, Kind, Slot, Value, fill, question_for, slots_of
from segue.adapters.llm.local.times import find_today
from segue.adapters.llm.local.words import content, has_any, is_question, phrase, stem, words
from segue.adapters.llm.port import (
    AssistantMessage,
    LlmRequest,
    NamedTool,
    ToolCall,
    ToolResult,
    ToolSpec,
    UserMessage,
)


@dataclass(slots=True, kw_only=True)
class _Wanted:
    """A tool asked for, with what is known of its arguments."""

    tool: ToolSpec
    slots: list[Slot]
    values: dict[str, Value] = field(default_factory=dict)
    misheard: bool = False
    """The newest thing said gave nothing for any parameter."""
    fresh: bool = True
    """The newest thing said is what asked for the tool."""

    @property
    def missing(self) -> Slot | None:
        return next((slot for slot in self.slots if slot.required and slot.name not in self.values), None)


def tool_reply(request: LlmRequest) -> Reply | None:
    """Call a tool, ask for what it lacks, or say what it did; None when this turn is about something else."""
    last = request.history[-1] if request.history else None
    if isinstance(last, ToolResult):
        return Say(text=" ".join(say_result(result.output) for result in _newest_results(request)))
    if not request.tools or request.tool_choice == "none" or not isinstance(last, UserMessage):
        return None
    if has_any(phrase(last.text), _AGAIN) and (call := _failed_call(request)) is not None:
        return call
    wanted = _wanted(request)
    if wanted is None:
        return Say(text="All right, I've dropped that.") if _was_cancelled(request, last.text) else None
    missing = wanted.missing
    if missing is None:
        return CallTool(name=wanted.tool.name, arguments=dict(wanted.values))
    if wanted.misheard and not wanted.fresh and is_question(last.text):
        return None  # Something else first; the request for the tool stays open.
    return Say(text=_ask(wanted, missing, request.history))


def open_question(request: LlmRequest) -> str | None:
    """What is still to be asked for a tool, to come back to after another answer."""
    if not request.tools or request.tool_choice == "none":
        return None
    wanted = _wanted(request)
    return None if wanted is None or wanted.missing is None else question_for(wanted.missing)


def matching_tool(text: str, tools: Sequence[ToolSpec]) -> ToolSpec | None:
    """The tool `text` asks for, by its name and description."""
    said = set(content(text))
    asking = is_question(text) or has_any(phrase(text), _REQUESTS) or _opens_with_command(text, tools)
    scored = [(_score(tool, said), tool) for tool in tools]
    best, chosen = max(scored, key=lambda pair: pair[0], default=(0, None))
    if chosen is None or best < _SCORE_MIN:
        return None
    if asking:
        return chosen
    # A mere statement asks for a tool when it says what the tool needs: "A table for two at seven".
    told = fill(slots_of(chosen.parameters), Hearing(text=text, asked=None, today=None, evening=False))
    return chosen if len(told) >= _TOLD_SLOTS_MIN else None


def _score(tool: ToolSpec, said: set[str]) -> int:
    named = {stem(part) for part in words(tool.name.replace("_", " ")) if part not in _GENERIC}
    described = set(content(tool.description)) - named
    hits = len(named & said)
    return 2 * hits + min(len(described & said), 2) if hits or len(described & said) > 1 else 0


def _opens_with_command(text: str, tools: Sequence[ToolSpec]) -> bool:
    first = next((stem(word) for word in words(text) if word not in _POLITE), "")
    return any(first == stem(words(tool.name.replace("_", " "))[0]) for tool in tools if words(tool.name))


def _wanted(request: LlmRequest) -> _Wanted | None:
    """Replay what was said since the last call, as a person filling in a form would hear it."""
    since = _since_last_call(request)
    today = find_today(request.instructions)
    wanted = _forced(request)
    for position in since:
        message = request.history[position]
        assert isinstance(message, UserMessage)
        if has_any(phrase(message.text), _CANCELS):
            wanted = None
            continue
        if wanted is None:
            tool = matching_tool(message.text, request.tools)
            wanted = None if tool is None else _begin(tool, request, position)
        else:
            wanted.fresh = False
        if wanted is not None:
            _hear(wanted, message.text, today)
    return wanted


def _forced(request: LlmRequest) -> _Wanted | None:
    choice = request.tool_choice
    if isinstance(choice, NamedTool):
        chosen = next((tool for tool in request.tools if tool.name == choice.name), None)
    else:
        chosen = request.tools[0] if choice == "required" and len(request.tools) == 1 else None
    return None if chosen is None else _begin(chosen, request, len(request.history))


def _begin(tool: ToolSpec, request: LlmRequest, position: int) -> _Wanted:
    """Start with what the user told about themselves before."""
    wanted = _Wanted(tool=tool, slots=slots_of(tool.parameters))
    name = remember([message.text for message in request.history[:position] if isinstance(message, UserMessage)]).name
    before = _arguments_before(request, tool.name)
    for slot in wanted.slots:
        if slot.kind in _PERSONAL and isinstance(told := before.get(slot.name), str):
            wanted.values[slot.name] = told
        elif slot.kind is Kind.NAME and name is not None:
            wanted.values[slot.name] = name
    return wanted


def _arguments_before(request: LlmRequest, name: str) -> dict[str, object]:
    """The arguments of the newest earlier call of the same tool."""
    messages = (message for message in reversed(request.history) if isinstance(message, AssistantMessage))
    calls = (call for message in messages for call in reversed(message.tool_calls) if call.name == name)
    repeated = next((repeat for call in calls if (repeat := repeat_of(call)) is not None), None)
    return {} if repeated is None else repeated.arguments


def _hear(wanted: _Wanted, text: str, today: dt.date | None) -> None:
    asked = wanted.missing
    dining = bool(_DINING & set(words(f"{wanted.tool.name.replace('_', ' ')} {wanted.tool.description}")))
    heard = fill(wanted.slots, Hearing(text=text, asked=asked, today=today, evening=dining))
    wanted.misheard = not heard
    wanted.values |= heard


def _ask(wanted: _Wanted, missing: Slot, history: Sequence[object]) -> str:
    question = question_for(missing)
    before = next((message.text for message in reversed(history) if isinstance(message, AssistantMessage)), "")
    if wanted.misheard and question in before:
        return f"Sorry, I didn't catch that. {question}"
    return question if wanted.misheard or len(wanted.values) == 0 else f"{_NODS[len(wanted.values) % 3]} {question}"


def _since_last_call(request: LlmRequest) -> list[int]:
    """Positions of the user's messages after the newest call."""
    start = 0
    for position, message in enumerate(request.history):
        if isinstance(message, ToolResult) or (isinstance(message, AssistantMessage) and message.tool_calls):
            start = position + 1
    return [at for at in range(start, len(request.history)) if isinstance(request.history[at], UserMessage)]


def _newest_results(request: LlmRequest) -> list[ToolResult]:
    results: list[ToolResult] = []
    for message in reversed(request.history):
        if not isinstance(message, ToolResult):
            break
        results.insert(0, message)
    return results


def _failed_call(request: LlmRequest) -> Reply | None:
    """The newest call, if the newest result says that it failed and its arguments can be read."""
    calls: dict[str, ToolCall] = {}
    newest: ToolResult | None = None
    for message in request.history:
        if isinstance(message, AssistantMessage):
            calls |= {call.call_id: call for call in message.tool_calls}
        elif isinstance(message, ToolResult):
            newest = message
    if newest is None or newest.call_id not in calls or not is_failure(newest.output):
        return None
    return repeat_of(calls[newest.call_id])


def repeat_of(call: ToolCall) -> CallTool | None:
    """The same call once more."""
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        return None
    return CallTool(name=call.name, arguments=arguments) if isinstance(arguments, dict) else None


def _was_cancelled(request: LlmRequest, text: str) -> bool:
    if not has_any(phrase(text), _CANCELS):
        return False
    before = LlmRequest(instructions=request.instructions, history=request.history[:-1], tools=request.tools)
    return _wanted(before) is not None


_SCORE_MIN = 2
_TOLD_SLOTS_MIN = 2
_GENERIC = frozenset(
    {"get", "set", "do", "make", "run", "fetch", "create", "add", "the", "tool", "my", "new", "a", "for"}
)
_POLITE = frozenset({"please", "hey", "hi", "hello", "okay", "ok", "um", "uh", "so", "and", "now", "well", "then"})
_REQUESTS = (
    "please", "can you", "could you", "i'd like", "i would like", "i want", "i need", "we need", "we'd like",
    "i'll have", "let's", "help me", "we want", "go ahead", "would you",
)  # fmt: skip
_PERSONAL = (Kind.NAME, Kind.PHONE, Kind.EMAIL)
_CANCELS = ("never mind", "nevermind", "cancel", "forget it", "forget that", "forget about it", "stop that", "drop it")
_AGAIN = ("try again", "try it again", "try that again", "retry", "try once more", "do it again")
_DINING = frozenset(
    {"table", "restaurant", "dinner", "diner", "evening", "show", "theatre", "theater", "cinema", "party"}
)
_NODS = ("All right.", "Sure.", "Okay.")
