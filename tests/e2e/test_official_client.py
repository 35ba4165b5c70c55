"""The official `openai` client, unmodified, holds conversations with real processes and the local models."""

import aiohttp
import numpy as np
import pytest

from segue import _native
from tests.support.official import Talk, official_talk
from tests.support.processes import RunningSegue
from tests.support.speaking import Speaking, compare, loudness, words_of

pytestmark = [pytest.mark.models, pytest.mark.timeout(150)]

SPOKEN_TURN = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
]
ANSWER = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
]
ANSWER_END = [
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]
TRANSCRIPTION = "conversation.item.input_audio_transcription"
BESIDE = (TRANSCRIPTION, "rate_limits")
NO_DETECTION = {"audio": {"input": {"turn_detection": None, "transcription": {"model": "local"}}}}


def in_order(talk: Talk, after: int) -> list[str]:
    """Types in order without what may come at any point, and without the repetitions of deltas."""
    kinds = [kind for kind in talk.types(after) if not kind.startswith(BESIDE)]
    return [kind for kind in kinds if not kind.endswith(".delta")]


async def spoken_turn(talk: Talk, pcm: bytes) -> tuple[int, dict]:
    after = len(talk.events)
    talk.say(pcm)
    return after, await talk.answer(after=after)


async def test_a_spoken_conversation_in_the_order_clients_depend_on(segue: RunningSegue, speaking: Speaking) -> None:
    async with official_talk(segue.url, segue.api_key) as talk:
        after, response = await spoken_turn(talk, await speaking.pcm("Hello, who are you?"))
        heard = await talk.wait_for(f"{TRANSCRIPTION}.completed", after=after)
        said = talk.of("response.output_audio_transcript.done", after)[0]["transcript"]
        again, _ = await spoken_turn(talk, await speaking.pcm("What can you do for me?"))

    assert talk.events[0]["type"] == "session.created"
    assert in_order(talk, after)[: in_order(talk, after).index("response.done") + 1] == [
        *SPOKEN_TURN,
        *ANSWER,
        *ANSWER_END,
    ]
    assert in_order(talk, again)[:2] == SPOKEN_TURN[:2]
    user_items = {talk.events[talk.index_of(kind, after)].get("item_id") for kind in SPOKEN_TURN[:3]}
    assert (
        user_items == {heard["item_id"]} == {talk.events[talk.index_of("conversation.item.added", after)]["item"]["id"]}
    )
    assert heard["usage"], "agents clients require it"
    assert compare(words_of("Hello, who are you?"), words_of(heard["transcript"])).lost == ()
    assert response["status"] == "completed"
    assert response["usage"]["input_tokens"] is not None
    assert response["output"][0]["content"][0]["transcript"] == said
    assert len({event["event_id"] for event in talk.events}) == len(talk.events)
    assert not talk.errors()
    assert not [kind for kind in talk.types() if kind.startswith("segue.")]


async def test_the_answer_is_speech_and_says_its_transcript(segue: RunningSegue, speaking: Speaking) -> None:
    async with official_talk(segue.url, segue.api_key) as talk:
        after, _ = await spoken_turn(talk, await speaking.pcm("Hello, who are you?"))
    said = words_of(talk.of("response.output_audio_transcript.done", after)[0]["transcript"])
    sound = talk.audio(after)
    assert loudness(sound) > 500
    heard = await speaking.words(sound)
    assert len(heard) >= 0.7 * len(said), (said, heard)
    assert sum(word in heard for word in said) >= 0.6 * len(said), (said, heard)


async def test_a_conversation_in_text(segue: RunningSegue) -> None:
    async with official_talk(
        segue.url, segue.api_key, session={"output_modalities": ["text"]}, has_microphone=False
    ) as talk:
        item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello, who are you?"}]}
        after = len(talk.events)
        await talk.send({"type": "conversation.item.create", "item": item})
        await talk.send({"type": "response.create", "response": {"metadata": {"client_event_id": "mine-1"}}})
        response = await talk.answer(after=after)
    assert in_order(talk, after) == [
        "conversation.item.added",
        "conversation.item.done",
        *ANSWER,
        "response.output_text.done",
        *ANSWER_END[2:],
    ]
    created = talk.of("response.created", after)[0]["response"]
    assert created["metadata"] == {"client_event_id": "mine-1"}
    assert created["status"] == "in_progress"
    text = talk.of("response.output_text.done", after)[0]["text"]
    assert "".join(each["delta"] for each in talk.of("response.output_text.delta", after)) == text
    assert response["output"][0]["content"] == [{"type": "output_text", "text": text}]
    assert not talk.audio()


async def test_manual_turns(segue: RunningSegue, speaking: Speaking) -> None:
    async with official_talk(segue.url, segue.api_key, session=NO_DETECTION, has_microphone=False) as talk:
        await talk.append(await speaking.pcm("What can you do for me?"))
        after = len(talk.events)
        await talk.connection.input_audio_buffer.commit()
        heard = await talk.wait_for(f"{TRANSCRIPTION}.completed", after=after)
        assert not talk.of("response.created"), "a commit never creates a response"
        await talk.connection.response.create()
        response = await talk.answer(after=after)
        await talk.connection.input_audio_buffer.commit(event_id="empty-1")
        error = await talk.wait_for("error")
    assert in_order(talk, after)[: len(SPOKEN_TURN) - 2] == SPOKEN_TURN[2:]
    assert compare(words_of("What can you do for me?"), words_of(heard["transcript"])).lost == ()
    assert response["status"] == "completed"
    assert (error["error"]["code"], error["error"]["event_id"]) == ("input_audio_buffer_commit_empty", "empty-1")


WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


async def test_a_function_call_there_and_back(segue: RunningSegue) -> None:
    session = {"output_modalities": ["text"], "tools": [WEATHER], "tool_choice": "auto"}
    async with official_talk(segue.url, segue.api_key, session=session, has_microphone=False) as talk:
        item = {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "What is the weather in Lisbon?"}],
        }
        after = len(talk.events)
        await talk.send({"type": "conversation.item.create", "item": item})
        await talk.connection.response.create()
        await talk.answer(after=after)
        done = talk.of("response.function_call_arguments.done", after)
        assert done, f"the responder called nothing: {talk.of('response.output_text.done')}"
        second = len(talk.events)
        output = {
            "type": "function_call_output",
            "call_id": done[0]["call_id"],
            "output": '{"sky": "sunny", "celsius": 24}',
        }
        await talk.send({"type": "conversation.item.create", "item": output})
        await talk.connection.response.create()
        await talk.answer(after=second)
    kinds = in_order(talk, after)
    first = kinds[kinds.index("response.created") : kinds.index("response.done") + 1]
    assert first == [
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.function_call_arguments.done",
        "response.output_item.done",
        "conversation.item.done",
        "response.done",
    ]
    assert done[0]["name"] == "get_weather"
    assert "lisbon" in done[0]["arguments"].lower()
    assert "".join(each["delta"] for each in talk.of("response.function_call_arguments.delta")) == done[0]["arguments"]
    finished = talk.of("response.output_item.done", after)[0]["item"]
    assert (finished["type"], finished["status"]) == ("function_call", "completed")
    assert talk.of("response.output_text.done", second)[0]["text"]


async def test_barge_in_cancels_and_truncates(segue: RunningSegue, speaking: Speaking) -> None:
    long = "Please tell me a long story about everything that you can do."
    async with official_talk(segue.url, segue.api_key) as talk:
        after = len(talk.events)
        talk.say(await speaking.pcm(long))
        first = await talk.wait_for("response.output_audio.delta", after=after)
        over = len(talk.events)
        talk.say(await speaking.pcm("Stop, that is enough. What is your name?"))
        response = await talk.answer(after=after)
        if response["status"] == "completed":
            pytest.fail(f"the answer was over before the interruption: {response['output']}")
        ended = talk.index_of("response.done", after)
        await talk.connection.conversation.item.truncate(item_id=first["item_id"], content_index=0, audio_end_ms=400)
        await talk.wait_for("conversation.item.truncated", after=ended)
        await talk.send({"type": "conversation.item.retrieve", "item_id": first["item_id"]})
        retrieved = await talk.wait_for("conversation.item.retrieved", after=ended)
        second = await talk.wait_for("response.done", after=ended + 1)
    assert talk.of("input_audio_buffer.speech_started", over)
    assert response["status"] == "cancelled"
    assert response["status_details"] == {"type": "cancelled", "reason": "turn_detected"}
    kinds = talk.types(talk.index_of("input_audio_buffer.speech_started", over))
    assert "response.output_item.done" in kinds[: kinds.index("response.done")]
    late = [each for each in talk.of("response.output_audio.delta", ended) if each["item_id"] == first["item_id"]]
    assert not late, "no sound of a cancelled response"
    kept = retrieved["item"]["content"][0].get("transcript", "")
    assert len(words_of(kept)) <= 4, f"400 ms hold at most a few words: {kept!r}"
    assert second["response"]["status"] == "completed"


@pytest.mark.parametrize(("name", "silence"), [("audio/pcmu", b"\xff"), ("audio/pcma", b"\xd5")])
async def test_g711_both_ways(segue: RunningSegue, speaking: Speaking, name: str, silence: bytes) -> None:
    encode = _native.ulaw_encode if name == "audio/pcmu" else _native.alaw_encode
    decode = _native.ulaw_decode if name == "audio/pcmu" else _native.alaw_decode
    session = {"audio": {"input": {"format": {"type": name}}, "output": {"format": {"type": name}}}}
    async with official_talk(segue.url, segue.api_key, session=session, frame_bytes=160, silence=silence) as talk:
        narrow = _native.Resampler(24_000, 8_000).process(await speaking.pcm("Hello, who are you?"))
        after, response = await spoken_turn(talk, encode(narrow))
        heard = await talk.wait_for(f"{TRANSCRIPTION}.completed", after=after)
    assert response["status"] == "completed"
    assert "who are you" in " ".join(words_of(heard["transcript"]))
    sound = np.frombuffer(decode(talk.audio(after)), "<i2")
    assert loudness(np.repeat(sound, 3)) > 500


async def test_a_client_secret_carries_its_session(segue: RunningSegue) -> None:
    order = {
        "expires_after": {"anchor": "created_at", "seconds": 60},
        "session": {"type": "realtime", "instructions": "Be brief.", "output_modalities": ["text"]},
    }
    async with (
        aiohttp.ClientSession(headers=segue.bearer) as http,
        http.post(f"{segue.url}/v1/realtime/client_secrets", json=order) as answer,
    ):
        assert answer.status == 200
        secret = await answer.json()
    assert secret["value"].startswith("ek_")
    async with official_talk(segue.url, secret["value"], has_microphone=False) as talk:
        session = talk.events[0]["session"]
    assert (session["instructions"], session["output_modalities"]) == ("Be brief.", ["text"])
