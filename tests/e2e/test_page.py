"""The page in a real Chromium: against a scripted server for what must be exact, and against real processes."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Page, expect

from segue.edge.pages import INDEX, STATIC
from tests.support.browser import browsing, open_page, read_tape, write_microphone
from tests.support.fake_realtime import FakeRealtime, FakeSession, tone
from tests.support.processes import RunningSegue
from tests.support.speaking import Speaking, compare, words_of

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(150),
    pytest.mark.skipif(not (STATIC / INDEX).is_file(), reason="the page is not built: run `make web`"),
]

ANSWER_MS = 2_000
SPOKEN_MS = 900


@pytest.fixture
async def fake() -> AsyncIterator[FakeRealtime]:
    server = await FakeRealtime(tone(ANSWER_MS)).start()
    yield server
    await server.stop()


@pytest.fixture
def microphone(tmp_path: Path) -> Path:
    return write_microphone(tmp_path / "microphone.wav", tone(SPOKEN_MS, 300), lead_ms=1_500)


async def answered(page: Page, count: int = 1) -> None:
    """Wait until so many answers were heard to their end."""
    heard = page.locator(".agent[data-state=heard]")
    await expect(heard).to_have_count(count, timeout=30_000)
    await expect(page.locator("#agent-state")).to_have_text("Agent", timeout=10_000)


async def until_received(page: Page, session: FakeSession, kind: str, count: int) -> None:
    """Wait until the server has `count` events of a kind."""
    while len(session.of_type(kind)) < count:
        await page.wait_for_timeout(20)


async def test_a_turn_is_heard_answered_aloud_and_acknowledged(fake: FakeRealtime, microphone: Path) -> None:
    async with browsing(microphone) as browser:
        page, complaints = await open_page(browser, fake.url)
        await page.click("#talk")
        await expect(page.locator("#status-text")).to_have_text("Live")
        await answered(page)
        tape = await read_tape(page)
        captions = await page.inner_text("#captions")
        shown = await page.inner_text("#session-id")

    assert ("What time is it?" in captions, fake.text in captions) == (True, True)
    assert abs(tape.loud_ms() - ANSWER_MS) <= 60
    assert shown == fake.session.session_id
    assert complaints == []
    reports = fake.session.of_type("segue.playout")
    assert [report["done"] for report in reports] == [False] * (len(reports) - 1) + [True]
    assert reports[-1]["played_ms"] == ANSWER_MS
    played = [report["played_ms"] for report in reports]
    assert played == sorted(played)
    begun = [report for report in reports if report["started_at_ns"] is not None]
    assert {report["received_at_ns"] < report["started_at_ns"] <= report["at_ns"] for report in begun} == {True}
    last = reports[-1]
    wall_ms = (last["at_ns"] - last["started_at_ns"]) / 1e6
    assert ANSWER_MS - 5 <= wall_ms <= ANSWER_MS + 400, "the ear had it for as long as it lasts"


async def test_captured_frames_are_stamped_evenly_and_before_they_are_sent(
    fake: FakeRealtime, microphone: Path
) -> None:
    async with browsing(microphone) as browser:
        page, _ = await open_page(browser, fake.url)
        await page.click("#talk")
        await answered(page)
    stamps = [event["segue"] for event in fake.session.of_type("input_audio_buffer.append")]
    captured = np.array([stamp["captured_at_ns"] for stamp in stamps]) / 1e6
    late = np.array([stamp["sent_at_ns"] for stamp in stamps]) / 1e6 - captured
    assert late.min() >= 0
    assert np.median(late) < 15
    steps = np.diff(captured)
    assert abs(np.median(steps) - 20) < 0.5
    assert abs((captured[-1] - captured[0]) / len(steps) - 20) < 0.5, "no frame is missing and none is there twice"


async def test_an_edge_that_dies_costs_nothing_said_and_repeats_nothing(fake: FakeRealtime, microphone: Path) -> None:
    async with browsing(microphone) as browser:
        page, _ = await open_page(browser, fake.url)
        await page.click("#talk")
        await expect(page.locator(".user")).to_have_count(1, timeout=20_000)
        await fake.stop()
        await expect(page.locator("#status-text")).to_contain_text("Reconnecting")
        await fake.start()
        await expect(page.locator("#status-text")).to_have_text("Live, moved once", timeout=20_000)
        await answered(page)
        tape = await read_tape(page)
    session = fake.session
    assert len(session.resumed_after) == 1
    assert session.turns == 1
    captured = np.array([event["segue"]["captured_at_ns"] for event in session.of_type("input_audio_buffer.append")])
    assert (np.diff(captured) > 0).all(), "nothing is sent twice, and nothing out of order"
    assert abs((captured[-1] - captured[0]) / 1e6 / (len(captured) - 1) - 20) < 0.5, "nothing is left out"
    assert abs(tape.loud_ms() - ANSWER_MS) <= 60


async def test_a_held_answer_is_silent_then_goes_on_and_a_cut_one_ends(fake: FakeRealtime, microphone: Path) -> None:
    async with browsing(microphone) as browser:
        page, _ = await open_page(browser, fake.url)
        await page.click("#talk")
        await expect(page.locator("#agent-state")).to_have_text("Agent: speaking", timeout=20_000)
        session = fake.session
        await until_received(page, session, "segue.playout", 3)
        item_id = session.of_type("segue.playout")[0]["item_id"]
        await fake.tell(session, {"type": "segue.playout.hold", "item_id": item_id}, is_ephemeral=True)
        await page.wait_for_timeout(700)
        held = session.of_type("segue.playout")[-1]["played_ms"]
        await page.wait_for_timeout(300)
        assert session.of_type("segue.playout")[-1]["played_ms"] == held < ANSWER_MS
        await fake.tell(session, {"type": "segue.playout.resume", "item_id": item_id}, is_ephemeral=True)
        await until_received(page, session, "segue.playout", len(session.of_type("segue.playout")) + 3)
        heard = {
            "type": "segue.item.heard",
            "item_id": item_id,
            "heard_ms": 900,
            "heard_text": "It is half",
            "cut": True,
        }
        await fake.tell(session, heard)
        await fake.tell(
            session, {"type": "segue.playout.clear", "item_id": item_id, "played_ms": 900}, is_ephemeral=True
        )
        await expect(page.locator(".agent del")).to_have_text(" past nine, and the sun is out.")
        await expect(page.locator(".agent .note")).to_contain_text("never heard")
        await expect(page.locator("#agent-state")).to_have_text("Agent")
        await page.wait_for_timeout(300)
        tape = await read_tape(page)
    last = session.of_type("segue.playout")[-1]
    assert (last["done"], last["buffered_ms"]) == (True, 0)
    assert held < last["played_ms"] < ANSWER_MS
    assert abs(tape.loud_ms() - last["played_ms"]) <= 60, "what was told to be played was played"


async def test_typing_needs_no_microphone_and_a_muted_one_sends_silence(fake: FakeRealtime, microphone: Path) -> None:
    async with browsing(microphone) as browser:
        page, _ = await open_page(browser, fake.url)
        await page.fill("#text", "What time is it?")
        await page.keyboard.press("Enter")
        await answered(page)
        assert fake.session.of_type("input_audio_buffer.append") == []
        await expect(page.locator(".user .took")).to_have_text("typed")
        await page.click("#talk")
        await expect(page.locator("#mute")).to_be_enabled()
        await page.click("#mute")
        await expect(page.locator("#you-state")).to_have_text("You: muted")
        sent = len(fake.session.of_type("input_audio_buffer.append"))
        await until_received(page, fake.session, "input_audio_buffer.append", sent + 150)
    assert fake.session.turns == 0, "what was said while muted was not heard"


async def test_a_key_is_asked_for_where_the_page_is_not_open(fake: FakeRealtime) -> None:
    fake.wants_key = "a-key-of-some-length"
    async with browsing() as browser:
        page, _ = await open_page(browser, fake.url)
        await page.click("#talk")
        await expect(page.locator("#credential-why")).to_have_text("the page of this edge is not open")
        await page.fill("#key", "wrong")
        await page.keyboard.press("Enter")
        await expect(page.locator("#credential-why")).to_contain_text("incorrect API key")
        await page.fill("#key", fake.wants_key)
        await page.keyboard.press("Enter")
        await expect(page.locator("#status-text")).to_have_text("Live")
        await expect(page.locator("#credential")).to_be_hidden()


async def test_the_space_bar_talks_and_a_refused_microphone_is_explained(fake: FakeRealtime) -> None:
    async with browsing() as browser:
        page, _ = await open_page(browser, fake.url)
        await page.evaluate(
            "() => { const no = () => Promise.reject(new DOMException('no', 'NotAllowedError'));"
            " navigator.mediaDevices.getUserMedia = no; }"
        )
        await page.keyboard.press("Space")
        await expect(page.locator("#problem")).to_contain_text("may not use the microphone")
        await expect(page.locator("#talk")).to_have_attribute("aria-pressed", "false")
        await page.reload()
        await page.keyboard.press("Space")
        await expect(page.locator("#talk")).to_have_attribute("aria-pressed", "true")
        await page.keyboard.press("Space")
        await expect(page.locator("#status-text")).to_have_text("Ended")


HOPS = {
    "type": "segue.turn.hops",
    "turn_id": "turn_1",
    "item_id": "item_x",
    "voice_to_voice_ms": 500.0,
    "bound_ms": None,
    "hops": [
        {"name": "uplink", "start_ms": 0, "duration_ms": 50, "bound_ms": 1.5},
        {"name": "endpointing", "start_ms": 50, "duration_ms": 350, "bound_ms": None},
        {"name": "unattributed", "start_ms": 400, "duration_ms": 100, "bound_ms": None},
    ],
    "stats": {"uplink": {"p50": 50, "p95": 60, "p99": 61, "n": 1}},
}


@pytest.mark.parametrize("width", [1280, 320])
async def test_a_waterfall_has_one_axis_and_fits(fake: FakeRealtime, width: int) -> None:
    async with browsing() as browser:
        page, complaints = await open_page(browser, fake.url, viewport={"width": width, "height": 700})
        await page.click("#talk")
        await expect(page.locator("#status-text")).to_have_text("Live")
        for _ in range(2):
            await fake.tell(fake.session, HOPS)
        await expect(page.locator("details.turn")).to_have_count(2)
        newest = page.locator("details.turn").first
        await expect(newest.locator(".total")).to_contain_text("500 ms")
        track = await newest.locator(".track").first.bounding_box()
        bars = [await newest.locator(".track i").nth(at).bounding_box() for at in range(3)]
        await expect(newest.locator("tbody tr").first).to_contain_text("± 1.5")
        await expect(page.locator("#percentile-rows tr").first).to_contain_text("61")
        overflow = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert track is not None
    shares = [(bar["x"] - track["x"], bar["width"]) for bar in bars if bar is not None]
    expected = [(0, 0.1), (0.1, 0.7), (0.8, 0.2)]
    for (left, wide), (left_share, wide_share) in zip(shares, expected, strict=True):
        assert left == pytest.approx(left_share * track["width"], abs=1)
        assert wide == pytest.approx(wide_share * track["width"], abs=1)
    assert overflow <= 0
    assert complaints == []


@pytest.mark.models
async def test_a_spoken_conversation_with_real_processes(
    segue: RunningSegue, speaking: Speaking, tmp_path: Path
) -> None:
    lines = ["Hello, who are you?", "What can you do for me?"]
    gap = bytes(48 * 12_000)
    speech = gap.join([await speaking.pcm(line) for line in lines])
    async with browsing(write_microphone(tmp_path / "microphone.wav", speech, lead_ms=1_500)) as browser:
        page, complaints = await open_page(browser, segue.url.replace("127.0.0.1", "localhost"))
        await page.click("#talk")
        await answered(page, 2)
        await expect(page.locator("details.turn")).to_have_count(2)
        tape = await read_tape(page)
        user = await page.locator(".user .words").all_inner_texts()
        agent = await page.locator(".agent .words").all_inner_texts()
        total = await page.locator("details.turn").first.locator(".total").inner_text()
        legs = await page.locator("details.turn").first.locator("tbody th").all_inner_texts()
    assert [compare(words_of(said), words_of(line)).lost for said, line in zip(user, lines, strict=True)] == [(), ()]
    said = words_of(" ".join(agent))
    heard = await speaking.words(tape.at(24_000))
    assert sum(word in heard for word in said) >= 0.6 * len(said), (said, heard)
    assert 100 < int(total.split()[0]) < 5_000
    assert {"capture", "endpointing", "text to speech", "playout"} <= set(legs)
    assert complaints == []


@pytest.mark.models
async def test_the_page_outlives_its_edge_and_its_core(speaking: Speaking, tmp_path: Path) -> None:
    speech = (
        await speaking.pcm("Hello, who are you?") + bytes(48 * 16_000) + await speaking.pcm("What can you do for me?")
    )
    microphone = write_microphone(tmp_path / "microphone.wav", speech, lead_ms=1_500)
    with RunningSegue(tmp_path / "segue") as segue:
        async with browsing(microphone) as browser:
            page, _ = await open_page(browser, segue.url.replace("127.0.0.1", "localhost"))
            await page.click("#talk")
            await expect(page.locator("#agent-state")).to_have_text("Agent: speaking", timeout=30_000)
            before = await page.inner_text("#session-id")
            segue.signal("edge", signal.SIGKILL)
            await expect(page.locator("#status-text")).to_contain_text("moved", timeout=30_000)
            segue.signal("core", signal.SIGKILL)
            await answered(page, 2)
            tape = await read_tape(page)
            agent = await page.locator(".agent .words").all_inner_texts()
            user = await page.locator(".user .words").all_inner_texts()
            assert await page.inner_text("#session-id") == before
    said, heard = words_of(" ".join(agent)), await speaking.words(tape.at(24_000))
    difference = compare(said, heard)
    assert len(user) == len(agent) == 2
    assert difference.repeated == ()
    assert sum(word in heard for word in said) >= 0.6 * len(said), (said, heard)
