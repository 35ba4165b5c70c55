"""What the dialogue model is asked: made from the state, so that any core asks the same."""

import json
from dataclasses import replace
from typing import Any, Final

from segue.voice.agent import AgentSpec
from segue.voice.answer import name_of
from segue.voice.facts import OwedAnswer
from segue.voice.history import entries_of_input, history
from segue.voice.results import Generate, HistoryEntry, ToolOffer
from segue.voice.rows import ResponseStarted
from segue.voice.scribe import Scribe
from segue.voice.state import Conversation
from segue.wire.realtime.client import ResponseParams
from segue.wire.realtime.session import FunctionTool


def plan_of(scribe: Scribe, owed: OwedAnswer) -> ResponseStarted:
    """How a response begins: its ids, what it answers, and in which form."""
    session, params, facts = scribe.fold.session, owed.params, scribe.fold.facts
    name = name_of(owed.origin, owed.round)
    return ResponseStarted(
        response_id=scribe.name("resp", name),
        item_id=scribe.name("item", name),
        origin=owed.origin,
        turn_id=owed.turn_id,
        round=owed.round,
        after=facts.order[-1] if facts.order else None,
        modality=(params.output_modalities or session.output_modalities)[0],
        voice=voice_of(params) or session.audio.output.voice,
        conversation_id=None if params.conversation == "none" else scribe.name("conv"),
        params=params,
    )


def generate_request(
    conversation: Conversation, agent: AgentSpec, plan: ResponseStarted, *, pending: str | None = None
) -> Generate:
    """The request for a response.

    Args:
        pending: What the user said in a turn that is not committed yet (speculation).
    """
    session, params = conversation.session, plan.params
    if params.input is not None:
        entries = entries_of_input(params.input)
    else:
        entries = history(conversation, through=plan.after, pending=pending)
    limit = params.max_output_tokens if params.max_output_tokens is not None else session.max_output_tokens
    choice = params.tool_choice if params.tool_choice is not None else session.tool_choice
    return Generate(
        instructions=params.instructions if params.instructions is not None else session.instructions,
        history=entries,
        tools=_offers(conversation, agent, plan),
        tool_choice="none" if plan.round >= ROUNDS_MAX else _choice(choice, plan.round),
        max_output_tokens=None if limit == "inf" else limit,
    )


def continuation(request: Generate, said: str) -> Generate:
    """Ask for the rest of an answer whose beginning was said already, when a new attempt begins in other words."""
    entries = (
        *request.history,
        HistoryEntry(role="assistant", text=said),
        HistoryEntry(role="system", text=CONTINUE),
    )
    return replace(request, history=entries)


def _offers(conversation: Conversation, agent: AgentSpec, plan: ResponseStarted) -> tuple[ToolOffer, ...]:
    """The agent's own tools (not for a response beside the conversation: nothing would follow it) and the client's."""
    own = [tool.offer for tool in agent.tools] if plan.conversation_id is not None else []
    stated = plan.params.tools
    theirs = conversation.session.tools if stated is None else [function_tool(tool) for tool in stated]
    names = {offer.name for offer in own}
    return (*own, *(_offer(tool) for tool in theirs if tool.name not in names))


def function_tool(tool: dict[str, Any]) -> FunctionTool:
    """A tool of one response; its shape was checked when the event came."""
    return FunctionTool(
        name=str(tool.get("name", "")),
        description=str(tool.get("description") or ""),
        parameters=tool.get("parameters") or {},
    )


def voice_of(params: ResponseParams) -> str | None:
    """The voice asked for in one response."""
    output = (params.audio or {}).get("output")
    voice = output.get("voice") if isinstance(output, dict) else None
    return voice if isinstance(voice, str) and voice else None


def _offer(tool: FunctionTool) -> ToolOffer:
    parameters = json.dumps(tool.parameters, sort_keys=True, ensure_ascii=False)
    return ToolOffer(name=tool.name, description=tool.description, parameters_json=parameters)


def _choice(choice: str | dict[str, Any], number: int) -> str:
    """`auto`, `none`, `required`, or `function:<name>`; a demand is met by the first round."""
    text = choice if isinstance(choice, str) else f"function:{choice.get('name', '')}"
    return "auto" if number > 1 and text not in ("auto", "none") else text


ROUNDS_MAX: Final = 8
"""Answers in a row to the agent's own tools; in the last one it has to speak."""

CONTINUE: Final = (
    "A technical fault interrupted you after the words above, which were heard. "
    "Go on from exactly there; do not repeat them and do not mention the fault."
)
