"""The life of responses: greeting, text, tools, attempts that fail, break off or change their mind."""

import json

import pytest

from segue.session.kind import Gate
from segue.session.policy import OperationPolicy
from segue.voice import effects, inputs, results, rows
from segue.voice.agent import AgentSpec, OperationPolicies, ServerTool
from segue.wire.realtime import server
from tests.support.voice_stage import Stage, failing

BOOK = ServerTool(name="book", description="Book a table", parameters_json="{}", effect="once")
WEATHER = ServerTool(name="weather", description="The weather", parameters_json="{}")
TEXT = '{"output_modalities":["text"]}'


def call(name: str, call_id: str = "call_1", arguments: str = "{}") -> results.ToolCallDelta:
    return results.ToolCallDelta(call_id=call_id, name=name, arguments=arguments)


def calling_once(name: str, text: str = "Done.") -> object:
    """A model that calls a tool, and speaks once it knows the outcome."""

    def model(request: results.Generate) -> list[results.OperationDelta]:
        if request.history and request.history[-1].role == "tool":
            return [results.TextDelta(text=text)]
        return [call(name)]

    return model


def test_the_greeting_is_said_once_in_a_new_session() -> None:
    agent = AgentSpec(name="host", greeting="Welcome to the house. How can I help?")
    stage = Stage(agent).begin()
    assert stage.told()[:3] == ["session.created", "response.created", "response.output_item.added"]
    assert stage.told()[-1] == "response.done"
    stage.attach(is_resumed=True)
    stage.crash()
    assert stage.told().count("response.created") == 1
    assert stage.history == [("assistant", "Welcome to the house. How can I help?")]


def test_a_text_answer_is_neither_synthesized_nor_spoken() -> None:
    stage = Stage().begin(TEXT)
    stage.say("what time is it?")
    told = stage.told()
    assert "response.output_text.delta" in told
    assert "response.output_text.done" in told
    assert not any("audio" in name for name in told if name.startswith("response."))
    assert not stage.of(effects.Speak)
    done = stage.of(server.ResponseDone)[0].response
    assert done.output[0].content[0].text == "It is noon. Anything else?"
    assert done.usage.output_tokens > 0


def test_a_client_tool_is_called_in_the_order_clients_depend_on() -> None:
    stage = Stage().begin('{"tools":[{"type":"function","name":"lights","parameters":{"type":"object"}}]}')
    stage.model = lambda _request: [call("lights", arguments='{"on":true}')]
    stage.forget()
    stage.say("turn on the lights")
    told = stage.told()
    assert told[told.index("response.created") :] == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.delta",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert stage.of(server.OutputItemDone)[0].item.status == "completed"
    stage.forget()
    stage.model = lambda request: [results.TextDelta(text=f"I know: {request.history[-1].text}.")]
    stage.send(
        '{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"call_1","output":"on"}}'
    )
    stage.send('{"type":"response.create"}')
    assert stage.history[-1] == ("assistant", "I know: on.")


def test_an_own_tool_runs_once_behind_its_durable_intent_and_the_agent_answers_again() -> None:
    stage = Stage(AgentSpec(name="host", tools=(BOOK,))).begin()
    stage.model = calling_once("book", "Your table is booked.")  # type: ignore[assignment]
    stage.say("book a table")
    intents = [row for row in stage.of(rows.OperationIntended) if row.kind == "tool"]
    assert [row.effect for row in intents] == ["once"]
    starts = [(e, gate) for e, gate in stage.gates if isinstance(e, effects.StartOperation)]
    gates = [gate for e, gate in starts if isinstance(e.request, results.CallTool)]
    assert gates == [Gate.DURABLE]
    assert "conversation.item.added" in stage.told()
    assert not any("function_call" in name for name in stage.told())
    assert stage.told().count("response.created") == 2
    assert stage.history[-1] == ("assistant", "Your table is booked.")
    assert ("tool", "book done") in stage.history


