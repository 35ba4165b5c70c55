"""Whatever is said, instructed or answered by tools, the responder replies, and the same each time."""

import json

from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.llm.local.dialogue import reply_to
from segue.adapters.llm.local.reply import CallTool
from segue.adapters.llm.port import (
    AssistantMessage,
    LlmRequest,
    SystemMessage,
    ToolCall,
    ToolResult,
    ToolSpec,
    UserMessage,
)

PIECES = st.sampled_from(
    (
        "my name is Ada what's again try 7:30 99:99 for two people tomorrow at half past quarter to the 31st February "
        "cancel never mind set a timer book table yes no ? ! . , \n one hundred remember that where do I live I'm say "
        "stop score Q: A: repeat 2026-02-31 today is under for pm o'clock divided by zero plus .5 - ' \" \u2019 \x00 "
        "\u0130 \u00df"
    ).split(" ")
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=14).map(" ".join))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
OUTPUTS = st.one_of(st.text(max_size=40), JSON.map(json.dumps))
MESSAGES = st.one_of(
    st.builds(UserMessage, text=TEXTS),
    st.builds(UserMessage, text=TEXTS),
    st.builds(AssistantMessage, text=TEXTS),
    st.builds(SystemMessage, text=TEXTS),
    st.builds(ToolResult, call_id=st.just("c"), output=OUTPUTS),
    st.builds(lambda text: AssistantMessage(tool_calls=(ToolCall(call_id="c", name="t", arguments=text),)), OUTPUTS),
)
SCHEMAS = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", "number", "boolean", "object", "array"])}),
    st.just({"enum": ["small", "extra_large", 3]}),
    st.just({"type": ["string", "null"], "format": "date"}),
    JSON,
)
NAMES = st.sampled_from(
    ["people", "time", "date", "name", "phone", "email", "city", "minutes", "note", "wants_tea", "_"]
)
TOOLS = st.builds(
    lambda name, text, properties: ToolSpec(
        name=name,
        description=text,
        parameters={"type": "object", "properties": properties, "required": sorted(properties)},
    ),
    st.sampled_from(["book_table", "set_timer", "get_weather", "x", "_"]),
    TEXTS,
    st.dictionaries(NAMES, SCHEMAS, max_size=4),
)


@given(
    TEXTS, st.lists(MESSAGES, max_size=8), st.lists(TOOLS, max_size=2), st.sampled_from(["auto", "none", "required"])
)
def test_always_replies(instructions: str, history: list, tools: list, choice: str) -> None:
    request = LlmRequest(instructions=instructions, history=tuple(history), tools=tuple(tools), tool_choice=choice)
    reply = reply_to(request)
    if isinstance(reply, CallTool):
        assert choice != "none"
        json.dumps(reply.arguments)
    else:
        assert reply.text.strip()
    assert reply_to(request) == reply
