"""Tool calls of responses: the agent's own are run here, the client's are handed to it when the response ends.

Rules: an own call starts only once the whole answer that contains it is known (an attempt that breaks off calls
nothing); its operation's key holds the call's id, so that a call is run once however often it is asked for. What nobody
knows is told to the model in words. Own calls are never told to clients: their SDKs would try to run them.
"""

import json
from typing import Final

import msgspec

from segue.model.limits import ITEM_TEXT_CHARS_MAX
from segue.voice import results, rows
from segue.voice.agent import AgentSpec
from segue.voice.customers import CallOf
from segue.voice.facts import CallState
from segue.voice.operations import GivenUp, News, Operations, Restarted
from segue.voice.scribe import Scribe
from segue.wire.realtime.items import FunctionCall, FunctionCallOutput


class Calls:
    """The calls of all running responses; what of them lasts is in the fold."""

    def __init__(self, scribe: Scribe, operations: Operations, agent: AgentSpec) -> None:
        self._scribe = scribe
        self._operations = operations
        self._agent = agent

    def request_own(self, plan: rows.ResponseStarted, calls: list[results.ToolCallRecord]) -> None:
        """Run the agent's own tools among these, each once."""
        known = {call.item.call_id for call in self._calls_of(plan.response_id)}
        for number, call in enumerate(calls):
            if call.call_id in known or self._agent.tool(call.name) is None:
                continue
            known.add(call.call_id)
            self._write(plan, call, number, is_own=True)
            self._run(plan.response_id, self._calls_of(plan.response_id)[-1])

    def request_theirs(self, plan: rows.ResponseStarted, calls: list[results.ToolCallRecord]) -> None:
        """Tell the client of its calls: it fires them when it sees them done."""
        known = {call.item.call_id for call in self._calls_of(plan.response_id)}
        for number, call in enumerate(calls):
            if call.call_id not in known and self._agent.tool(call.name) is None:
                known.add(call.call_id)
                self._write(plan, call, number, is_own=False)

    def are_running(self, response_id: str) -> bool:
        """Whether an own tool has not returned yet."""
        return any(call.is_own and not call.is_returned for call in self._calls_of(response_id))

    def has_own(self, response_id: str) -> bool:
        """Whether own tools were called: then the agent answers again."""
        return any(call.is_own for call in self._calls_of(response_id))

    def resume(self, response_id: str) -> None:
        """After a takeover: settle what was requested and has not returned."""
        for call in self._calls_of(response_id):
            if call.is_own and not call.is_returned:
                self._run(response_id, call)

    def resume_cut(self) -> None:
        """After a takeover: settle effects that were being seen through for responses that are over."""
        for operation in self._scribe.fold.operations.open():
            if operation.kind == "tool" and not self._operations.is_running(operation.key):
                request = msgspec.msgpack.decode(operation.request, type=results.CallTool)
                self._operations.start("", request, CallOf("", request.call_id), key=operation.key)

    def abandon(self, response_id: str) -> None:
        """The response was cut. What may be done twice is cancelled; an effect that happens once is seen through."""
        for call in self._calls_of(response_id):
            tool = self._agent.tool(call.item.name)
            if call.is_own and not call.is_returned and (tool is None or tool.effect == "idempotent"):
                self._operations.cancel(self._operations.key(response_id, self._request(call)))
                self._return(response_id, call.item.call_id, ABANDONED)

    def handle(self, response_id: str, call_id: str, news: News) -> None:
        """A tool returned, or will never."""
        match news:
            case results.ToolReturned(output=output, outcome="raised"):
                self._return(response_id, call_id, json.dumps({"error": output}, ensure_ascii=False))
            case results.ToolReturned(output=output):
                self._return(response_id, call_id, output)
            case GivenUp(is_unknown=True):
                self._return(response_id, call_id, UNKNOWN)
            case GivenUp(reason=reason):
                self._return(response_id, call_id, json.dumps({"error": reason}, ensure_ascii=False))
            case Restarted():
                pass
            case _:
                raise AssertionError(f"a tool does not bring {type(news).__name__}")

    def _calls_of(self, response_id: str) -> list[CallState]:
        response = self._scribe.fold.facts.responses.get(response_id)
        return response.calls if response is not None else []

    def _write(self, plan: rows.ResponseStarted, call: results.ToolCallRecord, number: int, *, is_own: bool) -> None:
        state = self._scribe.fold.facts.responses[plan.response_id]
        shown = sum(not known.is_own for known in state.calls) + state.is_item_started
        self._scribe.write(
            rows.CallRequested(
                response_id=plan.response_id,
                item=FunctionCall(
                    id=self._scribe.name("item", plan.response_id, "call", str(number)),
                    name=call.name,
                    call_id=call.call_id,
                    arguments=call.arguments,
                ),
                previous_item_id=self._scribe.fold.last_item_id,
                output_index=shown,
                is_own=is_own,
                is_in_conversation=plan.conversation_id is not None,
            )
        )

    def _run(self, response_id: str, call: CallState) -> None:
        if self._agent.tool(call.item.name) is None:
            self._return(response_id, call.item.call_id, json.dumps({"error": f"there is no tool {call.item.name}"}))
            return
        self._operations.start(response_id, self._request(call), CallOf(response_id, call.item.call_id))

    def _request(self, call: CallState) -> results.CallTool:
        tool = self._agent.tool(call.item.name)
        return results.CallTool(
            call_id=call.item.call_id,
            name=call.item.name,
            arguments=call.item.arguments,
            effect=tool.effect if tool is not None else "idempotent",
        )

    def _return(self, response_id: str, call_id: str, output: str) -> None:
        if len(output) > ITEM_TEXT_CHARS_MAX:
            output = output[:ITEM_TEXT_CHARS_MAX] + " … (cut: the tool returned more than a conversation can hold)"
        item = FunctionCallOutput(
            id=self._scribe.name("item", response_id, "output", call_id), call_id=call_id, output=output
        )
        self._scribe.write(rows.CallReturned(response_id=response_id, item=item))


UNKNOWN: Final = (
    "The outcome of this call is unknown: it may or may not have happened. "
    "Do not repeat it; say that this is not certain and how to find out."
)
ABANDONED: Final = "The call was abandoned because the user went on."
