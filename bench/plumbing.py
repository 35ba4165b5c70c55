"""What does Segue add to the time its models and its patience take?

Question:
    Voice-to-voice, on the caller's own clock, minus the silence that endpointing is told to wait for, minus the delays
    of the providers: everything else is ours. Through a real edge and a real core with its SQLite journal, over
    WebSocket, with the load generator on the same machine. Targets: one session p50 <= 25 ms and p99 <= 60 ms; a
    hundred sessions p99 <= 120 ms on two cores.

Two figures are given. `added` is all of it. `plumbing` leaves out what the detector's grid costs (windows of 32 ms,
filled by frames of 20 ms: sound is judged when its window is full), which is endpointing, not transport; it is the one
the targets are about.

Peer, in the same run: a bare aiohttp WebSocket echo on uvloop, with the same number of connections, message size and
rate: what the sockets and the interpreter cost when nothing is done with a message.

Command: python bench/plumbing.py [--sessions 1 10 50 100] [--turns 30]

Writes JSON to bench/results/plumbing.json.
"""

import argparse
import asyncio
import base64
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import aiohttp  # noqa: E402 - the path comes first
import numpy as np  # noqa: E402
import uvloop  # noqa: E402
from aiohttp import web  # noqa: E402

from segue.adapters.clock.system import SystemClock  # noqa: E402
from segue.client.caller import Caller, Line  # noqa: E402
from segue.client.connection import ConnectionConfig  # noqa: E402
from segue.client.microphone import SILENCE, Microphone  # noqa: E402
from tests.support.processes import CLI, Child, cpu_s, free_ports, status_of, wait_until  # noqa: E402

SILENCE_MS = 64
"""As short as the detector's pause: nothing is guessed ahead, so that no delay hides behind the silence."""
DELAYS_MS = {"stt": 80, "llm": 150, "tts": 70}
TONE_MS = 1_200
MODEL_HOPS = ("endpointing", "stt_final", "llm_first_token", "tts_first_audio")
TARGETS = {1: {"p50": 25.0, "p99": 60.0}, 100: {"p99": 120.0}}
QUIET_FRAME = base64.b64encode(SILENCE).decode()


