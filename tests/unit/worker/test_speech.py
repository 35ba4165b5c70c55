"""Running the operations on sound."""

from typing import Any

import numpy as np

from segue.adapters.eot.fake import FixedEndOfTurn
from segue.adapters.stt.fake import FixedLatencyStt, ScriptedStt
from segue.adapters.tts.fake import FixedLatencyTts
from segue.model.ids import ItemId, OperationKey, SessionId
from segue.voice.results import (
    DetectEnd,
    EndDetected,
    Generate,
    Synthesize,
    Synthesized,
    Transcribe,
    Transcribed,
)
from segue.worker.providers import Providers
from segue.worker.runner import OperationRunner

SESSION = SessionId("sess_a")
KEY = OperationKey("k" * 22)
SECOND = np.zeros(16_000, dtype=np.float32)
GENERATE = Generate(instructions="Help.", history=(), tools=(), tool_choice="auto", max_output_tokens=None)


async def run(runner: OperationRunner, request: Any, *, audio: Any = None, provider: str = "p", out: Any = None) -> Any:
    deltas, sound = out if out is not None else ([], bytearray())
    return await runner.run(
        SESSION, KEY, request, provider, audio=audio, on_delta=deltas.append, on_speech=sound.extend
    )


async def test_transcribe_and_detect_end():
    runner = OperationRunner(Providers(stt={"p": FixedLatencyStt("hi")}, eot={"p": FixedEndOfTurn([0.7])}))
    assert await run(runner, Transcribe(from_ms=0, to_ms=1000), audio=SECOND) == Transcribed(text="hi")
    assert await run(runner, DetectEnd(from_ms=0, to_ms=1000), audio=SECOND) == EndDetected(probability=0.7)
    assert runner.started[KEY] == 2
    assert runner.ended["transcribe", "completed"] == 1


async def test_a_long_utterance_is_recognised_in_pieces_cut_where_it_is_quiet():
    audio = np.ones(30 * 16_000, dtype=np.float32)
    audio[12 * 16_000 : 12 * 16_000 + 3200] = 0
    stt = ScriptedStt(["one", "", "three"])
    result = await run(OperationRunner(Providers(stt={"p": stt})), Transcribe(from_ms=0, to_ms=30_000), audio=audio)
    assert result.text == "one three"
    assert sum(len(piece) for piece in stt.heard) == len(audio)
    assert 12.0 <= len(stt.heard[0]) / 16_000 <= 12.2


async def test_nothing_to_hear_is_nothing_said():
    stt = ScriptedStt([])
    result = await run(OperationRunner(Providers(stt={"p": stt})), Transcribe(from_ms=0, to_ms=0), audio=SECOND[:0])
    assert result == Transcribed(text="")


async def test_synthesize_counts_what_it_yields():
    deltas: list[Any] = []
    sound = bytearray()
    runner = OperationRunner(Providers(tts={"p": FixedLatencyTts()}))
    request = Synthesize(item_id=ItemId("i"), segment=0, text="Hello.", voice="tone")
    result = await run(runner, request, out=(deltas, sound))
    assert result == Synthesized(duration_ms=360)
    assert len(sound) == 360 * 48
    assert [delta.generated_ms for delta in deltas] == [100, 200, 300, 360]
