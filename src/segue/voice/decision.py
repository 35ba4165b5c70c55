"""Is the user's turn over? Decided from how long they have been silent, how it sounded and what they said.

Rules: pure judgement, no state; asked again after `Wait.recheck_ms` more of silence. The end-of-turn model alone takes
about half of all hard stops for an end, so the last words can veto it: who ends on "and" or in mid-number goes on.
Silence beyond `silence_ms_max` ends every turn.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from segue.wire.realtime.session import SemanticVad, TurnDetection


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionConfig:
    """When to answer. All silences are of user audio since the last voiced window."""

    silence_ms_min: int = 320
    """Never answer sooner. 192 saves a breath and cuts in three times as often."""
    silence_ms_max: int = 1_500
    """Answer by then whatever the model and the words say. Equal to the minimum: silence alone decides."""
    unsure_silence_ms: int = 700
    """Answer by then if the end-of-turn model gave no answer and nothing vetoes."""
    end_probability_min: float = 0.5
    """P(end) at which the turn is over."""
    recheck_ms: int = 256
    """How soon to ask again, on more audio."""

    @property
    def is_semantic(self) -> bool:
        """Whether sound and words have a say."""
        return self.silence_ms_max > self.silence_ms_min


def decision_config(detection: TurnDetection) -> DecisionConfig:
    """When to answer, as the session's turn detection asks."""
    if isinstance(detection, SemanticVad):
        return _BY_EAGERNESS[detection.eagerness]
    silence_ms = max(detection.silence_duration_ms, SILENCE_MS_FLOOR)
    return DecisionConfig(silence_ms_min=silence_ms, silence_ms_max=silence_ms, unsure_silence_ms=silence_ms)


@dataclass(frozen=True, slots=True)
class Commit:
    """The turn is over: answer."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not yet: ask again when the silence is this much longer."""

    recheck_ms: int


def decide(
    end_probability: float | None, text: str | None, silence_ms: int, spoken_ms: int, config: DecisionConfig
) -> Commit | Wait:
    """Judge one pause.

    Args:
        end_probability: The end-of-turn model's answer for this pause; None if it has not answered or cannot.
        text: What was understood so far; None if the recogniser has not answered.
        silence_ms: Since the last voiced window.
        spoken_ms: Voiced time of the turn; the model is not asked about shorter turns than it can judge.
        config: The session's.
    """
    if silence_ms >= config.silence_ms_max:
        return Commit()
    if silence_ms < config.silence_ms_min:
        return Wait(config.silence_ms_min - silence_ms)
    left_ms = config.silence_ms_max - silence_ms
    if not _is_over(end_probability, text, silence_ms, spoken_ms, config):
        return Wait(max(min(config.recheck_ms, left_ms), 1))
    return Commit()


def _is_over(
    end_probability: float | None, text: str | None, silence_ms: int, spoken_ms: int, config: DecisionConfig
) -> bool:
    veto = veto_of(text or "")
    if veto is Veto.STRONG:
        return False
    if end_probability is None:
        is_finished = bool(_FINISHED.search(text or "")) and spoken_ms >= SPOKEN_MS_JUDGED
        return veto is Veto.NONE and (is_finished or silence_ms >= config.unsure_silence_ms)
    if veto is Veto.WEAK:
        return end_probability >= OVERRULES
    return end_probability >= config.end_probability_min


class Veto(Enum):
    """How firmly the last words say that more is to come: a weak one yields to a model that is quite sure."""

    NONE = "none"
    WEAK = "weak"
    STRONG = "strong"


def veto_of(text: str) -> Veto:
    """What the last words of an English transcript say about going on; other languages are hardly ever vetoed."""
    tail = text.rstrip().rstrip(_CLOSERS).rstrip()
    if tail.endswith(_GOES_ON):
        return Veto.STRONG
    words = [word.strip(_AROUND_WORDS) for word in tail[-TAIL_CHARS_MAX:].lower().replace("\u2019", "'").split()]
    last = words[-1] if words else ""
    is_question = tail.endswith("?")
    if last in _NEVER_LAST or (last.endswith(_UNFINISHED_ENDINGS) and not is_question):
        return Veto.STRONG
    if (last in _SELDOM_LAST and not is_question) or _is_in_number(words):
        return Veto.WEAK
    return Veto.NONE


def _is_in_number(words: list[str]) -> bool:
    """Whether the text ends within something dictated digit by digit: its length is not known, so it may go on."""
    digits, groups = 0, 0
    for word in reversed(words):
        bare = word.replace("-", "")
        if not bare.isdigit() and bare not in _DIGIT_WORDS:
            break
        digits += len(bare) if bare.isdigit() else 1
        groups += 1
    is_dictated = groups >= DICTATED_GROUPS_MIN or (groups > 0 and not _NUMBERED.isdisjoint(words))
    return is_dictated and digits < DICTATED_DIGITS_MAX


def _vocabulary(words: str) -> frozenset[str]:
    return frozenset(words.split())


_BY_EAGERNESS: Final = {
    "low": DecisionConfig(
        silence_ms_min=480, silence_ms_max=4_000, unsure_silence_ms=1_200, end_probability_min=0.65, recheck_ms=320
    ),
    "medium": DecisionConfig(),
    "auto": DecisionConfig(),
    "high": DecisionConfig(
        silence_ms_min=224, silence_ms_max=900, unsure_silence_ms=450, end_probability_min=0.4, recheck_ms=192
    ),
}
SILENCE_MS_FLOOR: Final = 64
"""Shorter than a pause that is reported at all."""
SPOKEN_MS_JUDGED: Final = 300
"""A full stop after less speech than this is the recogniser's habit, not the speaker's."""
OVERRULES: Final = 0.9
"""P(end) that overrules a weak veto."""
TAIL_CHARS_MAX: Final = 200
DICTATED_GROUPS_MIN: Final = 3
DICTATED_DIGITS_MAX: Final = 10
"""A telephone number with its area code is complete; what is longer is rare."""
_UNFINISHED_ENDINGS: Final = ("'re", "'ve", "'ll")
_AROUND_WORDS: Final = ".,;:!?\"'()[]\u201c\u201d\u2018-\u2013\u2014"
_CLOSERS: Final = "\"')]\u2019\u201d"
_GOES_ON: Final = ("...", "\u2026", ",", "-", "\u2013", "\u2014")
_NEVER_LAST: Final = _vocabulary(
    """a an the my your our their and or but because although unless whether which whose into than if um umm uh uhh er
    erm every very i'm i'd there's gonna wanna plus versus per mr mrs ms dr"""
)
_SELDOM_LAST: Final = _vocabulary(
    """to of with from for at so like that is are was were be am as also maybe i we they he she it's that's what's how's
    just basically between until while when where who what why how"""
)
_DIGIT_WORDS: Final = _vocabulary("zero oh one two three four five six seven eight nine")
_NUMBERED: Final = _vocabulary("number phone telephone cell card code account order reference zip pin serial extension")
_FINISHED: Final = re.compile(r"[.!?][\"')\]]*\s*$")