@dataclass(slots=True)
class TimedCaller(Caller):
    """A caller that notes, by its own clock, when its line was over and when the answer reached its ear."""

    ends_ns: list[int] = field(default_factory=list)
    _last_loud_ns: int = 0

    async def _say(self, microphone: Microphone, line: Line, *following: Any) -> None:
        send = microphone.send

        async def noting(event: Mapping[str, Any]) -> int:
            if event["audio"] != QUIET_FRAME:
                self._last_loud_ns = event["segue"]["captured_at_ns"]
            return await send(event)

        microphone.send = noting
        # Spread the ends of speech over the detector's grid.
        await asyncio.sleep((len(self.ends_ns) * 7 % 32) / 1000)
        await Caller._say(self, microphone, line, *following)
        microphone.send = send
        self.ends_ns.append(self._last_loud_ns)

    def voice_to_voice_ms(self) -> list[float]:
        """One for each line that was answered, whatever the server says."""
        starts = sorted(log.started_at_ns for log in self.player._items.values() if log.started_at_ns is not None)
        firsts = [next((start for start in starts if start >= end), None) for end in self.ends_ns]
        return [(first - end) / 1e6 for first, end in zip(firsts, self.ends_ns, strict=True) if first is not None]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, nargs="+", default=[1, 10, 50, 100])
    parser.add_argument("--turns", type=int, default=30, help="of one session; of many, fewer each")
    options = parser.parse_args()
    rows = []
    for sessions in options.sessions:
        turns = max(8, options.turns // (1 + sessions // 10)) if sessions > 1 else options.turns
        row = uvloop.run(segue_row(sessions, turns))
        row["echo"] = uvloop.run(echo_row(sessions, 8.0))
        rows.append(row)
        show(row)
    result = {
        "question": "what does Segue add",
        "machine": machine(),
        "silence_ms": SILENCE_MS,
        "delays_ms": DELAYS_MS,
        "rows": rows,
        "targets": TARGETS,
    }
    path = ROOT / "bench/results/plumbing.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
    verdict(rows)


async def segue_row(sessions: int, turns: int) -> dict[str, Any]:
    """So many callers at once, each with so many turns."""
    with tempfile.TemporaryDirectory(prefix=".plumbing-", dir=ROOT) as name:
        folder, (port, trunk) = Path(name), free_ports(2)
        (folder / "state").mkdir()
        delays = [text for kind, value in DELAYS_MS.items() for text in (f"--{kind}-ms", str(value))]
        script = [sys.executable, str(ROOT / "bench/_fixed_core.py"), "--silence-ms", str(SILENCE_MS), *delays]
        state = str(folder / "state")
        path = {"PYTHONPATH": os.environ.get("PYTHONPATH", "")}
        core = Child([*script, "--state", state, "--listen", f"127.0.0.1:{trunk}"], folder / "core.log", env=path)
        edge = Child(
            [*CLI, "edge", "--state", state, "--port", str(port), "--core", f"127.0.0.1:{trunk}"],
            folder / "edge.log",
            cwd=folder,
        )
        with core, edge:
            try:
                wait_until(lambda: status_of(f"http://127.0.0.1:{port}/readyz") == 200, "Segue", 30)
            except AssertionError:
                print(core.log, edge.log)
                raise
            key = (folder / "state/api.key").read_text().strip()
            config = ConnectionConfig(edges=(f"http://127.0.0.1:{port}",), token=key)
            return await measured(config, sessions, turns, {"core": core.process.pid, "edge": edge.process.pid})


async def measured(config: ConnectionConfig, sessions: int, turns: int, pids: dict[str, int]) -> dict[str, Any]:
    callers = [TimedCaller(config, SystemClock()) for _ in range(sessions)]
    line = Line(text="tone", pcm=tone(TONE_MS))
    lag: list[float] = []

    async def one(number: int) -> None:
        await asyncio.sleep(number / 40)
        await callers[number].call([line] * turns)

    async def own_lag() -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.01)
            lag.append((time.perf_counter() - began) * 1000 - 10)

    before, began = cpu_now(pids), time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        watch = tasks.create_task(own_lag(), name="bench.lag")
        async with asyncio.TaskGroup() as calls:
            for number in range(sessions):
                calls.create_task(one(number), name=f"bench.call.{number}")
        watch.cancel()
    after, wall_s = cpu_now(pids), time.monotonic() - began
    session_s = sum(caller.report.ended_ns - caller.report.began_ns for caller in callers) / 1e9
    whole = [value for caller in callers for value in caller.voice_to_voice_ms()]
    fixed = SILENCE_MS + sum(DELAYS_MS.values())
    records = [turn for caller in callers for turn in caller.report.turns]
    return {
        "sessions": sessions,
        "turns_said": sum(caller.report.lines_said for caller in callers),
        "turns_answered": sum(caller.report.lines_answered for caller in callers),
        "errors": sorted({error for caller in callers for error in caller.report.errors}),
        "wall_s": round(wall_s, 1),
        "added_ms": percentiles([value - fixed for value in whole]),
        "plumbing_ms": percentiles([plumbing_of(turn) for turn in records if turn["voice_to_voice_ms"] is not None]),
        "turns_without_voice_to_voice": sum(turn["voice_to_voice_ms"] is None for turn in records),
        "hops_ms": hop_percentiles(records),
        "generator_lag_ms": percentiles(lag),
        "cpu_ms_per_session_s": {
            name: round((after[name] - before[name]) * 1000 / session_s, 2) for name in (*pids, "load")
        },
        "cpu_share": {name: round((after[name] - before[name]) / wall_s, 2) for name in (*pids, "load")},
    }


def plumbing_of(turn: dict[str, Any]) -> float:
    """Voice-to-voice without endpointing, and without what the providers were told to take."""
    endpointing = sum(hop["duration_ms"] for hop in turn["hops"] if hop["name"] == "endpointing")
    return float(turn["voice_to_voice_ms"]) - endpointing - sum(DELAYS_MS.values())


def hop_percentiles(records: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    found: dict[str, list[float]] = {}
    for turn in records:
        for hop in turn["hops"]:
            found.setdefault(hop["name"], []).append(hop["duration_ms"])
    return {name: percentiles(values) for name, values in found.items()}


async def echo_row(connections: int, seconds: float) -> dict[str, Any]:
    """The same messages at the same rate against a server that only sends them back, in a process of its own."""
    (port,) = free_ports(1)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(ROOT / "bench/plumbing.py"), "--echo-server", str(port)]
        with Child(command, Path(folder) / "echo.log") as server:
            wait_until(lambda: status_of(f"http://127.0.0.1:{port}/") == 200, "the echo server", 15)
            pids = {"server": server.process.pid}
            before, began = cpu_now(pids), time.monotonic()
            round_trips: list[float] = []
            async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as tasks:
                for number in range(connections):
                    tasks.create_task(
                        echo_client(http, f"ws://127.0.0.1:{port}/echo", number, seconds, round_trips),
                        name="bench.echo",
                    )
            after, wall_s = cpu_now(pids), time.monotonic() - began
    total_s = connections * seconds
    return {
        "round_trip_ms": percentiles(round_trips),
        "cpu_ms_per_session_s": {
            name: round((after[name] - before[name]) * 1000 / total_s, 2) for name in ("server", "load")
        },
        "wall_s": round(wall_s, 1),
    }


