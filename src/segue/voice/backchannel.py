"""What a user's words during agent speech mean for the floor: listening sounds leave it with the agent.

Rules: English; anything that could be an answer ("yes", "no", "sure") or a question takes the floor, because an answer
not heard is worse than a sentence begun again. Recognisers invent words for noise: those are nothing.
"""

import re
from enum import Enum
from typing import Final


class Said(Enum):
    """What was said, as far as the floor is concerned."""

    NOTHING = "nothing"
    """Noise, or a recogniser's invention."""
    BACKCHANNEL = "backchannel"
    """"I am listening": the agent goes on."""
    WORDS = "words"


def classify(text: str, spoken_ms: int | None = None) -> Said:
    """Judge a transcript.

    Args:
        text: As the recogniser wrote it.
        spoken_ms: Voiced time it was made from; None if not known.
    """
    words = _WORD.findall(_BRACKETED.sub(" ", text).lower().replace("\u2019", "'"))
    if not words or _is_invented(words, spoken_ms):
        return Said.NOTHING
    if "?" in text or len(words) > WORDS_MAX:
        return Said.WORDS
    return Said.BACKCHANNEL if _is_made_of(words) else Said.WORDS


def _is_invented(words: list[str], spoken_ms: int | None) -> bool:
    if spoken_ms is None:
        return False
    return spoken_ms < INVENTED_UNDER_MS.get(" ".join(words), 0)


def _is_made_of(words: list[str]) -> bool:
    """Whether the words can be read as backchannels one after the other."""
    place = 0
    while place < len(words):
        length = next((n for n in (3, 2, 1) if tuple(words[place : place + n]) in _BACKCHANNELS), 0)
        if length == 0:
            return False
        place += length
    return True


WORDS_MAX: Final = 6
"""Longer than this it is a sentence, whatever it is made of."""
INVENTED_UNDER_MS: Final = {"you": 600, "thank you": 350, "thanks for watching": 900, "i": 250, "bye": 200}
"""What recognisers hear in noise, and the voiced time under which nobody can have said it."""
_SOUNDS: Final = (
    "mhm mm mmm mmhm mmhmm mm-hmm mm-hm m-hm hm hmm hmmm uh-huh uhuh uh-uh huh ah aha ah-ha oh ooh uh um yeah yea yep "
    "yup ok okay okey right alright cool nice great wow indeed exactly totally true interesting"
)
_PHRASES: Final = (
    "uh huh, mm hmm, mm hm, ah ha, m hm, all right, i see, got it, i got it, of course, makes sense, that makes sense, "
    "i understand, go on, sounds good, that's right, that's true, no way"
)
_WORD: Final = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_BRACKETED: Final = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?")
_BACKCHANNELS: Final = frozenset(tuple(phrase.split()) for phrase in _SOUNDS.split() + _PHRASES.split(", "))
