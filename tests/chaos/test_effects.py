"""A tool that must not run twice, the core killed while and after it runs: it runs once, the model knows the truth."""

import asyncio
from pathlib import Path

import pytest

from tests.chaos.cells import CELLS_DONE, GREETING, ROUNDS, kill
from tests.support.dialogue import FakeDialogue
from tests.support.fake_providers import Say
from tests.support.official import official_talk
from tests.support.processes import RunningSegue

pytestmark = [pytest.mark.models, pytest.mark.timeout(120)]

DONE = "The card was charged."


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("when", ["while it runs", "after it ran"])
async def test_a_tool_with_an_effect(
    segue: RunningSegue, dialogue: FakeDialogue, charges: Path, when: str, number: int
) -> None:
    before = lines_of(charges)
    dialogue.after_tool = Say(text=DONE, latency_ms=800)
    session = {"output_modalities": ["text"]}
    async with official_talk(segue.url, segue.api_key, session=session, has_microphone=False) as talk:
        item = {
            "type": "message",
            "role": "user",
            "content": [{"type": "input_text", "text": "Please charge my card."}],
        }
        await talk.wait_for("response.done")
        after = len(talk.events)
        await talk.send({"type": "conversation.item.create", "item": item})
        await talk.connection.response.create()
        await until(lambda: len(lines_of(charges)) > len(before))
        if when == "after it ran":
            await until(lambda: dialogue.calls["chat"] == 2)
        await asyncio.sleep(0.1 * number)
        kill(segue, "core")()
        done = await talk.wait_for(
            "response.done",
            after=after,
            where=lambda event: any(each["type"] == "message" for each in event["response"]["output"]),
        )
        assert done["response"]["status"] == "completed"
        assert done["response"]["output"][-1]["content"][0]["text"] == DONE
        ids = [event["event_id"] for event in talk.events]
    assert len(set(ids)) == len(ids)
    assert len(lines_of(charges)) == len(before) + 1, "the card was charged once"
    results = [each["content"] for each in dialogue.bodies["chat"][-1]["messages"] if each["role"] == "tool"]
    assert len(results) == 1, results
    if when == "after it ran":
        assert results == ["Charged 20 euros."]
    else:
        assert "unknown" in results[0].lower() or "not known" in results[0].lower(), results
    said = [each["content"] for each in dialogue.bodies["chat"][-1]["messages"] if each["role"] == "assistant"]
    assert said.count(GREETING) == 1
    CELLS_DONE.append(
        {
            "cell": f"kill core, tool: {when}",
            "round": number,
            "takeover_ms": None,
            "gap_ms": None,
            "answered_after_ms": None,
            "words_lost": 0,
            "words_repeated": 0,
            "reconnects": 0,
            "generate_runs_max": max(dialogue.calls_by_key.values()),
            "hops": None,
        }
    )


def lines_of(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


async def until(condition: object, within_s: float = 20.0) -> None:
    assert callable(condition)
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what happens in other processes sets no event
            await asyncio.sleep(0.01)
