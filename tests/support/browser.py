"""Chromium with a WAV as its microphone, and a tape of what it plays.

The tape is put between the page and its loudspeaker from outside (`AudioNode.connect` is watched), so that the page
under test is the one people get.
"""

import base64
import contextlib
import os
import shutil
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from playwright.async_api import Browser, Page, async_playwright

WAV_RATE_HZ = 48_000

_FLAGS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

_TAPE = """
window.__tape = {rate: 0, blocks: []};
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode && !this.__isTape) {
    const tape = this.context.createScriptProcessor(2048, 1, 1);
    tape.__isTape = true;
    window.__tape.rate = this.context.sampleRate;
    tape.onaudioprocess = ({inputBuffer, playbackTime}) => {
      window.__tape.blocks.push({at: playbackTime, samples: inputBuffer.getChannelData(0).slice()});
    };
    connect.call(this, tape);
    connect.call(tape, to);
  }
  return connect.call(this, to, ...rest);
};
window.__readTape = () => {
  const {blocks} = window.__tape;
  const all = new Int16Array(blocks.reduce((sum, block) => sum + block.samples.length, 0));
  let at = 0;
  for (const {samples} of blocks) {
    for (const sample of samples) all[at++] = Math.max(-1, Math.min(1, sample)) * 32767;
  }
  const bytes = new Uint8Array(all.buffer);
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return {rate: window.__tape.rate, pcm: btoa(text)};
};
"""


@dataclass(frozen=True, slots=True)
class Tape:
    """What left the page towards the loudspeaker."""

    rate_hz: int
    samples: NDArray[np.int16]

    def loud_ms(self, level: int = 300, window_ms: int = 20) -> float:
        """How long it was louder than `level` (RMS per window)."""
        return float(self.loud_windows(level, window_ms).sum() * window_ms)

    def loud_windows(self, level: int = 300, window_ms: int = 20) -> NDArray[np.bool_]:
        size = self.rate_hz * window_ms // 1000
        whole = self.samples[: len(self.samples) // size * size].astype(np.float64).reshape(-1, size)
        loud: NDArray[np.bool_] = np.sqrt((whole**2).mean(axis=1)) > level
        return loud

    def at(self, rate_hz: int) -> NDArray[np.int16]:
        """Resampled by straight lines: good enough to listen to."""
        places = np.arange(0, len(self.samples), self.rate_hz / rate_hz)
        return np.interp(places, np.arange(len(self.samples)), self.samples).astype(np.int16)


def chromium_path() -> str | None:
    """The browser to test with: `SEGUE_CHROMIUM`, else the one of the system."""
    return os.environ.get("SEGUE_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


def write_microphone(path: Path, pcm_24k: bytes, *, lead_ms: int = 500, tail_ms: int = 60_000) -> Path:
    """The fake microphone's WAV: silence, the speech, silence. Chromium plays it once, from when it is first opened."""
    speech = np.repeat(np.frombuffer(pcm_24k, "<i2"), WAV_RATE_HZ // 24_000)
    silence = [np.zeros(WAV_RATE_HZ * duration_ms // 1000, np.int16) for duration_ms in (lead_ms, tail_ms)]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(WAV_RATE_HZ)
        file.writeframes(np.concatenate([silence[0], speech, silence[1]]).tobytes())
    return path


@contextlib.asynccontextmanager
async def browsing(microphone: Path | None = None) -> AsyncIterator[Browser]:
    """A Chromium; without a WAV its microphone beeps once a second."""
    fake = [] if microphone is None else [f"--use-file-for-fake-audio-capture={microphone}%noloop"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium_path(), args=[*_FLAGS, *fake])
        try:
            yield browser
        finally:
            await browser.close()


async def open_page(browser: Browser, url: str, **context: Any) -> tuple[Page, list[str]]:
    """The page, with a tape in place, and the list its errors and refused loads end up in."""
    page = await (await browser.new_context(permissions=["microphone"], **context)).new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    await page.add_init_script(_TAPE)
    await page.goto(url)
    return page, complaints


async def read_tape(page: Page) -> Tape:
    read = await page.evaluate("window.__readTape()")
    return Tape(int(read["rate"]), np.frombuffer(base64.b64decode(read["pcm"]), "<i2"))
