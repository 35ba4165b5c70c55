"""Words of transcripts: punctuation off, contractions kept, number words as digits, crude stems."""

import re
from collections.abc import Iterable, Sequence


def words(text: str) -> list[str]:
    """Lower-case words of `text`. Clock times and decimals stay whole (`7:30`, `3.5`), `p.m.` becomes `pm`."""
    plain = _HALF_OF_DAY.sub(lambda match: f"{match[1]}m", straight(text).lower())
    plain = _OLD_HYPHEN.sub(r"to\1", _THOUSANDS.sub("", plain))
    return _WORD.findall(plain)


def straight(text: str) -> str:
    """Curly quotation marks and apostrophes made straight."""
    return text.translate(_QUOTES)


def word_list(text: str) -> list[str]:
    """The words of a table written as one text."""
    return text.split()


def phrase(text: str) -> str:
    """`words` joined by single spaces, with a space at both ends, so that ` yes ` is found as a whole word."""
    return f" {' '.join(words(text))} "


def has_any(said: str, phrases: Iterable[str]) -> bool:
    """Whether one of `phrases` stands in `said` (a `phrase`) as whole words."""
    return any(f" {wanted} " in said for wanted in phrases)


def numbered(said: Sequence[str]) -> list[str]:
    """Replace number words by digits: `twenty five` → `25`, `two` → `2`; `seven thirty` stays two numbers."""
    out: list[str] = []
    at = 0
    while at < len(said):
        value, used = _number_at(said, at)
        out.append(said[at] if value is None else str(value))
        at += used
    return out


def stem(word: str) -> str:
    """A crude stem that joins forms of one word and a few synonyms people use with machines."""
    word = word.removesuffix("'s")
    for ending, kept in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM_CHARS_MIN:
            word = word[: -len(ending)] + kept
            break
    if len(word) > _STEM_CHARS_MIN and word[-1] == word[-2] and word[-1] not in "ls":
        word = word[:-1]
    word = word.removesuffix("e") if len(word) > _STEM_CHARS_MIN else word
    return _SAME.get(word, word)


def content(text: str) -> list[str]:
    """Stems of the words that carry meaning, in order."""
    return [stem(word) for word in numbered(words(text)) if word not in STOP_WORDS]


def sentences(text: str) -> list[str]:
    """Sentences and lines of `text`, trimmed, none empty."""
    return [part for piece in _SENTENCE_END.split(text) if (part := piece.strip(" \t-*•"))]


def is_question(text: str) -> bool:
    """Whether `text` asks something, by its mark or its first word."""
    if text.rstrip().endswith("?"):
        return True
    said = [word for word in words(text) if word not in _FILLERS]
    return bool(said) and said[0] in _ASKING


def spoken_list(parts: Sequence[str], *, last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(parts) <= 1:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def _number_at(said: Sequence[str], at: int) -> tuple[int | None, int]:
    """The number that starts at `at` and how many words it takes."""
    word = said[at]
    following = said[at + 1] if at + 1 < len(said) else ""
    if word == "a" and following == "hundred":
        return 100, 2
    if word in _TENS:
        units = _UNITS.get(following, 0)
        return (_TENS[word] + units, 2) if 0 < units < _TEN else (_TENS[word], 1)
    if word in _UNITS:
        return (_UNITS[word] * 100, 2) if following == "hundred" else (_UNITS[word], 1)
    return None, 1


_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"'})
_HALF_OF_DAY = re.compile(r"\b([ap])\.?\s?m\b\.?")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_OLD_HYPHEN = re.compile(r"\bto-(day|morrow|night)\b")
"""As recognisers that learned from old books write."""
_WORD = re.compile(r"\d+(?:[:.]\d+)*(?:st|nd|rd|th|am|pm)?|[^\W\d_]+(?:'[a-z]+)*|\d")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_STEM_CHARS_MIN = 3
_ENDINGS = (("ations", ""), ("ation", ""), ("ings", ""), ("ing", ""), ("ies", "y"), ("ed", ""), ("es", ""), ("s", ""))
_TEN = 10
_UNITS = {
    word: value
    for value, word in enumerate(
        word_list(
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
            "seventeen eighteen nineteen"
        )
    )
}
_TENS = {
    word: value * 10
    for value, word in enumerate(word_list("twenty thirty forty fifty sixty seventy eighty ninety"), start=2)
}
_SAME = {
    "reserv": "book",
    "price": "cost",
    "pric": "cost",
    "charg": "cost",
    "expensiv": "cost",
    "fee": "cost",
    "pay": "cost",
    "hour": "open",
    "clos": "close",
    "begin": "start",
    "lookup": "find",
    "search": "find",
    "forecast": "weather",
    "rain": "weather",
    "temperatur": "weather",
    "located": "address",
    "locat": "address",
    "telephon": "phone",
    "colour": "color",
    "favourit": "favorit",
    "clock": "time",
    "guest": "people",
    "person": "people",
    "purchas": "order",
    "buy": "order",
    "alarm": "timer",
}
_FILLERS = frozenset({"um", "uh", "er", "well", "so", "and", "but", "okay", "ok", "hey", "hi", "hello", "please"})
_ASKING = frozenset(
    word_list(
        "what what's when when's where where's who who's whose why how how's which is are was were do does did can "
        "could will would should may am have has"
    )
)
STOP_WORDS = frozenset(
    word_list(
        "where where's a an the and or but if so of to in on at for from by with about as into than then is "
        "are was were be been am do does did doing have has had can could will would shall should may might "
        "must i i'm i'd i'll i've me my mine we we're us our you you're your yours he she it it's its they "
        "them their this that that's these those there here what what's which who who's whom when when's how "
        "how's why not no yes please just some any all um uh er well okay ok hey hi hello tell know like want "
        "need let let's get go going much many one's also very really too"
    )
)
