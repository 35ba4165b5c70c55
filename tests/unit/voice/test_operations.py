from segue.model.ids import SessionId
from segue.model.time import MonoNs, ms
from segue.session.kind import Effect, Write
from segue.session.policy import OperationPolicy
from segue.voice import effects, inputs, results, rows
from segue.voice.agent import AgentSpec, OperationPolicies
from segue.voice.customers import AnswerOf, EndOfTurn, PartOfTurn
from segue.voice.operations import GivenUp, Operations, Restarted
from segue.voice.scribe import Scribe

POLICY = OperationPolicy(
    provider="a", fallbacks=("b",), attempts_max=3, backoff_ms=100, deadline_ms=5_000, attempt_ms=1_000
)
AGENT = AgentSpec(name="host", policies=OperationPolicies(transcribe=POLICY, generate=POLICY))
PART = results.Transcribe(from_ms=0, to_ms=900)
CUSTOMER = PartOfTurn(0, 900)


class Desk:
    def __init__(self) -> None:
        self.scribe = Scribe(SessionId("sess_x"))
        self.operations = Operations(self.scribe, AGENT)
        self.starts: list[effects.StartOperation] = []
        self.kinds: list[str] = []

    def drain(self) -> "Desk":
        while (output := self.scribe.poll()) is not None:
            match output:
                case Write(kind=kind):
                    self.kinds.append(kind)
                case Effect(payload=effects.StartOperation() as start):
                    self.starts.append(start)
                case Effect(payload=payload):
                    self.kinds.append(type(payload).__name__)
        return self

    def news(self) -> list[object]:
        found: list[object] = []
        while (outcome := self.operations.poll()) is not None:
            found.append(outcome.news)
        return found

    def fail(self, *, is_retryable: bool = True) -> None:
        start = self.starts[-1]
        self.operations.handle_failed(
            inputs.OperationFailed(
                key=start.key, attempt=start.attempt, provider=start.provider, reason="down", is_retryable=is_retryable
            )
        )
        self.drain()

    def complete(self, result: results.OperationResult, attempt: int | None = None) -> None:
        start = self.starts[-1]
        self.operations.handle_completed(
            inputs.OperationCompleted(key=start.key, attempt=attempt or start.attempt, result=result)
        )
        self.drain()

    def at(self, value_ms: float) -> None:
        self.scribe.now = MonoNs(ms(value_ms))
        self.operations.handle_deadline()
        self.drain()


def begun() -> Desk:
    desk = Desk()
    desk.operations.start("t", PART, CUSTOMER)
    return desk.drain()


def test_an_operation_has_an_intent_and_an_end() -> None:
    desk = begun()
    desk.complete(results.Transcribed(text="hi"))
    assert desk.kinds == ["operation.intended", "operation.completed"]
    assert desk.news() == [results.Transcribed(text="hi")]


def test_a_repeated_request_is_answered_from_the_record() -> None:
    desk = begun()
    desk.complete(results.Transcribed(text="hi"))
    desk.news()
    desk.operations.start("t", PART, CUSTOMER)
    desk.drain()
    assert len(desk.starts) == 1
    assert desk.news() == [results.Transcribed(text="hi")]


def test_a_running_request_is_not_run_twice() -> None:
    desk = begun()
    desk.operations.start("t", PART, PartOfTurn(0, 901))
    desk.drain()
    assert len(desk.starts) == 1


def test_providers_are_tried_in_turn_until_the_policy_gives_up() -> None:
    desk = begun()
    desk.fail()
    assert [(start.provider, start.attempt) for start in desk.starts] == [("a", 1), ("b", 2)]
    assert desk.news() == [Restarted()]
    desk.fail()
    assert desk.news() == []
    assert desk.operations.next_deadline() == MonoNs(ms(100))
    desk.at(100)
    assert desk.starts[-1].attempt == 3
    desk.news()
    desk.fail()
    assert desk.news() == [GivenUp("a: down")]
    assert desk.kinds[-1] == "operation.failed"


def test_an_attempt_without_an_answer_is_replaced_and_its_late_answer_ignored() -> None:
    desk = begun()
    desk.at(1_000)
    assert desk.starts[-1].provider == "b"
    desk.news()
    desk.complete(results.Transcribed(text="late"), attempt=1)
    assert desk.news() == []
    desk.complete(results.Transcribed(text="hi"))
    assert desk.news() == [results.Transcribed(text="hi")]


def test_an_attempt_that_brings_something_is_not_late() -> None:
    desk = Desk()
    request = results.Generate(instructions="", history=(), tools=(), tool_choice="auto", max_output_tokens=None)
    desk.operations.start("t", request, AnswerOf("r"))
    desk.drain()
    start = desk.starts[0]
    desk.at(900)
    delta = results.TextDelta(text="and so on ")
    desk.operations.handle_progress(inputs.OperationProgressed(key=start.key, attempt=1, delta=delta))
    desk.at(1_500)
    assert len(desk.starts) == 1
    assert desk.operations.next_deadline() == MonoNs(ms(1_900))
    desk.at(1_900)
    assert len(desk.starts) == 2


def test_a_cancelled_operation_may_be_asked_for_again_under_a_new_attempt() -> None:
    desk = begun()
    desk.operations.cancel(desk.starts[0].key)
    desk.drain()
    assert desk.kinds == ["operation.intended", "CancelOperation", "operation.failed"]
    desk.operations.start("t", PART, CUSTOMER)
    desk.drain()
    assert desk.starts[-1].key == desk.starts[0].key
    assert desk.starts[-1].attempt == 2


def test_guesses_about_the_floor_leave_no_rows() -> None:
    desk = Desk()
    desk.operations.start("t", results.DetectEnd(from_ms=0, to_ms=9), EndOfTurn(9))
    desk.drain()
    desk.complete(results.EndDetected(probability=0.5))
    assert desk.kinds == []


def test_what_nobody_asked_for_again_after_a_takeover_is_given_up() -> None:
    desk = begun()
    heir = Desk()
    heir.scribe.fold.apply(
        rows.OperationIntended(key=desk.starts[0].key, kind="transcribe", effect="idempotent", policy_version=1)  # type: ignore[arg-type]
    )
    heir.operations.abandon_unclaimed()
    heir.drain()
    assert heir.kinds == ["operation.failed"]
