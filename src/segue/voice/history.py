"""What the model is told happened: the conversation's items, with agent speech as far as it was heard."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, assert_never

from segue.voice.facts import ItemState
from segue.voice.results import HistoryEntry, ToolCallRecord
from segue.voice.state import Conversation
from segue.wire.realtime.items import (
    FunctionCall,
    FunctionCallOutput,
    InputAudioPart,
    InputText,
    Item,
    Message,
    OutputAudioPart,
    OutputText,
    PlainText,
)


def history(conversation: Conversation, *, through: str | None, pending: str | None = None) -> tuple[HistoryEntry, ...]:
    """The conversation up to the item `through` (None: from before its first item), as the model is told it.

    Args:
        pending: What the user has said since, in a turn that is not committed yet.
    Cost: O(items); the oldest entries beyond HISTORY_CHARS_MAX are left out.
    """
    facts = conversation.facts
    last = facts.order.index(through) + 1 if through in facts.items else len(facts.order)
    order = [] if through is None else facts.order[:last]
    entries = entries_of(facts.items[item_id] for item_id in order)
    if pending is not None:
        entries.append(HistoryEntry(role="user", text=pending))
    return bounded(entries)


def entries_of(states: Iterable[ItemState]) -> list[HistoryEntry]:
    """Entries of these items in order; each call is followed by its output, or by a word that there is none."""
    items = [(state, state.item) for state in states]
    outputs = {item.call_id: item.output for _, item in items if isinstance(item, FunctionCallOutput)}
    entries: list[HistoryEntry] = []
    for state, item in items:
        match item:
            case Message():
                entries.extend(_of_message(item, state.heard_text))
            case FunctionCall():
                _add_call(entries, item, outputs.get(item.call_id, NO_OUTPUT))
            case FunctionCallOutput():
                pass
            case _:
                assert_never(item)
    return entries


def entries_of_input(items: Sequence[Item]) -> tuple[HistoryEntry, ...]:
    """Entries of the items a client gave for one response alone."""
    return bounded(entries_of(ItemState(item=item) for item in items))


def bounded(entries: list[HistoryEntry]) -> tuple[HistoryEntry, ...]:
    """The newest entries whose text fits; never beginning with the output of a call that was left out."""
    left, start = HISTORY_CHARS_MAX, len(entries)
    while start > 0 and left >= len(entries[start - 1].text):
        start -= 1
        left -= len(entries[start].text)
    while start < len(entries) and entries[start].role == "tool":
        start += 1
    return tuple(entries[start:])


def _of_message(item: Message, heard_text: str | None) -> list[HistoryEntry]:
    text = _plain_text(item) if heard_text is None else heard_text
    return [HistoryEntry(role=item.role, text=text)] if text.strip() else []


def _plain_text(item: Message) -> str:
    texts: list[str] = []
    for part in item.content:
        match part:
            case InputText(text=text) | PlainText(text=text) | OutputText(text=text):
                texts.append(text)
            case InputAudioPart(transcript=transcript):
                texts.append(transcript or "")
            case OutputAudioPart(transcript=spoken):
                texts.append(spoken)
            case _:
                assert_never(part)
    return " ".join(text for text in texts if text)


def _add_call(entries: list[HistoryEntry], call: FunctionCall, output: str) -> None:
    """Calls belong to the agent's words before them; outputs follow the calls of the same answer."""
    record = ToolCallRecord(call_id=call.call_id, name=call.name, arguments=call.arguments)
    place = len(entries)
    while place > 0 and entries[place - 1].role == "tool":
        place -= 1
    if place > 0 and entries[place - 1].role == "assistant":
        last = entries[place - 1]
        entries[place - 1] = replace(last, tool_calls=(*last.tool_calls, record))
    else:
        entries.append(HistoryEntry(role="assistant", text="", tool_calls=(record,)))
    entries.append(HistoryEntry(role="tool", text=output, call_id=call.call_id))


HISTORY_CHARS_MAX: Final = 400_000
"""Of what a model is told at once: about 100,000 tokens. Over it the oldest is left out."""

NO_OUTPUT: Final = "(no result was given)"
