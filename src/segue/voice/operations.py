"""Runs the operations of a session by policy, and keeps their record: intent, attempts, end, reuse by key.

Rules: a key that completed is answered from the record; an attempt's answer counts only while it is the newest; what
has `effect="once"` starts only behind its durable intent and is never attempted again unless its own lookup says that
it did not happen. An attempt that is bringing something is not late: the policy's times then count from what it brought
last. For everything but `once` the intent is written beside the effect, not before it: a second run changes nothing.
"""

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Final, assert_never

from segue.model.ids import OperationKey
from segue.model.time import MonoNs, ms
from segue.session.kind import Gate
from segue.session.operations import Completed, Failed, InDoubt, Intended, Unknown
from segue.session.policy import Attempts, AttemptStep, GiveUp, OperationPolicy, StartAttempt, WaitUntil
from segue.voice import results
from segue.voice.agent import AgentSpec
from segue.voice.customers import Customer, is_recorded
from segue.voice.effects import CancelOperation, StartOperation
from segue.voice.inputs import OperationCompleted, OperationFailed, OperationProgressed
from segue.voice.record import GeneratedRecord, Record, is_once, kept_news
from segue.voice.scribe import Scribe


@dataclass(frozen=True, slots=True)
class GivenUp:
    """All that the policy allows was tried. `is_unknown`: nobody knows whether the effect happened."""

    reason: str
    is_unknown: bool = False


@dataclass(frozen=True, slots=True)
class Restarted:
    """A new attempt begins: what the last one brought will be brought again, perhaps in other words."""


News = results.OperationDelta | results.OperationResult | GivenUp | Restarted


@dataclass(frozen=True, slots=True)
class Outcome:
    """Something happened to an operation of this customer."""

    key: OperationKey
    customer: Customer
    news: News


@dataclass(slots=True)
class _Running:
    key: OperationKey
    request: results.OperationRequest
    customer: Customer
    policy: OperationPolicy
    attempts: Attempts
    first_number: int
    """Attempt numbers of one key never repeat: they count on from here."""
    brought_at: MonoNs | None = None
    text: list[str] = field(default_factory=list)
    calls: list[results.ToolCallRecord] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.first_number + self.attempts.number