def test_a_tool_that_raises_is_told_to_the_model() -> None:
    stage = Stage(AgentSpec(name="host", tools=(WEATHER,))).begin()
    stage.model = calling_once("weather", "I could not find out.")  # type: ignore[assignment]
    stage.tool = lambda _call: results.ToolReturned(output="no such town", outcome="raised")
    stage.say("weather please")
    assert json.loads(dict(stage.history)["tool"]) == {"error": "no such town"}
    assert stage.history[-1] == ("assistant", "I could not find out.")


def test_a_model_that_only_calls_tools_has_to_speak_in_the_end() -> None:
    stage = Stage(AgentSpec(name="host", tools=(WEATHER,))).begin()
    count = 0

    def model(request: results.Generate) -> list[results.OperationDelta]:
        nonlocal count
        count += 1
        if request.tool_choice == "none":
            return [results.TextDelta(text="I give up.")]
        return [call("weather", f"call_{count}")]

    stage.model = model
    stage.is_checked = False
    stage.say("weather please")
    assert count == 8
    assert stage.history[-1] == ("assistant", "I give up.")


def policies(**changes: OperationPolicy) -> AgentSpec:
    return AgentSpec(name="host", policies=OperationPolicies(**changes))


def test_a_failing_model_is_retried_and_then_replaced() -> None:
    agent = policies(generate=OperationPolicy(provider="remote", fallbacks=("local",), deadline_ms=9_000))
    stage = Stage(agent).begin()
    stage.fail = lambda start: failing(start) if start.provider == "remote" else None
    stage.say("what time is it?")
    providers = [s.provider for s in stage.started if isinstance(s.request, results.Generate)]
    assert providers == ["remote", "local"]
    assert stage.history[-1] == ("assistant", "It is noon. Anything else?")


def test_a_model_that_never_answers_fails_the_response_and_the_next_turn_works() -> None:
    stage = Stage().begin()
    stage.fail = lambda start: failing(start) if isinstance(start.request, results.Generate) else None
    stage.say("what time is it?")
    stage.pass_ms(60_000)
    done = stage.of(server.ResponseDone)[0].response
    assert done.status == "failed"
    assert done.status_details.error.code == "provider_error"
    error = stage.of(server.ErrorEvent)[0].error
    assert (error.type, error.code) == ("server_error", "provider_error")
    stage.fail = lambda _start: None
    stage.say("and now?")
    assert stage.of(server.ResponseDone)[-1].response.status == "completed"


def test_a_model_that_hangs_is_given_up_at_its_deadline() -> None:
    stage = Stage(policies(generate=OperationPolicy(provider="slow", deadline_ms=3_000))).begin()
    stage.is_automatic = False
    stage.audio(800, speech=True)
    stage.audio(400, speech=False)
    while stage.pending:
        start = stage.pending.pop(0)
        if not isinstance(start.request, results.Generate):
            stage.answer(start)
    stage.audio(600, speech=False)
    while stage.pending:
        start = stage.pending.pop(0)
        if not isinstance(start.request, results.Generate):
            stage.answer(start)
    stage.pass_ms(4_000)
    assert stage.of(server.ResponseDone)[0].response.status == "failed"


@pytest.mark.parametrize("second", ["same", "other"])
def test_an_attempt_that_breaks_off_is_repeated_without_repeating_words(second: str) -> None:
    stage = Stage(policies(generate=OperationPolicy(provider="a", fallbacks=("b",), deadline_ms=9_000))).begin()
    stage.is_automatic = False
    stage.audio(800, speech=True)
    stage.audio(1_600, speech=False)
    first: effects.StartOperation | None = None
    while stage.pending:
        start = stage.pending.pop(0)
        if isinstance(start.request, results.Generate) and start.provider == "a":
            first = start
        else:
            stage.answer(start)
            stage.audio(32, speech=False)
    assert first is not None
    delta = results.TextDelta(text="The first sentence is here. The second brea")
    stage.give(inputs.OperationProgressed(key=first.key, attempt=first.attempt, delta=delta))
    said = [row.text for row in stage.of(rows.SegmentAdded)]
    assert said == ["The first sentence is here. "]
    stage.give(failing(first))
    if second == "same":
        stage.model = lambda _request: [results.TextDelta(text="The first sentence is here. The second is whole.")]
    else:
        stage.model = lambda request: [
            results.TextDelta(
                text="And so it went on."
                if request.history[-1].role == "system"
                else "Something else altogether is said now. Yes."
            )
        ]
    stage.is_automatic = True
    stage.work()
    said = [row.text for row in stage.of(rows.SegmentAdded)]
    wanted = "The second is whole." if second == "same" else "And so it went on."
    assert said == ["The first sentence is here. ", wanted]
    assert stage.of(server.ResponseDone)[0].response.status == "completed"


