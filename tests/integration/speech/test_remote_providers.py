"""The OpenAI-compatible adapters against a real HTTP server that behaves well, badly and not at all."""

import asyncio
import contextlib
import io
import json
import wave
from collections.abc import AsyncIterator

import numpy as np
import pytest

from segue.adapters.llm.port import (
    AssistantMessage,
    Finished,
    FinishReason,
    LlmDelta,
    LlmRequest,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolResult,
    ToolSpec,
    Usage,
    UserMessage,
)
from segue.adapters.openai_compat.chat import ChatLlm
from segue.adapters.openai_compat.config import ChatConfig, Endpoint, Secret, SpeechConfig, TranscriptionConfig
from segue.adapters.openai_compat.http import EndpointClient
from segue.adapters.openai_compat.speech import SpeechTts
from segue.adapters.openai_compat.transcription import TranscriptionStt
from segue.model.errors import ProviderError
from tests.support.fake_providers import (
    Behaviour,
    Call,
    Echo,
    EndEarly,
    FakeProviders,
    Garbage,
    Half,
    Hang,
    Refuse,
    Say,
    WrongType,
)

SPEECH = np.sin(np.arange(8_000, dtype=np.float32) / 10) * 0.5
HELLO = LlmRequest(history=(UserMessage(text="Hello?"),), idempotency_key="op_1")


class Rig:
    """One server and the three adapters on it."""

    def __init__(self, fake: FakeProviders, *, stream_transcripts: bool = False) -> None:
        self.fake = fake
        endpoint = Endpoint(
            name="fake", base_url=fake.base_url, api_key=Secret("sk-test"), read_timeout_ms=300, connect_timeout_ms=500
        )
        self.client = EndpointClient(endpoint)
        self.llm = ChatLlm(ChatConfig(endpoint=endpoint, model="m"), self.client)
        transcription = TranscriptionConfig(endpoint=endpoint, model="w", stream=stream_transcripts)
        self.stt = TranscriptionStt(transcription, self.client)
        self.tts = SpeechTts(SpeechConfig(endpoint=endpoint, model="t"), self.client)

    async def chat(self, request: LlmRequest = HELLO) -> list[LlmDelta]:
        return [delta async for delta in self.llm.generate(request)]

    async def speech(self, text: str = "Hello.") -> list[bytes]:
        return [chunk async for chunk in self.tts.synthesize(text, voice="alloy")]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with FakeProviders() as fake:
        built = Rig(fake)
        yield built
        await built.client.close()


@pytest.fixture
async def streaming_rig() -> AsyncIterator[Rig]:
    async with FakeProviders() as fake:
        built = Rig(fake, stream_transcripts=True)
        yield built
        await built.client.close()


