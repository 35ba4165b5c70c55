"""What clients ask for, and the errors they are told, by the codes they branch on."""

import pytest

from segue.voice import effects, results, rows
from segue.voice.agent import AgentSpec
from segue.wire.realtime import server
from tests.support.voice_stage import Stage


def last_error(stage: Stage) -> server.ErrorDetail:
    return stage.of(server.ErrorEvent)[-1].error


def user_item(item_id: str = "msg_1", text: str = "hello") -> str:
    content = f'[{{"type":"input_text","text":"{text}"}}]'
    return f'{{"type":"message","role":"user","id":"{item_id}","content":{content}}}'


def create(stage: Stage, item_id: str = "msg_1", text: str = "hello", previous: str | None = None) -> None:
    after = f',"previous_item_id":"{previous}"' if previous is not None else ""
    event_id = '"event_id":"mine"'
    stage.send(f'{{"type":"conversation.item.create",{event_id},"item":{user_item(item_id, text)}{after}}}')


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ('{"type":"response.cancel","event_id":"mine"}', "response_cancel_not_active"),
        ('{"type":"input_audio_buffer.commit","event_id":"mine"}', "input_audio_buffer_commit_empty"),
        (
            '{"type":"conversation.item.retrieve","event_id":"mine","item_id":"nope"}',
            "item_retrieve_invalid_item_id",
        ),
        ('{"type":"conversation.item.delete","event_id":"mine","item_id":"nope"}', "item_delete_invalid_item_id"),
        (
            '{"type":"conversation.item.truncate","event_id":"mine","item_id":"nope","content_index":0,"audio_end_ms":1}',
            "item_truncate_invalid_item_id",
        ),
        (
            (
                '{"type":"conversation.item.create","event_id":"mine","item":'
                '{"type":"function_call_output","call_id":"nope","output":"x"}}'
            ),
            "item_create_invalid_call_id",
        ),
        (
            (
                '{"type":"conversation.item.create","event_id":"mine","previous_item_id":"nope","item":'
                '{"type":"message","role":"user","content":[{"type":"input_text","text":"x"}]}}'
            ),
            "item_create_invalid_previous_item_id",
        ),
        (
            (
                '{"type":"conversation.item.create","event_id":"mine","item":'
                '{"type":"message","role":"user","content":[{"type":"input_audio","audio":"AAAA"}]}}'
            ),
            "invalid_value",
        ),
        (
            '{"type":"session.update","event_id":"mine","session":{"output_modalities":["audio","text"]}}',
            "invalid_value",
        ),
        (
            '{"type":"session.update","event_id":"mine","session":{"audio":{"output":{"voice":"nobody"}}}}',
            "invalid_value",
        ),
        (
            '{"type":"response.create","event_id":"mine","response":{"output_modalities":["audio","text"]}}',
            "invalid_value",
        ),
    ],
)
def test_a_refusal_has_its_code_and_the_clients_event_id(event: str, code: str) -> None:
    stage = Stage(AgentSpec(name="host", voices=("heart", "sky"))).begin()
    stage.send(event)
    error = last_error(stage)
    assert (error.code, error.event_id) == (code, "mine")
    assert len(stage.rows) == 1, "nothing has changed"
    if code == "response_cancel_not_active":
        assert error.message.startswith("Cancellation failed")


def test_session_update_merges_deeply_and_echoes_everything() -> None:
    stage = Stage().begin()
    stage.send('{"type":"session.update","session":{"instructions":"Be brief.","tracing":"auto"}}')
    stage.send('{"type":"session.update","session":{"audio":{"input":{"turn_detection":{"type":"server_vad"}}}}}')
    session = stage.of(server.SessionUpdated)[-1].session
    assert session.instructions == "Be brief."
    assert session.audio.input.turn_detection.interrupt_response is True
    assert session.audio.input.turn_detection.create_response is True
    assert session.audio.output.format.rate == 24_000
    assert session.id == session.id


