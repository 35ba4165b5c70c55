"""One whole turn through a core: speech in, speech out, each event in the order clients depend on."""

from segue.adapters.store.memory import MemoryStore
from tests.support.harness import CLOCK, Caller, core

ANSWER = "The sun is out today. It will stay warm. Enjoy your walk."

TURN = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
]
RESPONSE = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]


async def test_a_turn_is_heard_and_answered_aloud():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller(is_aware=False)
        caller.join(only)
        await caller.wait_for("session.created")
        caller.silence(200)
        caller.tone(900)
        caller.silence(1200)
        await caller.wait_for("response.done")
        types = [event["type"] for event in caller.events]
        assert types[0] == "session.created"
        assert [each for each in types if each in TURN][:5] == TURN
        assert [each for each in types if (each in RESPONSE and each not in TURN) or each.startswith("response.")]
        order = [types.index(each) for each in RESPONSE if not each.startswith("conversation")]
        assert order == sorted(order)
        assert caller.said() == ANSWER
        assert len(caller.heard_audio()) == 48 * 10 * len("".join(ANSWER)) or caller.heard_audio()
        assert not [each for each in types if each.startswith("segue.")]
        assert len({event["event_id"] for event in caller.events}) == len(caller.events)
