"""What the user said about themselves earlier, read anew from the history each time."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from segue.adapters.llm.local.words import phrase, sentences, spoken_list, straight


@dataclass(slots=True, kw_only=True)
class Memory:
    """Facts the user told, the newest of each kind."""

    name: str | None = None
    facts: dict[str, str] = field(default_factory=dict)
    """`favorite color` → `blue`, as said after "my … is"."""
    doings: dict[str, str] = field(default_factory=dict)
    """`live` → `in Berlin`, as said after "I"."""
    notes: list[str] = field(default_factory=list)
    """What was to be remembered, turned to "you"."""


def remember(said: Sequence[str]) -> Memory:
    """Read the user's messages, oldest first."""
    memory = Memory()
    for text in said:
        for sentence in sentences(straight(text)):
            _take(memory, sentence)
    return memory


def acknowledge(text: str) -> str | None:
    """What to answer when `text` tells something about the user and asks nothing."""
    memory = remember([text])
    if memory.name is not None:
        return f"Nice to meet you, {memory.name}."
    if memory.notes:
        return f"Okay, I'll remember that {memory.notes[-1]}."
    told = [f"your {key} {_verb(key)} {value}" for key, value in memory.facts.items()]
    told += [f"you {doing} {rest}" for doing, rest in memory.doings.items()]
    return f"Got it, {spoken_list(told)}." if told else None


def recall(question: str, memory: Memory) -> str | None:
    """The answer if `question` asks for what the user told earlier; None if it asks for something else."""
    said = phrase(question)
    if _ASKS_NAME.search(said):
        known = None if memory.name is None else f"Your name is {memory.name}."
        return known or "You haven't told me your name yet."
    if _ASKS_NOTES.search(said):
        return "You asked me to remember this: " + ", and ".join(memory.notes) + "." if memory.notes else None
    if match := _ASKS_FACT.search(said):
        key = _key(match[1])
        if key in memory.facts:
            return f"Your {key} {_verb(key)} {memory.facts[key]}."
        return f"You haven't told me your {key} yet."
    return _recall_doing(said, memory)


def turned(text: str) -> str:
    """Turn the speaker's words round: `my` → `your`, `I am` → `you are`."""
    plain = straight(text).strip(" .!?,")
    return re.sub(r"[A-Za-z']+", lambda match: _TURNED.get(match[0].lower(), match[0]), plain)


def _take(memory: Memory, sentence: str) -> None:
    if sentence.rstrip().endswith("?"):
        return
    if match := _NOTE.search(sentence):
        memory.notes.append(turned(match[1]))
    if (name := find_name(sentence)) is not None:
        memory.name = name
    for match in _FACT.finditer(sentence):
        key = _key(match[1])
        if key != "name":
            memory.facts[key] = turned(match[2])
    if match := _DOING.search(sentence):
        verb = "are" if match[1].lower() in ("am", "'m") else match[1].lower()
        memory.doings[verb] = turned(match[2])


def find_name(sentence: str) -> str | None:
    """The name the speaker gives as theirs."""
    for pattern in _NAMES:
        for match in pattern.finditer(straight(sentence)):
            parts = [part for part in match[1].split() if part[0].isupper()]
            if parts and parts[0] not in _NOT_NAMES:
                return " ".join(parts)
    return None


def _recall_doing(said: str, memory: Memory) -> str | None:
    for pattern, verb, unknown in _DOING_QUESTIONS:
        if pattern.search(said):
            rest = memory.doings.get(verb)
            return f"You {verb} {rest}." if rest is not None else unknown
    return None


def _key(text: str) -> str:
    return " ".join(_SPELLING.get(word, word) for word in text.lower().split())


def _verb(key: str) -> str:
    plural = key.endswith("s") and not key.endswith(("ss", "us", "is"))
    return "are" if plural else "is"


_CAPITALS = r"([A-Z][\w'-]*(?: [A-Z][\w'-]*){0,2})"
_NAMES = (
    re.compile(rf"\b[Mm]y (?:full |first )?name(?: is|'s) {_CAPITALS}"),
    re.compile(rf"\b(?:[Cc]all me|[Yy]ou can call me|[Uu]nder the name(?: of)?|[Tt]he name is|[Nn]ame's) {_CAPITALS}"),
    re.compile(rf"\b[Tt]his is {_CAPITALS}(?: speaking| here|[.!,]|$)"),
    re.compile(rf"\bI(?:'m| am) {_CAPITALS}"),
)
_NOT_NAMES = frozenset({"I", "I'm", "Not", "Sorry", "Just", "Looking", "Fine", "Good", "Ok", "Okay", "English", "The"})
_NOTE = re.compile(r"\b(?:please )?(?:remember|note|don't forget)(?: that|:| this:?|,) (.+)", re.IGNORECASE)
_FACT = re.compile(
    r"\bmy ((?!name\b)[a-z]+(?: [a-z]+){0,3}?)(?: is| are|'s) (?!what\b|not sure)([^.!?;]+?)"
    r"(?=$|[.!?;]|,? and (?:my|I)\b|, (?:my|I)\b)",
    re.IGNORECASE,
)
_DOING = re.compile(
    r"\bI(?: really| also)? ?(live|work|like|love|hate|prefer|study|play|come|have|own|am(?= from))"
    r" (?!to (?:book|order|know|ask)\b)((?:in|at|as|for|from|near|on)?\b ?[^.!?,;]+?)(?=$|[.!?,;]| and (?:my|I)\b)",
    re.IGNORECASE,
)
_ASKS_NAME = re.compile(
    r" (?:what is|what's|what was|whats|say|know|remember|tell me|recall|spell) my (?:first |full )?name | who am i "
)
_ASKS_NOTES = re.compile(r" what (?:did i|have i|should you|do you) .{0,30}remember | what do you remember ")
_ASKS_FACT = re.compile(
    r" (?:what is|what's|what are|what was|whats|who is|who's|when is|when's|where is|where's"
    r"|do you know|do you remember|tell me|recall) my ((?!name |score )\w+(?: \w+){0,3}?) $"
)
_DOING_QUESTIONS = (
    (re.compile(r" where (?:do|did) i (?:say i )?live "), "live", "You haven't told me where you live."),
    (re.compile(r" where (?:do|did) i (?:say i )?work "), "work", "You haven't told me where you work."),
    (re.compile(r" (?:where am i from|where do i come from) "), "are", "You haven't told me where you are from."),
    (re.compile(r" what do i like "), "like", "You haven't told me what you like."),
    (re.compile(r" what do i love "), "love", "You haven't told me what you love."),
    (re.compile(r" what do i (?:do|work as) "), "work", None),
    (re.compile(r" what do i (?:play) "), "play", None),
    (re.compile(r" what do i (?:have|own) "), "have", None),
    (re.compile(r" what do i study "), "study", None),
    (re.compile(r" what do i prefer "), "prefer", None),
)
_SPELLING = {"favourite": "favorite", "colour": "color", "colours": "colors"}
_TURNED = {
    "i": "you",
    "i'm": "you're",
    "i've": "you've",
    "i'll": "you'll",
    "i'd": "you'd",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "am": "are",
    "myself": "yourself",
    "you": "I",
    "your": "my",
}