async def echo_client(
    http: aiohttp.ClientSession, url: str, number: int, seconds: float, round_trips: list[float]
) -> None:
    await asyncio.sleep(number / 40)
    async with http.ws_connect(url, max_msg_size=0) as socket, asyncio.TaskGroup() as tasks:

        async def listen() -> None:
            async for message in socket:
                stamps = json.loads(message.data)["segue"]
                round_trips.append((time.perf_counter_ns() - stamps["sent_at_ns"]) / 1e6)

        listening = tasks.create_task(listen(), name="bench.echo.listen")
        began = time.perf_counter()
        for frame in range(int(seconds * 50)):
            await asyncio.sleep(max(0.0, began + frame * 0.02 - time.perf_counter()))
            now = time.perf_counter_ns()
            stamps = {"captured_at_ns": now, "sent_at_ns": now}
            await socket.send_str(
                json.dumps({"type": "input_audio_buffer.append", "audio": QUIET_FRAME, "segue": stamps})
            )
        await asyncio.sleep(0.2)
        listening.cancel()


def echo_server(port: int) -> None:
    async def echo(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket

    async def alive(_request: web.Request) -> web.Response:
        return web.Response(text="ok")

    async def serve() -> None:
        app = web.Application()
        app.router.add_get("/echo", echo)
        app.router.add_get("/", alive)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        await asyncio.Event().wait()

    uvloop.run(serve())


def tone(length_ms: int) -> bytes:
    instants = np.arange(length_ms * 24, dtype=np.float64) / 24_000
    return (9_000 * np.sin(2 * np.pi * 330 * instants)).astype("<i2").tobytes()


def cpu_now(pids: dict[str, int]) -> dict[str, float]:
    own = resource.getrusage(resource.RUSAGE_SELF)
    return {**{name: cpu_s(pid) for name, pid in pids.items()}, "load": own.ru_utime + own.ru_stime}


def percentiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {"n": 0}
    p50, p95, p99 = np.percentile(values, [50, 95, 99])
    cells = {"p50": p50, "p95": p95, "p99": p99, "max": max(values)}
    return {"n": len(values), **{name: round(float(value), 2) for name, value in cells.items()}}


def machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    command = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    return {"cpu": model, "cores": os.cpu_count(), "load_before": os.getloadavg(), "commit": commit}


def show(row: dict[str, Any]) -> None:
    answered = f"{row['turns_answered']} of {row['turns_said']} turns answered"
    print(f"\n{row['sessions']} sessions: {answered}, {row['wall_s']} s")
    for name in ("plumbing_ms", "added_ms", "generator_lag_ms"):
        print(f"  {name:<22}{cells(row[name])}")
    for name, values in row["hops_ms"].items():
        print(f"    {name:<20}{cells(values)}")
    print(f"  echo round trip       {cells(row['echo']['round_trip_ms'])}")
    print(f"  cpu ms per session-second: {row['cpu_ms_per_session_s']}, echo {row['echo']['cpu_ms_per_session_s']}")
    print(f"  processors used: {row['cpu_share']}")
    if row["errors"]:
        print(f"  errors: {row['errors'][:5]}")


def cells(values: dict[str, float]) -> str:
    return "  ".join(f"{name} {value:8.2f}" if name != "n" else f"n {value:<6}" for name, value in values.items())


def verdict(rows: list[dict[str, Any]]) -> None:
    print()
    for row in rows:
        for name, bound in TARGETS.get(row["sessions"], {}).items():
            found = row["plumbing_ms"].get(name)
            state = "met" if found is not None and found <= bound else "MISSED"
            print(f"{row['sessions']} sessions, plumbing {name}: {found} ms, target {bound:g} ms: {state}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--echo-server"]:
        echo_server(int(sys.argv[2]))
    else:
        main()
