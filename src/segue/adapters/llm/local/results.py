"""What to say about a tool's result: any text, JSON by custom."""

import json
import re
from typing import Any

from segue.adapters.llm.local.times import spoken_date, spoken_time
from segue.adapters.llm.local.words import spoken_list, words


def say_result(output: str) -> str:
    """Put `output` into short sentences, never none; failures and unknown outcomes are named as such."""
    return _say(output) or _DONE


def _say(output: str) -> str:
    try:
        result = json.loads(output)
    except ValueError:
        return _sentence(output) if output.strip() else _DONE
    if isinstance(result, dict):
        return _say_object(result)
    if isinstance(result, list):
        return f"I found {spoken_list([_value(one) for one in result[:_ITEMS_MAX]])}." if result else "I found nothing."
    if result is None or result is True:
        return _DONE
    return "I'm sorry, that didn't work." if result is False else _sentence(_value(result))


def is_failure(output: str) -> bool:
    """Whether the tool says that it did not do what it was asked to."""
    try:
        result = json.loads(output)
    except ValueError:
        return output.lower().startswith(("error", "failed"))
    return isinstance(result, dict) and (_is_unknown(result) or _fault(result) is not None)


def _say_object(result: dict[str, Any]) -> str:
    if _is_unknown(result):
        return "I'm sorry, I can't tell whether that went through. Please check before we try again."
    if (fault := _fault(result)) is not None:
        return f"I'm sorry, that didn't work. {_sentence(fault)}".strip() if fault else "I'm sorry, that didn't work."
    for key in _SPEECH_KEYS:
        told = result.get(key)
        if isinstance(told, str) and told.strip():
            return _sentence(told)
    told_fields = [
        f"{' '.join(words(key.replace('_', ' ')))}: {_value(value)}"
        for key, value in result.items()
        if key not in _STATUS_KEYS and isinstance(value, str | int | float) and not isinstance(value, bool)
    ]
    done = ["That's done"] if not told_fields or _STATUS_KEYS & set(result) else []
    return " ".join(f"{part[:1].upper()}{part[1:]}." for part in done + told_fields[:_ITEMS_MAX])


def _is_unknown(result: dict[str, Any]) -> bool:
    return str(result.get("outcome") or result.get("status") or "").lower() in ("unknown", "outcome_unknown")


def _fault(result: dict[str, Any]) -> str | None:
    """The reason of a failure (maybe empty), None for a success."""
    if (error := result.get("error")) not in (None, False, ""):
        told = error.get("message", "") if isinstance(error, dict) else error
        return str(told) if told is not True else ""
    refused = any(result.get(key) is False for key in ("ok", "success", "booked", "confirmed", "done"))
    failed = str(result.get("status", "")).lower() in ("failed", "error", "refused", "rejected", "unavailable", "full")
    if refused or failed:
        return str(result.get("reason") or result.get("message") or "")
    return None


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return spoken_list([_value(one) for one in list(value.values())[:_ITEMS_MAX]])
    if isinstance(value, list):
        return spoken_list([_value(one) for one in value[:_ITEMS_MAX]])
    return spoken_date(spoken_time(str(value)))


def _sentence(text: str) -> str:
    whole = re.sub(r"\s+", " ", text).strip()
    if len(whole) > _CHARS_MAX:
        whole = whole[:_CHARS_MAX].rsplit(" ", 1)[0] + "."
    whole = whole[:1].upper() + whole[1:]
    return whole if not whole or whole.endswith((".", "!", "?")) else whole + "."


_DONE = "That's done."
_ITEMS_MAX = 4
_CHARS_MAX = 400
_SPEECH_KEYS = ("say", "speech", "message", "text", "summary", "answer", "result", "confirmation_message")
_STATUS_KEYS = frozenset({"ok", "success", "status", "booked", "confirmed", "done"})
