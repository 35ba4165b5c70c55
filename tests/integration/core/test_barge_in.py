"""The user speaks while the agent does: words cut it at what was heard, a mere "mhm" does not."""

import asyncio

from segue.adapters.store.memory import MemoryStore
from segue.adapters.stt.fake import ScriptedStt
from segue.adapters.tts.fake import FixedLatencyTts
from tests.support.harness import CLOCK, Caller, core

LINES = ["Tell me something nice."]


async def speaking(caller: Caller) -> str:
    """Until the agent is audible; returns its item."""
    caller.silence(200)
    caller.tone(900)
    caller.silence(1000)
    await caller.wait_for("response.done")
    item = str(caller.of("response.output_audio.delta")[0]["item_id"])
    caller.played(item, 700)
    await asyncio.sleep(0)
    return item


async def test_words_cut_the_agent_where_it_was_heard():
    ears = ScriptedStt([*LINES, *["Stop that please."] * 4])
    async with core(MemoryStore(CLOCK), stt={"local": ears}, tts={"local": FixedLatencyTts()}) as only:
        caller = Caller()
        caller.join(only)
        item = await speaking(caller)
        caller.tone(800)
        await caller.wait_for("segue.playout.hold")
        caller.silence(400)
        clear = await caller.wait_for("segue.playout.clear")
        await caller.wait_for("input_audio_buffer.speech_started", 2)
        caller.played(item, clear["played_ms"], done=True)
        await caller.wait(lambda: any(heard["cut"] for heard in caller.of("segue.item.heard")))
        caller.silence(800)
        await caller.wait_for("response.done", 2)
        cut = next(heard for heard in caller.of("segue.item.heard") if heard["cut"])
        assert cut["item_id"] == item
        assert 600 <= cut["heard_ms"] <= 2_500
        assert "The sun is out today. It will stay warm. Enjoy your walk.".startswith(cut["heard_text"])
        request = only.runner._providers.llm["local"].requests[-1]
        assert request.history[1].text == cut["heard_text"]


async def test_a_mere_mhm_lets_it_go_on():
    ears = ScriptedStt([*LINES, *["Mhm."] * 4])
    async with core(MemoryStore(CLOCK), stt={"local": ears}, tts={"local": FixedLatencyTts()}) as only:
        caller = Caller()
        caller.join(only)
        await speaking(caller)
        caller.tone(350)
        caller.silence(700)
        await caller.wait_for("segue.playout.hold")
        await caller.wait_for("segue.playout.resume")
        assert len(caller.of("input_audio_buffer.speech_started")) == 1
        assert not caller.of("segue.playout.clear")
        assert caller.heard_audio()