def test_the_hearing_follows_the_session() -> None:
    stage = Stage().begin('{"audio":{"input":{"format":{"type":"audio/pcmu"}}}}')
    hearing = stage.of(effects.ConfigureHearing)[-1]
    assert (hearing.format_type, hearing.rate_hz, hearing.is_detecting) == ("audio/pcmu", 8_000, True)
    stage.send('{"type":"session.update","session":{"audio":{"input":{"turn_detection":null}}}}')
    assert stage.of(effects.ConfigureHearing)[-1].is_detecting is False


def test_a_voice_nobody_has_falls_back_at_the_start() -> None:
    stage = Stage(AgentSpec(name="host", voices=("heart",))).begin('{"audio":{"output":{"voice":"alloy"}}}')
    assert stage.of(server.SessionCreated)[0].session.audio.output.voice == "heart"


def test_an_impossible_session_begins_with_the_agents_own_and_says_why() -> None:
    stage = Stage().begin('{"output_modalities":["audio","text"]}')
    assert stage.told() == ["session.created", "error"]


def test_no_item_takes_the_name_of_one_that_is_coming() -> None:
    stage = Stage().begin()
    stage.audio(1_000, speech=True)
    turn = stage.facts.turn.item_id
    create(stage, turn)
    assert last_error(stage).code == "item_create_duplicate_item_id"
    stage.audio(1_000, speech=False)
    assert stage.facts.order.count(turn) == 1


def test_an_item_whose_name_was_taken_has_one_place() -> None:
    stage = Stage().begin()
    taken = stage.machine._scribe.name("item", "client:2")
    create(stage, taken)
    stage.send('{"type":"response.create"}')
    assert stage.facts.order == [taken]
    stage.send(f'{{"type":"conversation.item.delete","item_id":"{taken}"}}')
    create(stage, "b")
    assert stage.facts.order == ["b"]


def test_items_are_created_kept_in_order_and_deleted() -> None:
    stage = Stage().begin()
    create(stage, "a", "one")
    create(stage, "b", "two")
    create(stage, "c", "first", previous="root")
    create(stage, "d", "between", previous="a")
    assert stage.facts.order == ["c", "a", "d", "b"]
    added = stage.of(server.ItemAdded)
    assert [event.previous_item_id for event in added] == [None, "a", None, "a"]
    create(stage, "b", "again")
    assert last_error(stage).code == "item_create_duplicate_item_id"
    stage.send('{"type":"conversation.item.delete","item_id":"d"}')
    assert stage.told()[-1] == "conversation.item.deleted"
    assert stage.facts.order == ["c", "a", "b"]
    stage.send('{"type":"conversation.item.retrieve","item_id":"c"}')
    assert stage.of(server.ItemRetrieved)[0].item.content[0].text == "first"


def test_a_response_is_created_with_its_metadata_and_overrides() -> None:
    stage = Stage().begin()
    create(stage)
    asked: list[results.Generate] = []

    def model(request: results.Generate) -> list[results.OperationDelta]:
        asked.append(request)
        return [results.TextDelta(text="Aye.")]

    stage.model = model
    stage.send(
        '{"type":"response.create","response":{"instructions":"Be a pirate.","metadata":{"client_event_id":"x"}}}'
    )
    assert stage.of(server.ResponseCreated)[0].response.metadata == {"client_event_id": "x"}
    assert stage.of(server.ResponseDone)[0].response.metadata == {"client_event_id": "x"}
    assert asked[0].instructions == "Be a pirate."


def test_a_second_response_is_refused_while_one_runs() -> None:
    stage = Stage().begin()
    stage.is_automatic = False
    stage.send('{"type":"response.create"}')
    stage.send('{"type":"response.create","event_id":"second"}')
    error = last_error(stage)
    assert (error.code, error.event_id) == ("conversation_already_has_active_response", "second")


