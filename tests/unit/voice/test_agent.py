from segue.session.policy import OperationPolicy
from segue.voice import results
from segue.voice.agent import AgentSpec, OperationPolicies, ServerTool


def test_each_kind_of_request_has_its_policy() -> None:
    policies = OperationPolicies(tool=OperationPolicy(provider="tools", deadline_ms=1_000))
    request = results.CallTool(call_id="c", name="book", arguments="{}", effect="once")
    assert policies.of(request).provider == "tools"
    assert policies.of(results.Transcribe(from_ms=0, to_ms=1)) is policies.transcribe
    assert policies.of(results.DetectEnd(from_ms=0, to_ms=1)) is policies.detect_end


def test_a_tool_is_found_by_its_name_and_offered_without_its_effect() -> None:
    book = ServerTool(name="book", description="Book a table", parameters_json="{}", effect="once")
    agent = AgentSpec(name="host", tools=(book,))
    assert agent.tool("book") is book
    assert agent.tool("burn") is None
    assert book.offer == results.ToolOffer(name="book", description="Book a table", parameters_json="{}")
