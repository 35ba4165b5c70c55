"""Greetings, thanks, goodbyes and questions about the responder itself."""

from collections.abc import Sequence

from segue.adapters.llm.local.words import has_any, is_question, phrase, spoken_list, words
from segue.adapters.llm.port import ToolSpec


def small_talk(text: str, *, own_name: str | None, tools: Sequence[ToolSpec], turn: int) -> str | None:
    """The polite thing to say, None if politeness is not what is asked for.

    Args:
        text: What the user said.
        own_name: The agent's name, if its instructions give one.
        tools: What it can do.
        turn: How many things the user has said; varies what is said more than once.
    """
    said = phrase(text)
    if has_any(said, _WHO):
        called = f"I'm {own_name}, a" if own_name else "I'm a"
        return f"{called} small offline assistant: rules, not a large model. But I listen well."
    if has_any(said, _CAN_DO):
        return what_i_can_do(tools)
    if has_any(said, _HOW_ARE_YOU):
        return "I'm well, thank you. How can I help?"
    if has_any(said, _JOKE):
        return _JOKES[turn % len(_JOKES)]
    if has_any(said, _STORY):
        return _TALE
    if has_any(said, _THANKS):
        return ("You're welcome.", "My pleasure.")[turn % 2]
    if has_any(said, _BYE):
        return "Goodbye. It was nice talking with you."
    if has_any(said, _HEARING):
        return "Yes, I can hear you."
    return _short_word(said, text, own_name)


def what_i_can_do(tools: Sequence[ToolSpec]) -> str:
    """An honest list."""
    offered = [_deed(tool) for tool in tools[:_DEEDS_MAX]]
    own = ["answer from what I was given", "remember what you tell me", "do small sums"]
    return f"I can {spoken_list(offered + own)}."


def greeting(own_name: str | None, user_name: str | None) -> str:
    """The first words of a conversation."""
    hello = "Hello." if user_name is None else f"Hello, {user_name}."
    return f"{hello} This is {own_name}. How can I help?" if own_name else f"{hello} How can I help?"


def _short_word(said: str, text: str, own_name: str | None) -> str | None:
    count = len(words(text))
    if has_any(said, _HELLO) and count <= _GREETING_WORDS_MAX and not is_question(text):
        return greeting(own_name, None)
    if count <= _NOD_WORDS_MAX and has_any(said, _NODS):
        return "All right. What else can I do?"
    if count <= _NOD_WORDS_MAX and has_any(said, ("no", "nope", "nothing")):
        return "Okay. I'm here if you need me."
    if count <= _NOD_WORDS_MAX and has_any(said, ("sorry", "excuse me")):
        return "No problem."
    return None


def _deed(tool: ToolSpec) -> str:
    named = tool.name.replace("_", " ")
    told = tool.description.split(".")[0].strip()
    starts_alike = words(told)[:1] == words(named)[:1]
    return told[:1].lower() + told[1:] if starts_alike else named


_DEEDS_MAX = 4
_GREETING_WORDS_MAX = 6
_NOD_WORDS_MAX = 3
_WHO = (
    "who are you", "what's your name", "what is your name", "are you a robot", "are you human", "are you real",
    "are you a person", "are you an ai", "what are you", "are you a machine",
)  # fmt: skip
_CAN_DO = ("what can you do", "how can you help", "what do you do", "can you help me", "help me", "what can i ask you")
_HOW_ARE_YOU = ("how are you", "how's it going", "how are things", "how do you do", "how are you doing")
_JOKE = ("joke", "make me laugh", "something funny")
_STORY = ("story", "a tale")
_THANKS = ("thank you", "thanks", "thank", "cheers")
_BYE = ("goodbye", "good bye", "bye", "see you", "good night", "talk to you later")
_HEARING = ("can you hear me", "are you there", "do you hear me")
_HELLO = ("hello", "hi", "hey", "good morning", "good afternoon", "good evening", "howdy", "greetings")
_NODS = ("yes", "yeah", "okay", "ok", "sure", "right", "great", "good", "nice", "perfect", "cool", "fine")
_JOKES = (
    "Why did the packet cross the network? To get to the other socket.",
    "I would tell you a joke about U D P, but you might not get it.",
    "There are ten kinds of people: those who count in binary, and those who don't.",
)
_TALE = (
    "Once upon a time, a lighthouse keeper lived on a small rock in the sea. Every evening she lit the lamp, and every "
    "evening a ship answered with its horn. One night the lamp went out. She took a candle, climbed to the top, and "
    "held it to the glass. The ship could hardly see it. But it knew where to look, and it came home. From then on she "
    "kept two lamps, and the ship blew its horn twice. And that is the end of the story."
)
