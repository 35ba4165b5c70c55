"""`segue call` against real processes: what it prints, writes and returns, alone and as many callers at once."""

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.support.processes import RunningSegue, free_ports
from tests.support.speaking import Speaking, compare, loudness, words_of

pytestmark = [pytest.mark.models, pytest.mark.timeout(180)]


def heard_in(path: Path) -> np.ndarray:
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


async def test_one_call_is_answered_written_and_measured(
    segue: RunningSegue, speaking: Speaking, tmp_path: Path
) -> None:
    lines = ["Hello, who are you?", "What can you do for me?"]
    out, report = tmp_path / "heard.wav", tmp_path / "call.json"
    done = segue.cli(
        "call", *lines, "--url", segue.url, "--token", segue.api_key, "--out", str(out), "--json", str(report)
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "voice-to-voice" in done.stdout
    assert "unattributed" in done.stdout
    (call,) = json.loads(report.read_text())["calls"]
    assert call["complete"]
    assert (call["lines_said"], call["lines_answered"], call["reconnects"]) == (2, 2, 0)
    said = [entry for entry in call["transcript"] if entry["role"] == "user"]
    for line, entry in zip(lines, said, strict=True):
        assert compare(words_of(line), words_of(entry["text"])).lost == (), entry
        assert entry["text"] in done.stdout
    answers = [entry for entry in call["transcript"] if entry["role"] == "agent"]
    assert all(entry["heard"] == entry["text"] and not entry["cut"] for entry in answers), answers
    for turn in call["turns"]:
        assert 0 < turn["voice_to_voice_ms"] < 10_000
        assert sum(hop["duration_ms"] for hop in turn["hops"]) == pytest.approx(turn["voice_to_voice_ms"], abs=0.5)
    sound = heard_in(out)
    assert loudness(sound) > 500
    expected = [word for entry in answers for word in words_of(entry["text"])]
    heard = await speaking.words(sound)
    assert sum(word in heard for word in expected) >= 0.6 * len(expected), (expected, heard)


def test_a_line_from_a_wav_file_and_barging_in(segue: RunningSegue, tmp_path: Path) -> None:
    report = tmp_path / "call.json"
    arguments = ("--url", segue.url, "--token", segue.api_key, "--json", str(report), "--barge-in", "700")
    done = segue.cli("call", "What can you do for me?", "Stop, please. Who are you?", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    (call,) = json.loads(report.read_text())["calls"]
    cut = [entry for entry in call["transcript"] if entry["cut"]]
    assert cut, call["transcript"]
    assert cut[0]["text"].startswith(cut[0]["heard"].rstrip(" .,—"))
    assert len(cut[0]["heard"]) < len(cut[0]["text"])
    assert "cut, not heard" in done.stdout


def test_five_calls_at_once(segue: RunningSegue, tmp_path: Path) -> None:
    report = tmp_path / "calls.json"
    arguments = ("--url", segue.url, "--token", segue.api_key, "--json", str(report), "--calls", "5", "--rate", "2")
    done = segue.cli("call", "Hello, who are you?", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 of 5 calls complete; 5 of 5 lines answered" in done.stdout
    body = json.loads(report.read_text())
    assert len({call["session_id"] for call in body["calls"]}) == 5
    assert "voice-to-voice" in done.stdout


def test_a_call_that_cannot_be_made(tmp_path: Path, segue: RunningSegue) -> None:
    (port,) = free_ports(1)
    refused = segue.cli("call", "Hello.", "--url", f"http://127.0.0.1:{port}", "--token", segue.api_key)
    assert refused.returncode == 1
    assert "Cannot connect" in refused.stdout
    denied = segue.cli("call", "Hello.", "--url", segue.url, "--token", "sk-of-somebody-else")
    assert denied.returncode == 1
    assert "401" in denied.stdout
    (tmp_path / "noise.wav").write_text("no sound at all")
    unreadable = segue.cli("call", str(tmp_path / "noise.wav"), "--url", segue.url, "--token", segue.api_key)
    assert unreadable.returncode == 78
    assert "cannot be read as WAV" in unreadable.stderr
