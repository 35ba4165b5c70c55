"""How long from the end of speech to the first sound of the answer with the local models, and which stage takes it?

Questions:
    1. Each stage by itself: detector per 32 ms window, end-of-turn, recognition, responder, voice's first sound;
       time and CPU, and the real-time factor of each model.
    2. The chain: end of speech to the first sound of the answer at the core (transport and playout not included), for
       three ways to wait. The wait alone, with models that took no time, is the limit each is compared with.

Command: python bench/models.py [--rounds 4] [--threads N]

User utterances are spoken by the local voice, with noise 20 dB below them. The detector walks through each in
audio time; what the models take is measured and added, so a round takes as long as its computing, not as its speech.
Writes JSON to bench/results/models.json.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import resource
import subprocess
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from segue.adapters.llm.local.responder import LocalResponder
from segue.adapters.llm.port import LlmRequest, TextDelta, UserMessage
from segue.adapters.models.local import LocalSpeech, open_local_speech
from segue.adapters.models.locate import ModelCache, default_cache
from segue.adapters.models.measure import heard_from_spoken, measure_models, speak, windows
from segue.adapters.models.threads import ModelThreads, ModelThreadsConfig

T = TypeVar("T")
RATE = 16_000
UTTERANCES = (
    "Hello, how are you?",
    "My name is Ada.",
    "What is my name?",
    "What is the capital of France?",
    "I would like to book a table for two, please.",
    "Tomorrow at half past seven.",
    "Can you tell me what time you open on Sunday?",
    "How much is twelve times eleven?",
    "Please remember that my train leaves at nine.",
    "Tell me a joke.",
    "Thank you very much, that was all.",
    "Where do I live, and what is my favorite color?",
)
NOT_DONE_WAIT_MS = 1_500
"""How long a turn that sounds unfinished is waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When to begin working on an answer, and when it may be heard; both in silence since the last speech."""

    name: str
    begin_ms: int
    release_ms: int


POLICIES = (
    Policy(name="strict, after 320 ms of silence", begin_ms=320, release_ms=320),
    Policy(name="speculative from 64 ms, released at 320 ms", begin_ms=64, release_ms=320),
    Policy(name="speculative from 64 ms, released at 192 ms", begin_ms=64, release_ms=192),
)


class Stages:
    """Time and CPU of every run of every stage, in milliseconds."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = defaultdict(list)
        self.cpu: dict[str, list[float]] = defaultdict(list)

    async def measure(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        cpu, start = time.process_time_ns(), time.perf_counter_ns()
        result = await work()
        self.times[name].append((time.perf_counter_ns() - start) / 1e6)
        self.cpu[name].append((time.process_time_ns() - cpu) / 1e6)
        return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4, help="of the twelve utterances")
    parser.add_argument("--threads", type=int, help="model threads; default: as the core chooses")
    options = parser.parse_args()
    result = asyncio.run(run(options.rounds, options.threads))
    show(result)
    path = Path(__file__).parent / "results" / "models.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\nwritten to {path}")


async def run(rounds: int, threads_wanted: int | None) -> dict[str, object]:
    threads = ModelThreads(ModelThreadsConfig(threads=threads_wanted))
    start = time.perf_counter()
    speech = open_local_speech(ModelCache(default_cache(os.environ, Path.home())), threads)
    await speech.warm()
    warm_s = time.perf_counter() - start
    spoken = [noisy(heard_from_spoken(await speak(speech, text))) for text in UTTERANCES]
    stages, waits, unsure = Stages(), defaultdict(list), 0
    for _ in range(rounds):
        for audio in spoken:
            unsure += await one_turn(speech, audio, stages, waits)
    factors = {found.model: found.real_time_factor for found in await measure_models(speech)}
    threads.close()
    return {
        "question": "end of speech to the first sound of the answer, local models, and each stage",
        "machine": machine(),
        "threads": threads.threads,
        "turns": rounds * len(UTTERANCES),
        "judged_unfinished": unsure,
        "load_and_warm_s": round(warm_s, 2),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "real_time_factor": {model: round(factor, 4) for model, factor in factors.items()},
        "stage_ms": {name: percentiles(times) for name, times in stages.times.items()},
        "stage_cpu_ms": {name: percentiles(times) for name, times in stages.cpu.items()},
        "end_of_speech_to_first_audio_ms": {
            policy.name: percentiles(waits[policy.name]) | {"limit": policy.release_ms} for policy in POLICIES
        },
    }


