"""What the dialogue model brings to a response: words, calls, an end; and what happens when it starts over.

Rules: an attempt that is repeated may not repeat words: what was published is skipped while the attempt says the same,
and if it says something else it is asked to go on from there instead.
"""

from segue.model.ids import OperationKey
from segue.telemetry.marks import MarkName
from segue.voice import answer as made
from segue.voice import results
from segue.voice.agent import AgentSpec
from segue.voice.answer import Answer, name_of
from segue.voice.customers import AnswerOf
from segue.voice.operations import GivenUp, News, Operations, Restarted
from segue.voice.requests import continuation, generate_request
from segue.voice.rows import ResponseStarted
from segue.voice.scribe import Scribe
from segue.voice.timing import TurnTimes
from segue.wire.realtime.errors import WireErrorCode


class Thinking:
    """The model's side of all responses of one session."""

    def __init__(self, scribe: Scribe, operations: Operations, agent: AgentSpec, times: TurnTimes) -> None:
        self._scribe = scribe
        self._operations = operations
        self._agent = agent
        self._times = times

    def think(self, answer: Answer) -> None:
        """Ask the model, or take the script."""
        plan = answer.plan
        if plan.script is not None:
            answer.take(plan.script)
            answer.take_rest()
            answer.mind = made.Decided(results.Generated(reason="stop", input_tokens=0, output_tokens=0))
            return
        self._ask(answer, generate_request(self._scribe.fold, self._agent, plan), OperationKey(plan.key))

    def key_of(self, plan: ResponseStarted) -> OperationKey:
        """Under which key the model will be asked for this response."""
        request = generate_request(self._scribe.fold, self._agent, plan)
        return self._operations.key(name_of(plan.origin, plan.round), request)

    def ask_ahead(self, answer: Answer, request: results.Generate) -> None:
        """Ask the model about a turn that may not be over."""
        self._times.forget(answer.plan.turn_id, MarkName.LLM_FIRST, MarkName.TTS_FIRST)
        self._ask(answer, request, OperationKey(answer.plan.key))

    def handle(self, answer: Answer, news: News) -> bool:
        """Take what the model brought; returns whether an attempt was given up whose unpublished words are void."""
        mind = answer.mind
        if not isinstance(mind, made.Thinking):
            return False
        match news:
            case results.TextDelta(text=text):
                self._times.stamp(answer.plan.turn_id, MarkName.LLM_FIRST)
                if not answer.take(text):
                    self._go_on_from_there(answer, mind)
            case results.ToolCallDelta() as call:
                self._times.stamp(answer.plan.turn_id, MarkName.LLM_FIRST)
                answer.calls.append(
                    results.ToolCallRecord(call_id=call.call_id, name=call.name, arguments=call.arguments)
                )
            case results.Generated() as end:
                if answer.take_rest():
                    answer.mind = made.Decided(end)
                else:
                    self._go_on_from_there(answer, mind)
            case Restarted():
                return True
            case GivenUp(reason=reason):
                answer.mind = made.Failing(WireErrorCode.PROVIDER, f"no answer could be made: {reason}")
            case _:
                raise AssertionError(f"the dialogue model does not bring {type(news).__name__}")
        return False

    def cancel(self, answer: Answer, reason: str = "superseded") -> None:
        """Nobody wants what it thinks."""
        if isinstance(answer.mind, made.Thinking):
            self._operations.cancel(answer.mind.key, reason)

    def _go_on_from_there(self, answer: Answer, mind: made.Thinking) -> None:
        self._operations.cancel(mind.key, "the new attempt says something else than was already said")
        answer.go_on_from_here()
        request = generate_request(self._scribe.fold, self._agent, answer.plan)
        self._ask(answer, continuation(request, answer.text), OperationKey(""))

    def _ask(self, answer: Answer, request: results.Generate, key: OperationKey) -> None:
        """`key` is "" where the request itself tells it."""
        key = key or self._operations.key(answer.name, request)
        answer.mind = made.Thinking(key)
        self._operations.start(answer.name, request, AnswerOf(answer.response_id), key=key)
