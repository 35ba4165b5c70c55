"""The official client, which knows nothing of resuming, keeps its socket and its conversation when the core dies."""

import pytest

from tests.chaos.cells import ANSWER, FAREWELL, LAST, QUESTION, ROUNDS, kill
from tests.support.dialogue import FakeDialogue
from tests.support.official import official_talk
from tests.support.processes import RunningSegue
from tests.support.speaking import Speaking, compare, words_of

pytestmark = [pytest.mark.models, pytest.mark.timeout(120)]


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("phase", ["user speaking", "agent speaking"])
async def test_it_keeps_its_socket(
    segue: RunningSegue, speaking: Speaking, dialogue: FakeDialogue, phase: str, number: int
) -> None:
    async with official_talk(segue.url, segue.api_key) as talk:
        await talk.wait_for("response.done")
        after = len(talk.events)
        question = await speaking.pcm(QUESTION)
        talk.say(question)
        if phase == "user speaking":
            await talk.wait_for("input_audio_buffer.speech_started", after=after)
        else:
            await talk.wait_for("response.output_audio.delta", after=after)
        kill(segue, "core")()
        response = await talk.answer(after=after)
        second = len(talk.events)
        talk.say(await speaking.pcm(FAREWELL))
        last = await talk.answer(after=second)
    assert response["status"] == last["status"] == "completed"
    assert response["output"][0]["content"][0]["transcript"] == ANSWER
    assert last["output"][0]["content"][0]["transcript"] == LAST
    ids = [event["event_id"] for event in talk.events]
    assert len(set(ids)) == len(ids)
    assert len(talk.of("session.created")) == 1
    assert not talk.errors()
    difference = compare(words_of(ANSWER), await speaking.words(talk.audio(after, response["output"][0]["id"])))
    assert not difference.lost
    assert not difference.repeated
    users = talk.of("conversation.item.input_audio_transcription.completed", after)
    assert [compare(words_of(QUESTION), words_of(users[0]["transcript"])).lost, len(users)] == [(), 2]
