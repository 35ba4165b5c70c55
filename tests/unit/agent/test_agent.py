"""Agents: checked when made, turned into data for sessions, asked to run their tools."""

import pytest

from segue.agent import Agent, Providers, tool
from segue.model.errors import ConfigError
from segue.model.ids import OperationKey, SessionId
from segue.voice.results import CallTool


@tool(effect="once", lookup=lambda key: f"kept {key}")
def pay(amount: float) -> str:
    """Pay."""
    return f"paid {amount}"


def plain(city: str) -> str:
    """Tell the weather."""
    return f"fine in {city}"


def call(name: str, arguments: str = "{}", *, is_lookup: bool = False) -> CallTool:
    return CallTool(call_id="c", name=name, arguments=arguments, effect="once", is_lookup=is_lookup)


def test_spec_carries_everything_but_code():
    agent = Agent(
        name="helper", instructions="Help.", tools=[pay, plain], greeting="Hi.", providers=Providers(llm=("a", "b"))
    )
    spec = agent.spec(voices=("heart",))
    assert (spec.name, spec.instructions, spec.greeting, spec.voices) == ("helper", "Help.", "Hi.", ("heart",))
    assert [(each.name, each.effect, each.has_lookup) for each in spec.tools] == [
        ("pay", "once", True),
        ("plain", "idempotent", False),
    ]
    assert spec.policies.generate.provider == "a"
    assert spec.policies.generate.fallbacks == ("b",)
    assert spec.policies.transcribe.provider == "local"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "a", "instructions": 3}, "instructions"),
        ({"name": "a", "instructions": "x" * 100_001}, "more than"),
        ({"name": "a", "greeting": 3}, "greeting"),
        ({"name": "a", "tools": [3]}, "not a function"),
        ({"name": "a", "tools": [pay, pay]}, "several"),
    ],
)
def test_fields_that_cannot_be_used_are_named(fields, said):
    with pytest.raises(ConfigError, match=said):
        Agent(**fields)


def test_an_empty_list_of_providers_is_refused():
    with pytest.raises(ConfigError, match=r"providers\.llm"):
        Agent(name="a", providers=Providers(llm=())).spec()


async def test_it_runs_and_looks_up_its_tools():
    agent = Agent(name="helper", tools=[pay, plain])
    key, session = OperationKey("k"), SessionId("s")
    assert (await agent.call(call("pay", '{"amount": 2}'), key, session)).output == "paid 2.0"
    assert (await agent.call(call("pay", is_lookup=True), key, session)).output == "kept k"
    assert (await agent.call(call("plain", '{"city": "Ulm"}'), key, session)).output == "fine in Ulm"
    assert (await agent.call(call("nope"), key, session)).outcome == "raised"