class Operations:
    """All operations of one session. `poll` is drained after each of its methods."""

    def __init__(self, scribe: Scribe, agent: AgentSpec) -> None:
        self._scribe = scribe
        self._agent = agent
        self._record = Record(scribe)
        self._running: dict[OperationKey, _Running] = {}
        self._numbers: dict[OperationKey, int] = {}
        self._outcomes: deque[Outcome] = deque()

    def key(self, turn: str, request: results.OperationRequest) -> OperationKey:
        """The key under which this request of this turn is known."""
        return self._record.key(turn, request)

    def start(
        self, turn: str, request: results.OperationRequest, customer: Customer, *, key: OperationKey | None = None
    ) -> OperationKey:
        """Have it done, unless the record has the answer or it is being done: the news go to `customer`."""
        key = key or self.key(turn, request)
        if key in self._running:
            self._running[key].customer = customer
            return key
        standing = self._record.standing(key)
        match standing:
            case Completed():
                news = kept_news(request, standing)
                if news is None:
                    self._run(key, request, customer)
                else:
                    self._outcomes.extend(Outcome(key, customer, one) for one in news)
            case InDoubt():
                self._settle_doubt(key, request, customer)
            case Intended():
                self._run(key, request, customer)
            case Unknown() | Failed():
                self._intend_and_run(key, request, customer)
            case _:
                assert_never(standing)
        return key

    def is_running(self, key: OperationKey) -> bool:
        return key in self._running

    def cancel(self, key: OperationKey, reason: str = "superseded") -> None:
        """Nobody wants it any more."""
        running = self._running.pop(key, None)
        if running is not None:
            self._scribe.perform(CancelOperation(key=key))
            self._record.close(key, reason)

    def reject(self, key: OperationKey, reason: str) -> None:
        """What the newest attempt brought cannot be used: it counts as failed."""
        running = self._running.get(key)
        if running is not None:
            self._step(running, running.attempts.failed(self._scribe.now, reason, is_retryable=True))

    def abandon_unclaimed(self) -> None:
        """After a takeover: what was intended and nobody asked for again is given up."""
        for key in self._record.open_keys():
            if key not in self._running:
                self._record.close(key, "superseded by a takeover")

    def handle_progress(self, event: OperationProgressed) -> None:
        running = self._newest(event.key, event.attempt)
        if running is None:
            return
        running.brought_at = self._scribe.now
        match event.delta:
            case results.TextDelta(text=text):
                running.text.append(text)
            case results.ToolCallDelta() as call:
                running.calls.append(
                    results.ToolCallRecord(call_id=call.call_id, name=call.name, arguments=call.arguments)
                )
            case results.SpeechDelta():
                pass
            case _:
                assert_never(event.delta)
        self._outcomes.append(Outcome(event.key, running.customer, event.delta))

    def handle_completed(self, event: OperationCompleted) -> None:
        running = self._newest(event.key, event.attempt)
        if running is None:
            return
        result = event.result
        if isinstance(result, results.Generated) and not running.calls and not "".join(running.text).strip():
            self.reject(event.key, "the model answered with nothing")
            return
        if isinstance(running.request, results.CallTool) and running.request.is_lookup:
            self._handle_lookup(running, result)
            return
        del self._running[event.key]
        self._settle(running, result)

    def handle_failed(self, event: OperationFailed) -> None:
        running = self._newest(event.key, event.attempt)
        if running is None:
            return
        reason = f"{event.provider}: {event.reason}"
        if is_once(running.request):
            self._handle_once_failed(running, reason)
            return
        self._step(running, running.attempts.failed(self._scribe.now, reason, is_retryable=event.is_retryable))

    def handle_deadline(self) -> None:
        """Move on whatever has waited too long."""
        for running in list(self._running.values()):
            due_at = _due_at(running)
            if due_at is None or due_at > self._scribe.now:
                continue
            if is_once(running.request):
                self._scribe.perform(CancelOperation(key=running.key))
                self._handle_once_failed(running, "no answer in time")
            else:
                self._step(running, running.attempts.deadline(self._scribe.now))

    def next_deadline(self) -> MonoNs | None:
        """When to call `handle_deadline`."""
        if not self._running:
            return None
        return min((due for running in self._running.values() if (due := _due_at(running)) is not None), default=None)

    def poll(self) -> Outcome | None:
        """Take the next news."""
        return self._outcomes.popleft() if self._outcomes else None

    def _newest(self, key: OperationKey, attempt: int) -> _Running | None:
        running = self._running.get(key)
        return running if running is not None and running.number == attempt else None

    def _intend_and_run(self, key: OperationKey, request: results.OperationRequest, customer: Customer) -> None:
        version = self._agent.policies.of(request).version
        if is_once(request):
            self._record.intend(key, request, version)
            self._run(key, request, customer)
            return
        self._run(key, request, customer)
        if is_recorded(customer):
            self._record.intend(key, request, version)

    def _run(self, key: OperationKey, request: results.OperationRequest, customer: Customer) -> None:
        policy = self._agent.policies.of(request)
        running = _Running(key, request, customer, policy, Attempts(policy), self._numbers.get(key, 0))
        self._running[key] = running
        self._begin(running, running.attempts.start(self._scribe.now))

    def _begin(self, running: _Running, step: StartAttempt) -> None:
        self._numbers[running.key] = running.number
        while len(self._numbers) > NUMBERS_MAX:
            del self._numbers[next(iter(self._numbers))]
        running.brought_at = None
        running.text.clear()
        running.calls.clear()
        self._scribe.perform(
            StartOperation(key=running.key, request=running.request, provider=step.provider, attempt=running.number),
            Gate.DURABLE if is_once(running.request) else Gate.PROMPT,
        )

    def _step(self, running: _Running, step: AttemptStep) -> None:
        match step:
            case StartAttempt():
                self._outcomes.append(Outcome(running.key, running.customer, Restarted()))
                self._begin(running, step)
            case WaitUntil():
                running.brought_at = None  # What the failed attempt brought gives the pause no more time.
                self._scribe.perform(CancelOperation(key=running.key))
            case GiveUp(error=error):
                self._scribe.perform(CancelOperation(key=running.key))
                self._give_up(running, GivenUp(error))
            case _:
                assert_never(step)

    def _give_up(self, running: _Running, end: GivenUp) -> None:
        self._running.pop(running.key, None)
        self._record.close(running.key, end.reason)
        self._outcomes.append(Outcome(running.key, running.customer, end))

    def _settle(self, running: _Running, result: results.OperationResult) -> None:
        kept: object = result
        if isinstance(result, results.Generated):
            kept = GeneratedRecord("".join(running.text), tuple(running.calls), result)
        self._record.settle(running.key, running.request, kept)
        self._outcomes.append(Outcome(running.key, running.customer, result))

    def _settle_doubt(self, key: OperationKey, request: results.OperationRequest, customer: Customer) -> None:
        """A `once` effect may have happened in a process that died: its own lookup can tell, or nobody can."""
        assert isinstance(request, results.CallTool)
        if self._has_lookup(request):
            self._run(key, replace(request, is_lookup=True), customer)
            return
        self._record.close(key, OUTCOME_UNKNOWN)
        self._outcomes.append(Outcome(key, customer, GivenUp(OUTCOME_UNKNOWN, is_unknown=True)))

    def _handle_once_failed(self, running: _Running, reason: str) -> None:
        request = running.request
        assert isinstance(request, results.CallTool)
        if not request.is_lookup and self._has_lookup(request):
            del self._running[running.key]
            self._run(running.key, replace(request, is_lookup=True), running.customer)
            return
        self._give_up(running, GivenUp(f"{OUTCOME_UNKNOWN} ({reason})", is_unknown=True))

    def _handle_lookup(self, running: _Running, result: results.OperationResult) -> None:
        assert isinstance(result, results.ToolReturned)
        assert isinstance(running.request, results.CallTool)
        del self._running[running.key]
        match result.outcome:
            case "done":
                self._settle(running, result)
            case "not_done":
                self._run(running.key, replace(running.request, is_lookup=False), running.customer)
            case "unknown" | "raised":
                self._give_up(running, GivenUp(OUTCOME_UNKNOWN, is_unknown=True))
            case _:
                assert_never(result.outcome)

    def _has_lookup(self, request: results.CallTool) -> bool:
        tool = self._agent.tool(request.name)
        return tool is not None and tool.has_lookup


def _due_at(running: _Running) -> MonoNs | None:
    due = running.attempts.next_deadline()
    if due is None or running.brought_at is None:
        return due.at if due is not None else None
    patience_ms = running.policy.attempt_ms or running.policy.deadline_ms
    return max(due.at, MonoNs(running.brought_at + ms(patience_ms)))


OUTCOME_UNKNOWN: Final = "it is not known whether this happened"

NUMBERS_MAX: Final = 1_024
"""Keys whose last attempt number is remembered: far more than have late answers under way."""