async def one_turn(speech: LocalSpeech, audio: np.ndarray, stages: Stages, waits: dict[str, list[float]]) -> int:
    """Play one utterance to the detector, answer it, and note what each policy would have waited."""
    true_end_ms = audio_end_ms(audio)
    heard = np.concatenate([audio, quiet(RATE)])
    last_speech_ms = await last_speech(speech, heard, stages)
    upto = heard[: int((last_speech_ms + 64) * RATE / 1000)]
    # Each stage alone first: CPU is counted per process, so stages that overlap would be charged for each other.
    done = await stages.measure("end_of_turn", lambda: speech.eot.probability(upto))
    transcript = await stages.measure("stt", lambda: speech.stt.transcribe(upto))
    reply = await stages.measure("responder_whole_answer", lambda: answer(transcript.text))
    await stages.measure("tts_first_audio", lambda: first_audio(speech, reply))
    start = time.perf_counter_ns()
    await stages.measure("all_of_them_as_the_core_runs_them", lambda: chain(speech, upto))
    computing_ms = (time.perf_counter_ns() - start) / 1e6
    finished = done >= 0.5
    for policy in POLICIES:
        release_ms = policy.release_ms if finished else NOT_DONE_WAIT_MS
        ready_ms = max(policy.begin_ms + computing_ms, release_ms)
        waits[policy.name].append(last_speech_ms - true_end_ms + ready_ms)
    return int(not finished)


async def chain(speech: LocalSpeech, upto: np.ndarray) -> bytes:
    """From a pause to the first sound: judging and recognising at once, then the answer, then its sound."""
    _, transcript = await asyncio.gather(speech.eot.probability(upto), speech.stt.transcribe(upto))
    return await first_audio(speech, await answer(transcript.text))


async def last_speech(speech: LocalSpeech, heard: np.ndarray, stages: Stages) -> float:
    """Where the detector hears speech for the last time."""
    vad = speech.vad.create()
    last = 0
    for index, window in enumerate(windows(heard, vad.window_samples)):

        async def judge(window: np.ndarray = window) -> float:
            return vad.probability(window)

        if await stages.measure("vad_per_window", judge) >= 0.5:
            last = index
    return (last + 1) * vad.window_samples * 1000 / RATE


async def answer(text: str) -> str:
    request = LlmRequest(instructions="You are Robin. Be brief.", history=(UserMessage(text=text),))
    return "".join([delta.text async for delta in LocalResponder().generate(request) if isinstance(delta, TextDelta)])


async def first_audio(speech: LocalSpeech, text: str) -> bytes:
    async with contextlib.aclosing(speech.tts.synthesize(text, voice="heart")) as sound:
        return await anext(sound)


def noisy(audio: np.ndarray) -> np.ndarray:
    level = float(np.sqrt(np.mean(np.square(audio))))
    noise = np.random.default_rng(len(audio)).normal(scale=level / 10, size=len(audio))
    return (audio + noise).astype(np.float32)


def quiet(samples: int) -> np.ndarray:
    return np.random.default_rng(1).normal(scale=1e-3, size=samples).astype(np.float32)


def audio_end_ms(audio: np.ndarray) -> float:
    """Where the sound of the utterance ends: the last 10 ms louder than a twentieth of the loudest."""
    blocks = audio[: len(audio) // 160 * 160].reshape(-1, 160)
    loud = np.sqrt(np.mean(np.square(blocks), axis=1))
    return (int(np.flatnonzero(loud > loud.max() / 20)[-1]) + 1) * 10.0


def percentiles(values: list[float]) -> dict[str, float]:
    p50, p90, p95, p99 = np.percentile(values, [50, 90, 95, 99])
    return {name: round(float(value), 3) for name, value in (("p50", p50), ("p90", p90), ("p95", p95), ("p99", p99))}


def machine() -> dict[str, object]:
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
        commit = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False
        ).stdout.strip()
        return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version(), "commit": commit}
    return {"cpu": platform.processor(), "cores": os.cpu_count(), "python": platform.python_version(), "commit": ""}


def show(result: dict[str, object]) -> None:
    print(f"machine: {result['machine']}, model threads: {result['threads']}, turns: {result['turns']}")
    print(f"load and warm: {result['load_and_warm_s']} s, memory {result['rss_mb']} MB")
    print(f"real-time factors: {result['real_time_factor']}; turns judged unfinished: {result['judged_unfinished']}")
    for title in ("stage_ms", "stage_cpu_ms", "end_of_speech_to_first_audio_ms"):
        print(f"\n{title}")
        table = result[title]
        assert isinstance(table, dict)
        for name, row in table.items():
            cells = "  ".join(f"{key} {value:8.2f}" for key, value in row.items())
            print(f"  {name:<46}{cells}")


if __name__ == "__main__":
    main()
