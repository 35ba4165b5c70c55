from segue.voice import rows
from segue.voice.agent import AgentSpec, ServerTool
from segue.voice.requests import ROUNDS_MAX, continuation, generate_request
from segue.wire.realtime.client import ResponseParams
from segue.wire.realtime.items import InputText, Message
from tests.support.voice_stage import Stage

LOOK = ServerTool(name="look", description="own", parameters_json="{}")
AGENT = AgentSpec(name="host", instructions="Be kind.", tools=(LOOK,))


def plan(**changes: object) -> rows.ResponseStarted:
    fields = {"response_id": "r", "item_id": "i", "origin": "o", "conversation_id": "conv", **changes}
    return rows.ResponseStarted(**fields)  # type: ignore[arg-type]


def stage() -> Stage:
    return Stage(AGENT).begin(
        '{"tools":[{"type":"function","name":"lights"},{"type":"function","name":"look"}],"max_output_tokens":99}'
    )


def test_own_tools_come_first_and_hide_the_clients_of_the_same_name() -> None:
    request = generate_request(stage().machine.conversation, AGENT, plan())
    assert [(tool.name, tool.description) for tool in request.tools] == [("look", "own"), ("lights", "")]
    assert (request.instructions, request.tool_choice, request.max_output_tokens) == ("Be kind.", "auto", 99)


def test_one_response_may_have_its_own_everything() -> None:
    params = ResponseParams(
        instructions="Be brief.",
        tools=({"type": "function", "name": "lamp", "parameters": {"type": "object"}},),
        tool_choice={"type": "function", "name": "lamp"},
        max_output_tokens="inf",
        input=(Message(role="user", content=(InputText(text="now"),)),),
    )
    request = generate_request(stage().machine.conversation, AGENT, plan(params=params, conversation_id=None))
    assert [tool.name for tool in request.tools] == ["lamp"]
    assert request.tools[0].parameters_json == '{"type": "object"}'
    assert (request.tool_choice, request.max_output_tokens) == ("function:lamp", None)
    assert [entry.text for entry in request.history] == ["now"]


def test_the_last_round_has_to_speak_and_a_demand_is_met_by_the_first() -> None:
    conversation = stage().machine.conversation
    assert generate_request(conversation, AGENT, plan(round=ROUNDS_MAX)).tool_choice == "none"
    demanding = ResponseParams(tool_choice="required")
    assert generate_request(conversation, AGENT, plan(params=demanding)).tool_choice == "required"
    assert generate_request(conversation, AGENT, plan(params=demanding, round=2)).tool_choice == "auto"


def test_a_continuation_knows_what_was_said() -> None:
    request = generate_request(stage().machine.conversation, AGENT, plan())
    entries = continuation(request, "It is").history
    assert [entry.role for entry in entries] == ["assistant", "system"]
    assert entries[0].text == "It is"