def text_of(deltas: list[LlmDelta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


class TestWell:
    async def test_chat_streams_text_and_usage(self, rig: Rig) -> None:
        deltas = await rig.chat()
        assert text_of(deltas) == "Sure, I can do that for you."
        assert len(deltas) > 5
        assert deltas[-1] == Finished(reason=FinishReason.STOP, usage=Usage(input_tokens=10, output_tokens=7))

    async def test_chat_sends_bearer_and_idempotency_key(self, rig: Rig) -> None:
        await rig.chat()
        await rig.chat()
        assert rig.fake.headers["chat"][0]["Authorization"] == "Bearer sk-test"
        assert rig.fake.calls_by_key["op_1"] == 2
        assert rig.fake.bodies["chat"][0]["stream_options"] == {"include_usage": True}

    @pytest.mark.parametrize("with_index", [True, False])
    async def test_tool_call_arrives_in_fragments(self, rig: Rig, with_index: bool) -> None:
        rig.fake.script("chat", Call(name="book", arguments={"people": 2, "name": "Ada"}, with_index=with_index))
        deltas = await rig.chat()
        calls = [delta for delta in deltas if isinstance(delta, ToolCallDelta)]
        assert (calls[0].call_id, calls[0].name) == ("call_fake_1", "book")
        assert {call.index for call in calls} == {0}
        assert json.loads("".join(call.arguments for call in calls)) == {"people": 2, "name": "Ada"}
        assert isinstance(deltas[-1], Finished)
        assert deltas[-1].reason is FinishReason.TOOL_CALLS

    async def test_tools_and_their_results_go_up(self, rig: Rig) -> None:
        tool = ToolSpec(name="book", description="Book.", parameters={"type": "object", "properties": {}})
        call = ToolCall(call_id="c1", name="book", arguments="{}")
        history = (
            UserMessage(text="Book it."),
            AssistantMessage(tool_calls=(call,)),
            ToolResult(call_id="c1", output='{"ok": true}'),
        )
        await rig.chat(LlmRequest(instructions="Be brief.", history=history, tools=(tool,), max_output_tokens=50))
        body = rig.fake.bodies["chat"][0]
        assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "tool"]
        assert body["messages"][2]["tool_calls"][0]["function"] == {"name": "book", "arguments": "{}"}
        assert body["tools"][0]["function"]["name"] == "book"
        assert (body["tool_choice"], body["max_tokens"]) == ("auto", 50)

    async def test_stream_without_done_mark_is_whole(self, rig: Rig) -> None:
        rig.fake.script("chat", Say(text="Yes.", done_mark=False, usage=False))
        assert await rig.chat() == [TextDelta(text="Yes."), Finished(reason=FinishReason.STOP, usage=None)]

    async def test_transcription_uploads_a_wav(self, rig: Rig) -> None:
        rig.fake.script("transcription", Say(text=" Hello there. "))
        heard = await rig.stt.transcribe(SPEECH, language="en", prompt="Segue")
        assert (heard.text, heard.language, heard.audio_ms) == ("Hello there.", "en", 500)
        sent = rig.fake.bodies["transcription"][0]
        assert (sent["model"], sent["language"], sent["prompt"]) == ("w", "en", "Segue")
        with wave.open(io.BytesIO(sent["file"])) as wav:
            assert (wav.getframerate(), wav.getnchannels(), wav.getnframes()) == (16_000, 1, 8_000)

    async def test_transcription_streams(self, streaming_rig: Rig) -> None:
        streaming_rig.fake.script("transcription", Say(text="Hello there."))
        assert (await streaming_rig.stt.transcribe(SPEECH)).text == "Hello there."

    async def test_speech_is_whole_samples_however_it_is_cut(self, rig: Rig) -> None:
        chunks = await rig.speech("Hello.")
        assert all(len(chunk) % 2 == 0 for chunk in chunks)
        sound = np.frombuffer(b"".join(chunks), "<i2")
        assert len(sound) == 6 * 60 * 24
        assert 8_900 < sound.max() <= 9_000
        assert rig.fake.bodies["speech"][0]["response_format"] == "pcm"

    async def test_speech_of_nothing_asks_nobody(self, rig: Rig) -> None:
        assert await rig.speech("  ") == []
        assert rig.fake.calls["speech"] == 0

    async def test_warm_opens_a_connection(self, rig: Rig) -> None:
        await rig.llm.warm()
        assert len(rig.fake.headers["models"]) == 1


# What each route is scripted to do, what the error must say, and whether to try again.
BAD_CHAT: list[tuple[Behaviour, str, bool]] = [
    (Refuse(status=400, message="no such model"), "status 400: no such model", False),
    (Refuse(status=401), "status 401", False),
    (Refuse(status=429), "status 429", True),
    (Refuse(status=503), "status 503", True),
    (Hang(), "silent for 300 ms", True),
    (Hang(after_pieces=3), "silent for 300 ms", True),
    (Garbage(), "cannot be read", True),
    (Garbage(body=b"data: 17\n\n"), "cannot be read", True),
    (Garbage(body=b"data: " + b"x" * 2_000_000), "not server-sent events", True),
    (Garbage(body=b'data: {"error": {"message": "out of memory"}}\n\n'), "out of memory", True),
    (Garbage(body=b""), "before it was finished", True),
    (Half(), "broke off", True),
    (EndEarly(), "before it was finished", True),
    (WrongType(), "text/html instead of text/event-stream", False),
]


class TestBadly:
    @pytest.mark.parametrize(("behaviour", "reason", "retryable"), BAD_CHAT)
    async def test_chat(self, rig: Rig, behaviour: Behaviour, reason: str, retryable: bool) -> None:
        rig.fake.script("chat", behaviour)
        with pytest.raises(ProviderError) as caught:
            await rig.chat()
        assert reason in caught.value.reason
        assert (caught.value.provider, caught.value.retryable) == ("fake", retryable)

    @pytest.mark.parametrize(
        ("behaviour", "reason"),
        [
            (Refuse(status=500), "status 500"),
            (Hang(), "silent"),
            (Garbage(body=b'{"txt": 1}'), "cannot be read"),
            (Half(pieces=1), "broke off"),
            (WrongType(), "instead of application/json"),
        ],
    )
    async def test_transcription(self, rig: Rig, behaviour: Behaviour, reason: str) -> None:
        rig.fake.script("transcription", behaviour)
        with pytest.raises(ProviderError, match=reason):
            await rig.stt.transcribe(SPEECH)

    async def test_streamed_transcription_that_ends_early(self, streaming_rig: Rig) -> None:
        streaming_rig.fake.script("transcription", EndEarly(pieces=0))
        with pytest.raises(ProviderError, match="before it was finished"):
            await streaming_rig.stt.transcribe(SPEECH)

    @pytest.mark.parametrize(
        ("behaviour", "reason"),
        [
            (Refuse(status=404), "status 404"),
            (Hang(), "silent"),
            (Half(), "broke off"),
            (Garbage(body=b"\x01\x02\x03"), "inside a sample"),
            (Garbage(body=b""), "no sound"),
            (WrongType(content_type="application/json"), "instead of audio/pcm"),
        ],
    )
    async def test_speech(self, rig: Rig, behaviour: Behaviour, reason: str) -> None:
        rig.fake.script("speech", behaviour)
        with pytest.raises(ProviderError, match=reason):
            await rig.speech()

    async def test_what_came_before_the_cut_was_yielded(self, rig: Rig) -> None:
        rig.fake.script("chat", Half(pieces=4))
        answer = rig.llm.generate(HELLO)
        assert [await anext(answer), await anext(answer)] == [TextDelta(text="Sure, "), TextDelta(text="I ")]
        with pytest.raises(ProviderError):
            _ = [delta async for delta in answer]

    async def test_retry_after_is_passed_on(self, rig: Rig) -> None:
        rig.fake.script("chat", Refuse(status=429, headers={"Retry-After": "3"}))
        with pytest.raises(ProviderError) as caught:
            await rig.chat()
        assert caught.value.retry_after_ms == 3_000

    async def test_the_next_request_after_a_failure_works(self, rig: Rig) -> None:
        rig.fake.script("chat", Half(), Echo())
        with pytest.raises(ProviderError):
            await rig.chat()
        assert text_of(await rig.chat()) == "Hello?"

    async def test_nobody_listens(self) -> None:
        async with FakeProviders() as fake:
            gone = fake.base_url
        client = EndpointClient(Endpoint(name="gone", base_url=gone))
        with pytest.raises(ProviderError, match="cannot be reached") as caught:
            await client.touch()
        assert caught.value.retryable
        await client.close()

    async def test_a_voice_that_is_not_listed(self, rig: Rig) -> None:
        config = SpeechConfig(endpoint=Endpoint(name="fake", base_url=rig.fake.base_url), model="t", voices=("ash",))
        tts = SpeechTts(config, rig.client)
        with pytest.raises(ProviderError, match="it has: ash"):
            await anext(tts.synthesize("Hello.", voice="alloy"))


class TestCancelled:
    async def test_closing_the_answer_hangs_up(self, rig: Rig) -> None:
        rig.fake.script("chat", Hang(after_pieces=3))
        async with contextlib.aclosing(rig.llm.generate(HELLO)) as answer:
            assert isinstance(await anext(answer), TextDelta)
        await asyncio.wait_for(rig.fake.hung_up.wait(), 5)

    async def test_cancelling_the_task_hangs_up(self, rig: Rig) -> None:
        rig.fake.script("transcription", Hang())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await rig.stt.transcribe(SPEECH)
        await asyncio.wait_for(rig.fake.hung_up.wait(), 5)
