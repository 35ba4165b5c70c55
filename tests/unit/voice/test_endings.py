from segue.voice.endings import COMPLETED, cancelled, failed
from segue.wire.realtime import server
from tests.support.voice_stage import Stage


def test_endings_say_why() -> None:
    assert COMPLETED.is_complete
    assert cancelled("turn_detected").details.reason == "turn_detected"  # type: ignore[union-attr]
    ending = failed("provider_error", "no answer")
    assert not ending.is_complete
    assert ending.failure is not None
    assert ending.failure.message == "no answer"


def test_a_finished_response_has_its_items_and_usage() -> None:
    stage = Stage().begin()
    stage.say("what time is it?")
    done = stage.of(server.ResponseDone)[0].response
    assert [item.id for item in done.output] == [stage.facts.order[-1]]
    assert done.conversation_id.startswith("conv_")
    assert done.usage.total_tokens == done.usage.input_tokens + done.usage.output_tokens
    assert done.usage.output_token_details.audio_tokens > 0
