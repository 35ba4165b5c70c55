"""Takes the pictures of the page: `python -m tests.support.screenshots docs/images`.

They show a real conversation with the local models, the second answer interrupted, in light, dark and narrow.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from playwright.async_api import expect

from segue.adapters.models.local import open_local_speech
from segue.adapters.models.locate import ModelCache, default_cache
from segue.adapters.models.threads import ModelThreads
from tests.support.browser import browsing, open_page, write_microphone
from tests.support.processes import RunningSegue
from tests.support.speaking import Speaking

BYTES_PER_MS = 48
LINES = (
    ("Hello, who are you?", 9_000),
    ("What can you do for me?", 2_600),
    ("Wait, what is seven times eight?", 0),
)
"""What is said, and the pause behind it; the second answer is talked over."""

WIDE = {"width": 1360, "height": 860}
NARROW = {"width": 390, "height": 844}


async def take(folder: Path) -> None:
    """Hold the conversation and write the pictures."""
    threads = ModelThreads()
    speaking = Speaking(open_local_speech(ModelCache(default_cache(os.environ, Path.home())), threads))
    speech = b"".join([await speaking.pcm(text) + bytes(BYTES_PER_MS * pause_ms) for text, pause_ms in LINES])
    threads.close()
    with tempfile.TemporaryDirectory() as scratch, RunningSegue(Path(scratch) / "segue") as segue:
        microphone = write_microphone(Path(scratch) / "microphone.wav", speech, lead_ms=1_500)
        async with browsing(microphone) as browser:
            page, _ = await open_page(
                browser, segue.url.replace("127.0.0.1", "localhost"), viewport=WIDE, device_scale_factor=2
            )
            await page.click("#talk")
            await expect(page.locator("details.turn")).to_have_count(len(LINES), timeout=60_000)
            await page.wait_for_timeout(900)
            for name, scheme in (("page", "light"), ("page-dark", "dark")):
                await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                await page.wait_for_timeout(150)
                await page.screenshot(path=folder / f"{name}.png")
            await page.emulate_media(color_scheme="light")
            await page.set_viewport_size(NARROW)  # type: ignore[arg-type]
            await page.wait_for_timeout(300)
            await page.screenshot(path=folder / "page-narrow.png")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    asyncio.run(take(target))
