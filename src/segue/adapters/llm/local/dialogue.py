"""What to reply, in order of who has a claim on the turn: tools, the quiz, then what was asked.

Pure: everything is read from the request.
"""

import re

from segue.adapters.llm.local.knowledge import asks_time, known_answer
from segue.adapters.llm.local.memory import Memory, acknowledge, recall, remember, turned
from segue.adapters.llm.local.passages import answer_from, named_in
from segue.adapters.llm.local.quiz import quiz_reply, read_quiz
from segue.adapters.llm.local.reply import Reply, Say
from segue.adapters.llm.local.smalltalk import greeting, small_talk, what_i_can_do
from segue.adapters.llm.local.times import find_today, spoken_date
from segue.adapters.llm.local.tools import open_question, tool_reply
from segue.adapters.llm.local.words import has_any, is_question, phrase, straight, words
from segue.adapters.llm.port import AssistantMessage, LlmRequest, SystemMessage, UserMessage


def reply_to(request: LlmRequest) -> Reply:
    """Decide what to say or which tool to call."""
    last = request.history[-1] if request.history else None
    if not isinstance(last, UserMessage) and (scripted := _scripted_line(request)) is not None:
        return Say(text=scripted)
    if (reply := tool_reply(request)) is not None:
        return reply
    if (quiz := read_quiz(_told(request))) and (asked := quiz_reply(quiz, request.history)) is not None:
        return Say(text=_with_welcome(asked, request))
    if not isinstance(last, UserMessage):
        return Say(text=_unprompted(request))
    answer = _answer(last.text, request)
    pending = open_question(request)
    if pending is None:
        return Say(text=answer or _fallback(last.text, request))
    return Say(text=f"{answer or 'Sorry, I can only help with this for now.'} {pending}")


def _answer(text: str, request: LlmRequest) -> str | None:
    said = [message.text for message in request.history if isinstance(message, UserMessage)]
    memory = remember(said)
    if (told := _about_this_talk(text, request, memory)) is not None:
        return told
    own_name = named_in(_told(request))
    asking = is_question(text)
    from_text = answer_from(_told(request), text) if asking else None
    polite = small_talk(text, own_name=own_name, tools=request.tools, turn=len(said))
    for told in (known_answer(text), from_text, None if asking else acknowledge(text), polite):
        if told is not None:
            return told
    if asking and asks_time(text):
        today = find_today(_told(request)) if has_any(phrase(text), ("date", "day", "today", "today's")) else None
        return "I have no clock here, so I can't tell." if today is None else f"Today is {spoken_date(str(today))}."
    return None


def _about_this_talk(text: str, request: LlmRequest, memory: Memory) -> str | None:
    """Answers that lie in the conversation itself."""
    said = phrase(text)
    if has_any(said, _REPEAT):
        return _last_said(request) or "I haven't said anything yet."
    if has_any(said, _WHAT_DID_I_SAY) and " remember " not in said:
        earlier = [message.text for message in request.history[:-1] if isinstance(message, UserMessage)]
        return f"You said: {earlier[-1]}" if earlier else "That was the first thing you said."
    if match := _SAY_AFTER_ME.match(straight(text).strip()):
        line = match[1].strip(" \"'")
        return line[:1].upper() + line[1:] if words(line) else None
    if is_question(text) or " my " in said:
        return recall(text, memory)
    return None


def _scripted_line(request: LlmRequest) -> str | None:
    """A line that instructions or the newest system message give word for word: `Greet the user with "…"`."""
    newest = request.history[-1] if request.history else None
    if isinstance(newest, AssistantMessage | SystemMessage) or newest is None:
        source = newest.text if isinstance(newest, SystemMessage) else request.instructions
        if match := _SCRIPTED.search(straight(source)):
            return match[1]
    return None


def _unprompted(request: LlmRequest) -> str:
    """The agent has the floor without having been spoken to."""
    said = [message.text for message in request.history if isinstance(message, UserMessage)]
    if any(isinstance(message, AssistantMessage) and message.text for message in request.history):
        return "Is there anything else I can do?"
    return greeting(named_in(_told(request)), remember(said).name)


def _with_welcome(asked: str, request: LlmRequest) -> str:
    """Answer a name or a greeting that came with the first words of a quiz."""
    last = request.history[-1] if request.history else None
    first = not any(isinstance(message, AssistantMessage) and message.text for message in request.history)
    if not first or not isinstance(last, UserMessage):
        return asked
    welcome = acknowledge(last.text)
    return asked if welcome is None else f"{welcome} {asked}"


def _last_said(request: LlmRequest) -> str | None:
    spoken = (message.text for message in reversed(request.history) if isinstance(message, AssistantMessage))
    return next((text for text in spoken if text), None)


def _fallback(text: str, request: LlmRequest) -> str:
    turn = sum(isinstance(message, UserMessage) for message in request.history)
    if not words(text):
        return "Sorry, I didn't catch that. Could you say it again?"
    if is_question(text):
        honest = ("I don't know that. I'm a small offline assistant.", "Sorry, that is more than I know.")[turn % 2]
        return f"{honest} {what_i_can_do(request.tools)}"
    if len(words(text)) <= _ECHO_WORDS_MAX:
        return f"I heard: {turned(text)}. What would you like to do with that?"
    return f"I see. {what_i_can_do(request.tools)}"


def _told(request: LlmRequest) -> str:
    """Everything the agent was given to go by."""
    given = [message.text for message in request.history if isinstance(message, SystemMessage)]
    return "\n".join([request.instructions, *given])


_ECHO_WORDS_MAX = 12
_REPEAT = (
    "repeat that", "repeat please", "please repeat", "say that again", "say it again", "come again", "pardon",
    "what did you say", "what did you just say", "could you repeat", "can you repeat", "once more please",
)  # fmt: skip
_WHAT_DID_I_SAY = ("what did i say", "what did i just say", "what did i ask", "what was my question", "what i said")
_SAY_AFTER_ME = re.compile(
    r"(?:please )?(?:repeat after me|say after me|say)[:, ]+(?!that|it|again|hello to)(.+)", re.I | re.S
)
_SCRIPTED = re.compile(
    r"(?:say|greet (?:the user|the caller|them|people)|begin|start|open)(?: exactly| this| with| by saying|:)*"
    r"\s*\"([^\"]*\w[^\"]*)\"",
    re.IGNORECASE,
)
