"""How much faster is segue._native than its Python twin, and is it fast enough for one 20 ms frame?

    python bench/native.py [--quick]

Question: what does one 20 ms frame, or one token, cost in the native crates, and in numpy or Python, in this same run?
Limit: 100 sessions resampled both ways are 10,000 frames a second; at 10 us each (p50) that is a tenth of a processor.
No client sends 48 kHz; it is here for comparison, outside the limit.
Prints percentiles of the time per call in microseconds; writes bench/results/native.json with commit and machine.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from segue import _native  # noqa: E402
from tests.support import resampler as samples_twin  # noqa: E402
from tests.support import route_token as token_twin  # noqa: E402

FRAME_BUDGET_US = 10.0
PERCENTILES = (50, 90, 99)
KEY = b"a key of the fleet, thirty-two b"
NOW_S = 1_800_000_000

Call = Callable[[], object]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the calls")
    calls = 200 if parser.parse_args().quick else 2_000
    rows = []
    for name, native, twin in track(list(questions()), description="measuring", console=Console(stderr=True)):
        rows.append({"name": name, "native_us": measure(native, calls), "twin_us": measure(twin, max(calls // 10, 20))})
    report = {"question": (__doc__ or "").splitlines()[0], "machine": machine(), "calls": calls, "rows": rows}
    show(rows)
    results = ROOT / "bench" / "results"
    results.mkdir(parents=True, exist_ok=True)
    (results / "native.json").write_text(json.dumps(report, indent=2) + "\n")
    slow = [
        row["name"]
        for row in rows
        if str(row["name"]).startswith("frame")
        and "48k" not in str(row["name"])
        and row["native_us"]["p50"] > FRAME_BUDGET_US
    ]
    print(f"limit of {FRAME_BUDGET_US} us a frame at p50: {'over in ' + ', '.join(slow) if slow else 'kept by all'}")
    return 0


def questions() -> list[tuple[str, Call, Call]]:
    """Name, the native call and the twin's. Streams run on, so that each call pays what a live frame pays."""
    asked: list[tuple[str, Call, Call]] = []
    for from_hz, to_hz in ((24_000, 16_000), (16_000, 24_000), (8_000, 16_000), (24_000, 8_000), (48_000, 16_000)):
        frame = noise(from_hz // 50)
        native = _native.Resampler(from_hz, to_hz)
        asked.append(
            (
                f"frame {from_hz // 1000}k->{to_hz // 1000}k",
                lambda n=native, f=frame: n.process(f),
                twin_frame(from_hz, to_hz, frame),
            )
        )
    pcm, coded = noise(160), _native.ulaw_encode(noise(160))
    decode, encode = ulaw_tables()
    asked.append(("frame mu-law encode", lambda: _native.ulaw_encode(pcm), lambda: looked_up(encode, pcm)))
    asked.append(
        (
            "frame mu-law decode",
            lambda: _native.ulaw_decode(coded),
            lambda: looked_up(decode, coded),
        )
    )
    given = token_twin.Token(key_id=1, region=0, core_hint=7, session=2**63 + 5, expires_at_s=NOW_S + 3_600)
    text, ring = token_twin.encode(given, KEY), {1: KEY}
    asked.append(("token encode", lambda: native_token(given), lambda: token_twin.encode(given, KEY)))
    asked.append(
        (
            "token decode",
            lambda: _native.decode_route_token(text, ring, NOW_S),
            lambda: token_twin.decode(text, ring, NOW_S),
        )
    )
    return asked


def twin_frame(from_hz: int, to_hz: int, frame: bytes) -> Call:
    """The best numpy does for one streamed frame: keep a tail, zero-stuff, convolve, decimate."""
    oracle = samples_twin.Resampler(from_hz, to_hz)
    taps = samples_twin.low_pass(from_hz * oracle.up, min(from_hz, to_hz), oracle.up)
    tail = np.zeros(len(taps) // oracle.up)

    def call() -> bytes:
        samples = np.concatenate([tail, np.frombuffer(frame, "<i2")])
        raised = np.zeros(len(samples) * oracle.up)
        raised[:: oracle.up] = samples
        kept = np.convolve(raised, taps, mode="valid")[:: oracle.down]
        return np.clip(np.rint(kept), -32_768, 32_767).astype("<i2").tobytes()

    return call


def ulaw_tables() -> tuple[np.ndarray, np.ndarray]:
    """Table look-ups, which is how numpy does it fastest."""
    decode = np.array([samples_twin.ulaw_decode_sample(code) for code in range(256)], dtype="<i2")
    every = np.arange(65_536, dtype="<u2").view("<i2")
    return decode, np.array([samples_twin.ulaw_encode_sample(int(sample)) for sample in every], dtype="u1")


def looked_up(table: np.ndarray, data: bytes) -> bytes:
    return table[np.frombuffer(data, "<u2" if len(table) > 256 else "u1")].tobytes()


def native_token(given: token_twin.Token) -> str:
    return _native.encode_route_token(
        KEY,
        given.key_id,
        session=given.session,
        region=given.region,
        core_hint=given.core_hint,
        expires_at_s=given.expires_at_s,
    )


def noise(samples: int) -> bytes:
    return np.random.default_rng(1).integers(-20_000, 20_000, samples).astype("<i2").tobytes()


def measure(call: Call, calls: int) -> dict[str, float]:
    for _ in range(calls // 10):
        call()
    spans = np.zeros(calls)
    for index in range(calls):
        began = time.perf_counter_ns()
        call()
        spans[index] = time.perf_counter_ns() - began
    return {f"p{p}": round(float(np.percentile(spans, p)) / 1_000, 2) for p in PERCENTILES}


def machine() -> dict[str, object]:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    model = next(
        (line.split(":")[1].strip() for line in cpu_lines() if line.startswith("model name")), platform.machine()
    )
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "commit": commit.stdout.strip() or None,
        "load": os.getloadavg(),
    }


def cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def show(rows: list[dict[str, object]]) -> None:
    table = Table(title="microseconds per call", title_justify="left")
    table.add_column("what", no_wrap=True)
    for column in ("native\np50", "p90", "p99", "twin\np50", "p90", "p99", "faster"):
        table.add_column(column, justify="right")
    for row in rows:
        native, twin = row["native_us"], row["twin_us"]
        assert isinstance(native, dict)
        assert isinstance(twin, dict)
        cells = [f"{side[f'p{p}']:.1f}" for side in (native, twin) for p in PERCENTILES]
        table.add_row(str(row["name"]), *cells, f"{twin['p50'] / native['p50']:.1f}x")
    Console().print(table)


if __name__ == "__main__":
    sys.exit(main())
