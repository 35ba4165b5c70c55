"""Whatever happens, in whatever order: replay comes to the live state, events keep the protocol's order.

The world here answers operations late, never, wrongly ordered or with failures; the client sends anything at any time;
the core crashes.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from segue.model.ids import ItemId
from segue.voice import inputs, results, rows
from segue.voice.agent import AgentSpec, ServerTool
from segue.wire.realtime import server
from tests.support.voice_stage import Stage, failing

TOOLS = (
    ServerTool(name="book", description="", parameters_json="{}", effect="once"),
    ServerTool(name="look", description="", parameters_json="{}"),
)
AGENT = AgentSpec(name="host", greeting="Hello there, welcome.", tools=TOOLS)
ANSWERS: list[list[results.OperationDelta]] = [
    [],
    [results.TextDelta(text="Short. And a second sentence that is longer.")],
    [results.TextDelta(text="One long sentence that never comes "), results.TextDelta(text="to any end at all")],
    [results.ToolCallDelta(call_id="c1", name="book", arguments="{}")],
    [results.TextDelta(text="Let me see. "), results.ToolCallDelta(call_id="c2", name="look", arguments="{}")],
    [results.ToolCallDelta(call_id="c3", name="lights", arguments="{}")],
]
WORDS = ["", "you", "mhm", "no stop", "what time is it?", "and then"]
EVENTS = [
    '{"type":"response.create"}',
    '{"type":"response.create","response":{"conversation":"none","output_modalities":["text"]}}',
    '{"type":"response.create","response":{"output_modalities":["text"]}}',
    '{"type":"response.cancel"}',
    '{"type":"input_audio_buffer.commit"}',
    '{"type":"input_audio_buffer.clear"}',
    '{"type":"output_audio_buffer.clear"}',
    '{"type":"session.update","session":{"audio":{"input":{"turn_detection":null}}}}',
    '{"type":"session.update","session":{"audio":{"input":{"turn_detection":{"type":"server_vad"}}}}}',
    '{"type":"session.update","session":{"output_modalities":["text"]}}',
    '{"type":"session.update","session":{"tools":[{"type":"function","name":"lights"}]}}',
    (
        '{"type":"conversation.item.create","item":'
        '{"type":"message","role":"user","content":[{"type":"input_text","text":"typed"}]}}'
    ),
    '{"type":"conversation.item.create","item":{"type":"function_call_output","call_id":"c3","output":"on"}}',
]
ON_LAST_ITEM = [
    '{"type":"conversation.item.delete","item_id":"%s"}',
    '{"type":"conversation.item.retrieve","item_id":"%s"}',
    '{"type":"conversation.item.truncate","item_id":"%s","content_index":0,"audio_end_ms":700}',
    '{"type":"segue.playout","item_id":"%s","played_ms":500,"buffered_ms":100,"at_ns":1,"started_at_ns":1}',
    '{"type":"segue.playout","item_id":"%s","played_ms":900,"buffered_ms":0,"at_ns":2,"done":true}',
]

STEPS = st.one_of(
    st.tuples(st.just("audio"), st.sampled_from([64, 320, 960, 2_016]), st.booleans()),
    st.tuples(st.just("send"), st.sampled_from(EVENTS)),
    st.tuples(st.just("item"), st.sampled_from(ON_LAST_ITEM), st.integers(0, 2)),
    st.tuples(st.just("answer"), st.integers(0, 5), st.sampled_from(ANSWERS), st.sampled_from(WORDS)),
    st.tuples(st.just("work"), st.sampled_from(ANSWERS), st.sampled_from(WORDS)),
    st.tuples(st.just("fail"), st.integers(0, 5), st.booleans()),
    st.tuples(st.just("break"), st.integers(0, 5)),
    st.tuples(st.just("speak")),
    st.tuples(st.just("pass"), st.sampled_from([30, 900, 12_000])),
    st.tuples(st.just("crash")),
    st.tuples(st.just("attach"), st.booleans()),
)


def perform(stage: Stage, step: tuple) -> None:
    match step:
        case ("audio", duration_ms, speech):
            stage.audio(duration_ms, speech=speech)
        case ("send", event):
            stage.send(event)
        case ("item", event, back):
            order = stage.facts.order
            stage.send(event % (order[-1 - back] if len(order) > back else "nothing"))
        case ("answer", number, answer, words):
            stage.model, stage.words = lambda _request: answer, lambda _from, _to: words
            if number < len(stage.pending):
                stage.answer(stage.pending.pop(number))
        case ("work", answer, words):
            stage.model, stage.words = lambda _request: answer, lambda _from, _to: words
            for _ in range(30):
                if stage.pending:
                    stage.answer(stage.pending.pop(0))
                elif (sent := stage.speaker.poll()) is not None:
                    stage.give(sent)
                else:
                    break
        case ("fail", number, is_retryable):
            if number < len(stage.pending):
                stage.give(failing(stage.pending.pop(number), is_retryable=is_retryable))
        case ("break", number):
            if number < len(stage.pending) and isinstance(stage.pending[number].request, results.Generate):
                start = stage.pending.pop(number)
                delta = results.TextDelta(text="A sentence was begun here. And it brea")
                stage.give(inputs.OperationProgressed(key=start.key, attempt=start.attempt, delta=delta))
                stage.give(failing(start))
        case ("speak",):
            if (sent := stage.speaker.poll()) is not None:
                stage.give(sent)
        case ("pass", duration_ms):
            stage.pass_ms(duration_ms)
        case ("crash",):
            stage.crash()
        case ("attach", is_aware):
            stage.is_aware = is_aware
            stage.attach(is_resumed=True)


def check_protocol(stage: Stage) -> None:
    """What every client of the protocol takes for granted."""
    once = [
        one.key for one in stage.started if isinstance(one.request, results.CallTool) and one.request.name == "book"
    ]
    assert len(once) == len(set(once)), "what happens once is started once, whoever owns the session"
    running: set[str] = set()
    talking: set[str] = set()
    added: set[str] = set()
    segments: dict[str, int] = {}
    for row in stage.bodies:
        match row:
            case rows.SegmentAdded():
                assert row.segment == segments.get(row.item_id, 0), "segments are in order, each once"
                segments[row.item_id] = row.segment + 1
            case rows.TurnOpened(item_id=item_id):
                assert not talking
                talking.add(item_id)
            case _:
                pass
        match row:
            case rows.TurnCommitted() | rows.TurnDropped() | rows.BufferCleared():
                talking.clear()
            case _:
                pass
    for event in stage.events:
        match event:
            case server.ResponseCreated(response=response):
                assert response.id not in running
                assert not (response.conversation_id and any(r.startswith("c:") for r in running))
                running.add(("c:" if response.conversation_id else "o:") + response.id)
            case server.ResponseDone(response=response):
                running.remove(("c:" if response.conversation_id else "o:") + response.id)
            case server.ItemAdded(item=item):
                assert item.id not in added, "an item is added once"
                added.add(item.id)
            case server.AudioTranscriptDelta(response_id=response_id) | server.OutputItemDone(response_id=response_id):
                assert any(response_id in one for one in running), "nothing is said outside of a response"
            case _:
                pass


@settings(max_examples=150, deadline=None)
@given(steps=st.lists(STEPS, max_size=40))
def test_anything_may_happen(steps: list[tuple]) -> None:
    stage = Stage(AGENT, is_aware=True)
    stage.is_automatic = False
    stage.begin()
    for step in steps:
        perform(stage, step)
        check_protocol(stage)
    # The world comes to its senses: everything that runs comes to an end.
    stage.fail = lambda _start: None
    perform(stage, ("send", '{"type":"session.update","session":{"audio":{"input":{"turn_detection":null}}}}'))
    for _ in range(6):
        perform(stage, ("work", ANSWERS[1], "what time is it?"))
        stage.pass_ms(70_000)
    assert stage.facts.responses == {}, "no response hangs"
    assert stage.facts.awaited == []
    check_protocol(stage)


def test_the_ids_of_items_are_valid() -> None:
    stage = Stage(AGENT).begin()
    assert all(ItemId(item).startswith("item_") for item in stage.facts.order)
