"""Asking the questions that instructions list as `Q: … A: …`, one at a time, and keeping the score.

The score is not kept anywhere: it is counted from the history, where a question counts as asked as far as it was heard.
"""

import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass

from segue.adapters.llm.local.words import has_any, numbered, phrase, words
from segue.adapters.llm.port import AssistantMessage, Message, UserMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question and the answers that count."""

    text: str
    answers: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class _Standing:
    """How far the quiz is."""

    index: int = 0
    """The question asked, or to be asked, next."""
    asked: bool = False
    score: int = 0
    verdict: str = ""
    """What to say about the newest answer."""
    stopped: bool = False


def read_quiz(instructions: str) -> tuple[Question, ...]:
    """The questions in `instructions`; answers may be given as `Paris / Paree` or `two or 2`."""
    found = []
    for match in _PAIR.finditer(instructions):
        answers = tuple(part for piece in _OR.split(match[2]) if (part := piece.strip(" .;")))
        if answers:
            found.append(Question(text=match[1].strip(), answers=answers))
    return tuple(found)


def quiz_reply(quiz: Sequence[Question], history: Sequence[Message]) -> str | None:
    """What the quiz master says next; None when the quiz is over and the user wants something else."""
    standing = _stand(quiz, history[:-1])
    last = history[-1] if history else None
    if not isinstance(last, UserMessage):
        return _ask(quiz, standing, opening=not standing.asked)
    said = phrase(last.text)
    if standing.index >= len(quiz) or standing.stopped:
        return _after_end(quiz, standing, said)
    if has_any(said, _SCORE):
        return f"You have {_points(standing.score)} so far. {_ask(quiz, standing, opening=False)}"
    if not standing.asked:
        return _ask(quiz, standing, opening=standing.index == 0)
    if has_any(said, _REPEAT):
        return quiz[standing.index].text
    if has_any(said, _STOP):
        return f"All right, we stop here. You got {standing.score} out of {standing.index}."
    if standing.index == 0 and _is_prelude(quiz[0], last.text):
        return quiz[0].text
    _judge(quiz, standing, last.text)
    return f"{standing.verdict} {_ask(quiz, standing, opening=False)}"


def is_right(question: Question, said: str) -> bool:
    """Whether `said` holds one of the answers, give or take a letter the recogniser got wrong."""
    heard = _plain(said)
    for answer in question.answers:
        wanted = _plain(answer)
        if not wanted:
            continue
        spans = [heard[at : at + len(wanted)] for at in range(len(heard) - len(wanted) + 1)]
        if any(_sounds_like(span, wanted) for span in spans):
            return True
    return False


def _stand(quiz: Sequence[Question], history: Sequence[Message]) -> _Standing:
    """Count from the history: whatever the user said to a question was its answer, unless it asked for something."""
    standing = _Standing()
    for message in history:
        if isinstance(message, AssistantMessage):
            if _restarts(message.text, standing, quiz):
                standing = _Standing()
            if (index := _asked_in(quiz, message.text, standing.index)) is not None:
                standing.index, standing.asked = index, True
            standing.stopped = _STOPPED in message.text
        elif isinstance(message, UserMessage) and standing.asked and standing.index < len(quiz):
            said = phrase(message.text)
            prelude = standing.index == 0 and _is_prelude(quiz[0], message.text)
            if not prelude and not has_any(said, (*_SCORE, *_REPEAT, *_STOP)):
                _judge(quiz, standing, message.text)
    return standing


def _judge(quiz: Sequence[Question], standing: _Standing, said: str) -> None:
    question = quiz[standing.index]
    if is_right(question, said):
        standing.verdict = _PRAISE[standing.index % len(_PRAISE)]
        standing.score += 1
    elif has_any(phrase(said), _GIVES_UP):
        standing.verdict = f"No problem. The answer is {question.answers[0]}."
    else:
        standing.verdict = f"Not quite. The answer is {question.answers[0]}."
    standing.index += 1
    standing.asked = False


def _ask(quiz: Sequence[Question], standing: _Standing, *, opening: bool) -> str:
    if standing.index >= len(quiz):
        return f"That was the last question. You got {standing.score} out of {len(quiz)}."
    question = quiz[standing.index].text
    return f"Let's play. There are {len(quiz)} questions. First question: {question}" if opening else question


def _after_end(quiz: Sequence[Question], standing: _Standing, said: str) -> str | None:
    if has_any(said, _SCORE):
        return f"You got {standing.score} out of {len(quiz)}."
    if has_any(said, _ANEW):
        return f"{_FRESH} First question: {quiz[0].text}"
    return None


def _restarts(text: str, standing: _Standing, quiz: Sequence[Question]) -> bool:
    return text.startswith(_FRESH[: len(text)]) and bool(text) and (standing.index >= len(quiz) or standing.stopped)


def _asked_in(quiz: Sequence[Question], text: str, current: int) -> int | None:
    """Which question `text` asked. A cut one counts when its first words were heard."""
    said = words(text)
    for index in range(current, len(quiz)):
        wanted = words(quiz[index].text)
        enough = min(len(wanted), _HEARD_WORDS_MIN)
        for at in range(len(said) - enough + 1):
            heard = said[at : at + len(wanted)]
            if heard == wanted[: len(heard)]:
                return index
    return None


def _sounds_like(span: Sequence[str], wanted: Sequence[str]) -> bool:
    heard, right = " ".join(span), " ".join(wanted)
    if heard == right:
        return True
    if any(character.isdigit() for character in heard + right):
        return False
    return difflib.SequenceMatcher(None, heard, right).ratio() >= _LIKENESS_MIN and len(right) > _SHORT_CHARS


def _plain(text: str) -> list[str]:
    return [word for word in numbered(words(text)) if word not in ("a", "an", "the")]


def _is_prelude(first: Question, said: str) -> bool:
    """Whether `said` is a greeting or a "ready" before the first answer, not an answer."""
    return not is_right(first, said) and has_any(phrase(said), _READY)


def _points(score: int) -> str:
    return "1 point" if score == 1 else f"{score} points"


_MARK_Q = r"\bQ(?:uestion)?\s*\d*\s*[:.)]"
_MARK_A = r"\bA(?:nswer)?\s*\d*\s*[:.)]"
_PAIR = re.compile(rf"{_MARK_Q}\s*(.+?)\s*{_MARK_A}\s*(.+?)(?=\s*(?:\n|\d+[.)]\s|{_MARK_Q}|$))", re.DOTALL)
_OR = re.compile(r"\s*/\s*|\s*\|\s*|\s+or\s+|,\s*or\s+")
_HEARD_WORDS_MIN = 3
_LIKENESS_MIN = 0.8
"""Of words longer than `_SHORT_CHARS`: one letter wrong in five."""
_SHORT_CHARS = 4
_SCORE = ("my score", "the score", "how many points", "how am i doing", "how many right", "how many did i get")
_REPEAT = (
    "repeat",
    "say that again",
    "say it again",
    "the question again",
    "once more",
    "what was the question",
    "pardon",
)
_STOP = ("stop the quiz", "stop", "quit", "i want to stop", "end the quiz", "no more questions", "enough")
_READY = ("ready", "let's go", "let's start", "let's play", "start", "begin", "hello", "hi", "my name is", "my name's")
_GIVES_UP = ("don't know", "no idea", "not sure", "skip", "pass", "next question", "give up", "dunno")
_ANEW = ("again", "once more", "restart", "start over", "another round", "new game", "play again")
_PRAISE = ("That's right.", "Correct.", "Yes, well done.")
_STOPPED = "we stop here."
_FRESH = "Here we go again."
