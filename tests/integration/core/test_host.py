"""What of the uplink is released, and when."""

import base64

from segue.adapters.store.memory import MemoryStore
from tests.support.harness import CLOCK, Caller, core


def ask(caller: Caller) -> None:
    caller.silence(200)
    caller.tone(900)
    caller.silence(1000)


async def test_uplink_is_released_and_acknowledged():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller()
        caller.join(only)
        ask(caller)
        await caller.wait_for("response.done")
        caller.silence(3000)
        caller.send(
            "conversation.item.create",
            item={"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]},
        )
        await caller.wait_for("conversation.item.done", 3)
        caller.silence(3000)
        await caller.wait(lambda: caller.releases[-1].through > 300)
        await caller.wait(lambda: caller.of("segue.ack") and caller.of("segue.ack")[-1]["through"] > 300)
        assert caller.flow.ring.first > 300
        assert caller.position == caller.flow.position


async def test_a_text_conversation_releases_its_uplink_too():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller(claims={"output_modalities": ["text"]})
        caller.join(only)
        content = [{"type": "input_text", "text": "Hello?"}]
        caller.send("conversation.item.create", item={"type": "message", "role": "user", "content": content})
        caller.send("response.create")
        await caller.wait_for("response.done")
        caller.send("conversation.item.retrieve", item_id="item_nowhere")
        await caller.wait_for("error")
        await caller.wait(lambda: caller.releases[-1].through == 3)
        assert "response.output_text.delta" in caller.types()
        assert not caller.heard_audio()


async def test_audio_behind_an_update_is_in_the_updates_format():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller(is_aware=False)
        caller.join(only)
        caller.send("session.update", session={"audio": {"input": {"format": {"type": "audio/pcmu"}}}})
        caller.send("input_audio_buffer.append", audio=base64.b64encode(b"\xff" * 1601).decode())
        caller.send("session.update", session={"instructions": "Be brief."})
        await caller.wait_for("session.updated", 2)
        assert not caller.of("error"), "1601 bytes are no whole samples of PCM"


async def test_a_client_that_sends_faster_than_the_store_writes_is_read_as_fast_as_it_writes():
    async with core(MemoryStore(CLOCK)) as only:
        caller = Caller()
        caller.join(only)
        for number in range(6_000):
            caller.send("session.update", session={"instructions": f"Rule {number}."})
        await caller.wait(lambda: caller.releases and caller.releases[-1].through == 6_000, 30)
        assert not caller.of("error")
        assert caller.of("session.updated")[-1]["session"]["instructions"] == "Rule 5999."
