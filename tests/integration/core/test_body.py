"""Formats, clocks, hops, and a client that does not read."""

import base64
from typing import Any

import pytest

from segue.adapters.store.memory import MemoryStore
from tests.support.harness import CLOCK, Caller, core, tone, until


def ask(caller: Caller) -> None:
    caller.silence(200)
    caller.tone(900)
    caller.silence(1000)


async def test_the_clock_is_answered_at_once_and_hops_are_told():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller()
        caller.join(only)
        await caller.wait_for("session.created")
        for _ in range(3):
            t0 = CLOCK.mono_ns()
            caller.send("segue.clock.ping", t0_ns=t0)
            pongs = len(caller.of("segue.clock.pong"))
            await caller.wait(lambda before=pongs: len(caller.of("segue.clock.pong")) > before)
            pong = caller.of("segue.clock.pong")[-1]
            assert pong["t0_ns"] == t0
            assert t0 <= pong["t1_ns"] <= pong["t2_ns"]
            stamps = {name: pong[name] for name in ("t0_ns", "t1_ns", "t2_ns")}
            caller.send("segue.clock.sample", **stamps, t3_ns=CLOCK.mono_ns())
        ask(caller)
        audio = await caller.wait_for("response.output_audio.delta")
        caller.played(audio["item_id"], 100)
        hops = await caller.wait_for("segue.turn.hops")
    assert hops["voice_to_voice_ms"] is not None
    names = [hop["name"] for hop in hops["hops"]]
    assert names[0] == "capture"
    assert {"endpointing", "playout"} <= set(names)
    assert sum(hop["duration_ms"] for hop in hops["hops"]) == pytest.approx(hops["voice_to_voice_ms"], abs=0.1)


@pytest.mark.parametrize(
    ("format_", "encode"),
    [
        ({"type": "audio/pcmu"}, "ulaw_encode"),
        ({"type": "audio/pcma"}, "alaw_encode"),
        ({"type": "audio/pcm", "rate": 16000}, None),
    ],
)
async def test_other_audio_formats_in_and_out(format_: dict[str, Any], encode: str | None):
    from segue import _native

    rate_hz = format_.get("rate", 8_000)
    audio = {"input": {"format": format_}, "output": {"format": format_}}
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller(is_aware=False, claims={"audio": audio})
        caller.join(only)
        await caller.wait_for("session.created")
        pcm = bytes(rate_hz * 2 // 5) + tone(900, rate_hz=rate_hz) + bytes(rate_hz * 2)
        data = getattr(_native, encode)(pcm) if encode else pcm
        step = len(data) // 100
        for at in range(0, len(data), step):
            piece = base64.b64encode(data[at : at + step]).decode()
            caller.send("input_audio_buffer.append", audio=piece)
        await caller.wait_for("response.done")
        expected_ms = len(caller.expected_audio()) // 48
        size = 1 if encode else 2
        assert len(caller.heard_audio()) == expected_ms * rate_hz // 1000 * size


async def test_a_client_that_does_not_read_keeps_its_order_and_loses_nothing():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller()
        caller.join(only)
        await caller.wait_for("session.created")
        caller.link.credit = False
        ask(caller)
        await until(lambda: only.runner.ended["synthesize", "completed"] >= 2)
        told = len(caller.events)
        assert not caller.heard_audio()
        caller.unblock()
        await caller.wait_for("response.done")
        assert len(caller.events) > told
        assert caller.heard_audio() == caller.expected_audio()