def test_an_empty_answer_counts_as_a_failed_attempt() -> None:
    stage = Stage().begin()
    answers = iter([[], [], [results.TextDelta(text="Here I am.")]])
    stage.model = lambda _request: next(answers)
    stage.say("hello there")
    stage.pass_ms(5_000)
    assert stage.history[-1] == ("assistant", "Here I am.")


def test_half_an_answer_is_said_and_then_fails() -> None:
    stage = Stage(policies(generate=OperationPolicy(provider="a", attempts_max=1, deadline_ms=9_000))).begin()
    stage.is_automatic = False
    stage.send('{"type":"response.create"}')
    start = stage.pending.pop(0)
    delta = results.TextDelta(text="The first sentence is here. The second brea")
    stage.give(inputs.OperationProgressed(key=start.key, attempt=start.attempt, delta=delta))
    stage.give(failing(start))
    stage.is_automatic = True
    stage.work()
    done = stage.of(server.ResponseDone)[0].response
    assert (done.status, done.output[0].status) == ("failed", "incomplete")
    assert stage.history == [("assistant", "The first sentence is here. ")]


def test_a_voice_that_fails_ends_the_response_and_the_next_turn_works() -> None:
    stage = Stage().begin()
    stage.fail = lambda start: failing(start) if isinstance(start.request, results.Synthesize) else None
    stage.say("what time is it?")
    stage.pass_ms(60_000)
    assert stage.of(server.ResponseDone)[0].response.status == "failed"
    stage.fail = lambda _start: None
    stage.say("and now?")
    assert stage.of(server.ResponseDone)[-1].response.status == "completed"


def test_a_recogniser_that_fails_fails_the_response() -> None:
    stage = Stage().begin()
    stage.fail = lambda start: failing(start) if isinstance(start.request, results.Transcribe) else None
    stage.audio(800, speech=True)
    stage.audio(40_000, speech=False)
    told = stage.told()
    assert "conversation.item.input_audio_transcription.failed" in told
    assert stage.of(server.ResponseDone)[0].response.status == "failed"
    stage.fail = lambda _start: None
    stage.say("and now?")
    assert stage.of(server.ResponseDone)[-1].response.status == "completed"


def test_speech_is_made_a_few_segments_ahead_only() -> None:
    stage = Stage().begin()
    sentence = "This is one sentence of the very long answer number {}. "
    stage.model = lambda _request: [results.TextDelta(text="".join(sentence.format(n) for n in range(10)))]
    stage.is_automatic = False
    stage.send('{"type":"response.create"}')
    stage.answer(stage.pending.pop(0))
    assert len([s for s in stage.pending if isinstance(s.request, results.Synthesize)]) == 3


def test_an_answer_at_its_length_limit_is_incomplete() -> None:
    stage = Stage().begin()
    stage.is_automatic = False
    stage.send('{"type":"response.create","response":{"max_output_tokens":5}}')
    start = stage.pending.pop(0)
    assert isinstance(start.request, results.Generate)
    assert start.request.max_output_tokens == 5
    delta = results.TextDelta(text="It goes on and")
    stage.give(inputs.OperationProgressed(key=start.key, attempt=start.attempt, delta=delta))
    end = results.Generated(reason="length", input_tokens=1, output_tokens=5)
    stage.give(inputs.OperationCompleted(key=start.key, attempt=start.attempt, result=end))
    stage.is_automatic = True
    stage.work()
    done = stage.of(server.ResponseDone)[0].response
    assert (done.status, done.status_details.reason) == ("incomplete", "max_output_tokens")
