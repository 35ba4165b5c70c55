"""Answers found in the text that instructions bring along: the sentence that shares most with the question."""

import math
import re
from collections import Counter

from segue.adapters.llm.local.words import content, phrase, sentences


def answer_from(text: str, question: str) -> str | None:
    """Return the sentence of `text` that answers `question` best, or None when none shares enough with it."""
    wanted = set(content(question)) | _implied(question)
    told = [sentence for sentence in sentences(text) if not _DIRECTIVE.match(sentence)]
    if not wanted or not told:
        return None
    stems = [set(content(sentence)) | ({"address"} if _PLACE.search(sentence) else set()) for sentence in told]
    seen_in = Counter(word for present in stems for word in present)
    weights = {word: 1.0 + math.log((1 + len(told)) / (1 + seen_in[word])) for word in wanted}
    total = sum(weights.values())
    kind = _kind_of(question)
    scored = []
    for index, present in enumerate(stems):
        shared = sum(weights[word] for word in wanted & present)
        bonus = _KIND_BONUS if shared and kind is not None and kind.search(told[index]) else 0.0
        scored.append((shared / total + bonus, -index))
    best, index = max(scored)
    return _as_spoken(told[-index]) if best >= _SHARE_MIN else None


def named_in(instructions: str) -> str | None:
    """The name instructions give the agent: `You are Ada, …` or `Your name is Ada`."""
    match = _OWN_NAME.search(instructions)
    return match[1] if match else None


def _implied(question: str) -> set[str]:
    """Stems a kind of question looks for beyond its own words."""
    said = phrase(question)
    if " how much " in said:
        return {"cost"}
    return {"address"} if " where " in said else set()


def _kind_of(question: str) -> re.Pattern[str] | None:
    said = phrase(question)
    return next((pattern for asked, pattern in _KINDS if any(f" {word} " in said for word in asked)), None)


def _as_spoken(sentence: str) -> str:
    spoken = _LABEL.sub("", sentence).strip()
    spoken = spoken[:1].upper() + spoken[1:]
    return spoken if spoken.endswith((".", "!", "?")) else spoken + "."


_SHARE_MIN = 0.5
_KIND_BONUS = 0.2
_DIRECTIVE = re.compile(
    r"(?:you (?:are|must|should|may|can|will|speak|answer|help|only|never|always)\b|your (?:job|task|role|name|tone)\b"
    r"|(?:please )?(?:be|keep|answer|speak|use|do not|don't|never|always|only|ask|greet|help|start|say|tell|call|if"
    r"|when|respond|reply|talk|confirm|collect|act|pretend|make sure)\b|[QA]\s*[:.])",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^(?:facts?|notes?|info(?:rmation)?|context|text)\s*:\s*", re.IGNORECASE)
_OWN_NAME = re.compile(r"\b(?:[Yy]our name is|[Yy]ou are(?: called| named)?) (?!The\b|An?\b)([A-Z][a-z]+)\b")
_PLACE = re.compile(r"\b\d+ (?:[A-Z]\w+ )+(?:Street|St|Road|Rd|Avenue|Ave|Square|Lane|Way|Drive|Place)\b")
_KINDS = (
    (("when", "when's", "what time"), re.compile(r"\d|noon|midnight|day\b")),
    (("how much", "how many", "price", "cost"), re.compile(r"\d|free\b")),
    (("who", "who's"), re.compile(r"\b[A-Z][a-z]+ [A-Z][a-z]+")),
    (("where", "where's"), re.compile(r"\b(?:at|in|on|near|street|avenue|road|square)\b", re.IGNORECASE)),
)
