"""Cuts the dialogue model's text, as it streams in, into segments worth speaking.

Rules: the segments joined are the text, to the letter. Where it is cut depends on the text alone, never on how the
stream was chunked, so that a repeated generation gives the same segments and finds their audio again. The first segment
is short, so that speech begins early; later ones are sentences. A cut is decided at the first letter after white space,
because only what follows tells the end of a sentence from an abbreviation.
"""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentConfig:
    """Lengths in characters, white space around a segment not counted."""

    first_sentence_chars_min: int = 4
    """A sentence this long may be spoken first: "Sure." is worth saying at once."""
    first_clause_chars_min: int = 12
    """A clause (comma, colon, dash) this long may be."""
    first_chars_max: int = 60
    """Without punctuation by then, the first segment ends at the next word."""
    sentence_chars_min: int = 24
    """Shorter later sentences are spoken with the next one."""
    clause_chars_min: int = 160
    """A later sentence this long may be cut at a clause."""
    chars_max: int = 240
    """And this long at a word."""


class Segmenter:
    """One agent item's text."""

    def __init__(self, config: SegmentConfig | None = None) -> None:
        self.config = config or SegmentConfig()
        self._held = ""
        self._is_first = True

    @property
    def held(self) -> str:
        """Text that is in no segment yet."""
        return self._held

    def push(self, text: str) -> list[str]:
        """Take the next piece of text and return the segments it completes. Cost: linear in the text held."""
        segments = []
        start = len(self._held)
        held = self._held + text
        while (place := self._next_cut(held, start)) is not None:
            segments.append(held[:place])
            held, start = held[place:], 1
            self._is_first = False
        self._held = held
        return segments

    def flush(self) -> list[str]:
        """The text is complete: return what is left of it, and be ready for another."""
        rest, self._held, self._is_first = self._held, "", True
        return [rest] if rest else []

    def _next_cut(self, held: str, start: int) -> int | None:
        """The first place from `start` on where `held` is to be cut, judging each place by what is before it."""
        for place in range(max(start, 1), len(held)):
            if held[place].isspace():
                continue
            before = held[place - 1]
            is_between_words = before.isspace() or before in _WIDE_ENDS
            if place >= HELD_CHARS_MAX or (is_between_words and self._is_end(held[:place], held[place])):
                return place
        return None

    def _is_end(self, text: str, following: str) -> bool:
        """Whether a segment ends with `text`, which a word beginning with `following` comes after."""
        spoken = text.strip()
        if not is_speakable(spoken):
            return False
        config = self.config
        length = len(spoken)
        sentence_min = config.first_sentence_chars_min if self._is_first else config.sentence_chars_min
        clause_min = config.first_clause_chars_min if self._is_first else config.clause_chars_min
        chars_max = config.first_chars_max if self._is_first else config.chars_max
        if length >= chars_max:
            return True
        if length >= sentence_min and _ends_sentence(text, following):
            return True
        return length >= clause_min and _ends_clause(spoken)


def is_speakable(text: str) -> bool:
    """Whether there is anything in it to say."""
    return any(letter.isalnum() for letter in text)


def _ends_sentence(text: str, following: str) -> bool:
    spoken = text.rstrip()
    if "\n" in text[len(spoken) :]:
        return True
    inner = spoken.rstrip(_CLOSERS)
    is_quoted = len(inner) < len(spoken)
    last = inner[-1:]
    if last in _WIDE_ENDS:
        return True
    if last in ("!", "?"):
        # "“Really?” she asked" goes on.
        return not (is_quoted and following.islower())
    if last != "." or (inner.endswith("..") and following.islower()):
        return last == "\u2026" and not following.islower()
    return not _is_abbreviated(inner, following, is_quoted=is_quoted)


def _is_abbreviated(inner: str, following: str, *, is_quoted: bool) -> bool:
    """Whether the point at the end of `inner` belongs to its last word."""
    words = inner.split()
    word = words[-1].lstrip(_OPENERS)[:-1]
    lower = word.lower()
    if lower in _TITLES or (len(words) == 1 and word.isdigit()):
        # "Dr. Jones"; "1. Preheat the oven".
        return True
    if len(word) == 1 and word.isupper() and word != "I":
        return True
    is_short_form = lower in _SHORT_FORMS or _DOTTED.fullmatch(word) is not None
    if is_short_form:
        # "at 7 p.m. We close" ends a sentence, "the U.S. Army" and "etc. and" do not.
        return not (following.isupper() and lower in _MAY_END)
    return is_quoted and following.islower()


def _ends_clause(spoken: str) -> bool:
    inner = spoken.rstrip(_CLOSERS)
    return inner[-1:] in _CLAUSE_ENDS and inner[-2:-1] not in ("-", "")


def _vocabulary(words: str) -> frozenset[str]:
    return frozenset(words.split())


_CLOSERS: Final = "\"'\u201d\u2019)]}\u00bb*_`"
_OPENERS: Final = "\"'\u201c\u2018([{\u00ab*_`"
_WIDE_ENDS: Final = frozenset("\u3002\uff01\uff1f")
"""The full stop, exclamation and question mark of scripts that put no space after them."""
_CLAUSE_ENDS: Final = frozenset(",;:.!?-\u2026\u2013\u2014\uff0c\u3001\uff1b\uff1a") | _WIDE_ENDS
_TITLES: Final = _vocabulary(
    "mr mrs ms mx dr prof st sr rev gen col lt sgt capt gov sen rep hon mt vs fig nos vol approx"
)
_SHORT_FORMS: Final = _vocabulary(
    """jr inc ltd co corp dept est etc al e.g i.e a.m p.m cf jan feb mar apr jun jul aug sep sept oct nov dec mon tue
    wed thu fri ave blvd rd apt tel ext min max no"""
)
_MAY_END: Final = _vocabulary("jr inc ltd co corp etc a.m p.m ave blvd rd no min max")
_DOTTED: Final = re.compile(r"[^\W\d_](?:\.[^\W\d_])+")
HELD_CHARS_MAX: Final = 600
"""Text without white space (a long address, another script) or without a word is cut here."""