def test_an_out_of_band_response_leaves_no_trace_in_the_conversation() -> None:
    stage = Stage().begin()
    create(stage)
    stage.forget()
    asked: list[results.Generate] = []
    stage.model = lambda request: [asked.append(request) or results.TextDelta(text="billing")]
    stage.send(
        '{"type":"response.create","response":{"conversation":"none","output_modalities":["text"],'
        f'"metadata":{{"topic":"x"}},"input":[{user_item("i1", "classify me")}]}}}}'
    )
    assert "conversation.item.added" not in stage.told()
    assert stage.told()[-1] == "response.done"
    done = stage.of(server.ResponseDone)[0].response
    assert done.conversation_id is None
    assert done.output[0].content[0].text == "billing"
    assert [entry.text for entry in asked[0].history] == ["classify me"]
    assert stage.history == [("user", "hello")]
    assert stage.facts.speech == {}


def test_an_out_of_band_response_may_run_beside_another() -> None:
    stage = Stage().begin()
    stage.is_automatic = False
    stage.send('{"type":"response.create"}')
    stage.send('{"type":"response.create","response":{"conversation":"none","output_modalities":["text"]}}')
    assert stage.told().count("response.created") == 2
    stage.is_automatic = True
    stage.work()
    assert stage.told().count("response.done") == 2


def test_cancel_ends_the_running_response() -> None:
    stage = Stage().begin()
    stage.is_automatic = False
    stage.send('{"type":"response.create"}')
    stage.send('{"type":"response.cancel"}')
    done = stage.of(server.ResponseDone)[0].response
    assert (done.status, done.status_details.reason) == ("cancelled", "client_cancelled")
    assert stage.of(effects.CancelOperation)


def spoken(stage: Stage) -> str:
    stage.ms_per_letter = 100
    stage.send('{"type":"response.create"}')
    item_id = stage.facts.order[-1]
    assert isinstance(item_id, str)
    return item_id


def test_truncation_beyond_the_end_is_clamped_and_trims_what_was_said() -> None:
    stage = Stage().begin()
    item_id = spoken(stage)
    truncate = '{{"type":"conversation.item.truncate","item_id":"{}","content_index":0,"audio_end_ms":{}}}'
    stage.send(truncate.format(item_id, 999_999))
    length_ms = stage.of(server.ItemTruncated)[0].audio_end_ms
    assert length_ms == len("It is noon. Anything else?") * 100
    stage.send(truncate.format(item_id, 1_200))
    assert stage.history == [("assistant", "It is noon.")]
    stage.send(f'{{"type":"conversation.item.retrieve","item_id":"{item_id}"}}')
    assert stage.of(server.ItemRetrieved)[0].item.content[0].transcript == "It is noon."


def test_output_audio_clear_is_silent_at_once() -> None:
    stage = Stage(is_aware=True).begin()
    item_id = spoken(stage)
    stage.send('{"type":"output_audio_buffer.clear"}')
    assert "output_audio_buffer.cleared" in stage.told()
    assert stage.of(server.PlayoutClear)[0].item_id == item_id
    assert stage.of(rows.ItemWasHeard)[0].is_cut


def test_an_event_answered_before_a_takeover_is_skipped() -> None:
    stage = Stage().begin()
    create(stage, "a")
    done = stage.uplink[-1]
    before = len(stage.rows)
    stage.crash()
    stage.give(done)
    assert len(stage.rows) == before


def test_faults_are_told_and_the_session_stays_up() -> None:
    from segue.model.ids import UplinkIndex
    from segue.voice.inputs import ClientFault

    stage = Stage().begin()
    stage.give(
        ClientFault(index=UplinkIndex(1), code="unknown_event", message="no such type", param="type", event_id="e1")
    )
    error = last_error(stage)
    assert (error.code, error.param, error.event_id) == ("unknown_event", "type", "e1")
