"""What does durability cost through the store, compared with SQLite itself?

Questions:
    1. One commit at a time: `SqliteStore.put` from an event loop against a bare `INSERT` in the same process, with the
       same table, file system and durability (WAL, synchronous = FULL) and a log reserved alike. Target: within 1.5
       times at p50.
    2. Sixty-four writers at once: group commit against the same rows committed one by one. Target: at least 5 times.

Command: python bench/journal.py [--directory DIR] [--body-bytes 2048] [--commits 1500] [--rounds 5] [--writers 64]
         [--asyncio]

The sides alternate, in the first question every fifty commits, so that a noisy neighbour hits both alike. Writes JSON
to bench/results/journal.json.
"""

import argparse
import asyncio
import json
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from segue.adapters.clock.system import SystemClock
from segue.adapters.store.checkpoint import reserve_log
from segue.adapters.store.schema import SqliteConfig, connect, prepare
from segue.adapters.store.sqlite import SqliteStore
from segue.model.ids import Epoch, Seq, SessionId, session_id_from_word
from segue.session.rows import Row, Urgency

SLICE = 50
INSERT = "INSERT INTO rows (session, seq, epoch, kind, version, wall_ms, body) VALUES (?, ?, 1, 'bench', 1, 0, ?)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--directory", type=Path, help="where the files are made (a local disk); default: here")
    parser.add_argument("--body-bytes", type=int, default=2048)
    parser.add_argument("--commits", type=int, default=1500, help="of each side and round, one at a time")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--writers", type=int, default=64)
    parser.add_argument(
        "--asyncio", action="store_true", help="the standard loop instead of uvloop, which Segue runs on"
    )
    options = parser.parse_args()
    single: dict[str, list[dict[str, float]]] = {"bare": [], "store": []}
    many: dict[str, list[dict[str, float]]] = {"one_by_one": [], "group": []}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=options.directory or Path.cwd(), prefix=".journal-bench-") as folder:
            for side, result in run(options, one_at_a_time(Path(folder), options)).items():
                single[side].append(result)
            many["one_by_one"].append(one_by_one(Path(folder) / "each.db", options, sessions=options.writers))
            many["group"].append(run(options, at_once(Path(folder) / "group.db", options, writers=options.writers)))
    report(options, single, many)


def run(options, coroutine):
    if not options.asyncio:
        import uvloop

        return uvloop.run(coroutine)
    return asyncio.run(coroutine)


async def one_at_a_time(folder: Path, options) -> dict[str, dict[str, float]]:
    """Commit single rows, by turns bare and through the store."""
    bare_config = SqliteConfig(path=folder / "bare.db")
    prepare(bare_config)
    connection = connect(bare_config)
    reserve_log(connection, bare_config)
    journal = await SqliteStore.open(SqliteConfig(path=folder / "store.db"), SystemClock())
    body = os.urandom(options.body_bytes)
    session = session_id_from_word(1)
    took: dict[str, list[float]] = {"bare": [], "store": []}
    cpu = {"bare": 0.0, "store": 0.0}
    for first in range(1, options.commits + 1, SLICE):
        seqs = range(first, min(first + SLICE, options.commits + 1))
        before = cpu_s()
        for seq in seqs:
            start = time.perf_counter()
            connection.execute(INSERT, (session, seq, body))
            took["bare"].append(time.perf_counter() - start)
        between = cpu_s()
        for seq in seqs:
            row = Row(session=session, seq=Seq(seq), epoch=Epoch(1), kind="bench", body=body, version=1)
            start = time.perf_counter()
            await journal.put((row,), Urgency.GATE)
            took["store"].append(time.perf_counter() - start)
        cpu["bare"] += between - before
        cpu["store"] += cpu_s() - between
    connection.close()
    await journal.close()
    return {side: summary(took[side], options.commits, sum(took[side]), cpu[side]) for side in took}


def one_by_one(path: Path, options, *, sessions: int) -> dict[str, float]:
    """Insert the rows of many sessions one after another, each durable before the next."""
    config = SqliteConfig(path=path)
    prepare(config)
    connection = connect(config)
    reserve_log(connection, config)
    body = os.urandom(options.body_bytes)
    names = [session_id_from_word(n * 0x9E3779B97F4A7C15 % 2**64) for n in range(sessions)]
    took, cpu, began = [], cpu_s(), time.perf_counter()
    for commit in range(options.commits):
        start = time.perf_counter()
        connection.execute(INSERT, (names[commit % sessions], commit // sessions + 1, body))
        took.append(time.perf_counter() - start)
    result = summary(took, options.commits, time.perf_counter() - began, cpu_s() - cpu)
    connection.close()
    return result


async def at_once(path: Path, options, *, writers: int) -> dict[str, float]:
    """Put rows through the store: `writers` sessions at once, each putting its next row when the last is durable."""
    journal = await SqliteStore.open(SqliteConfig(path=path), SystemClock())
    body = os.urandom(options.body_bytes)
    each = max(options.commits * 8 // writers, 1)
    took: list[float] = []

    async def write(session: SessionId) -> None:
        for seq in range(1, each + 1):
            row = Row(session=session, seq=Seq(seq), epoch=Epoch(1), kind="bench", body=body, version=1)
            start = time.perf_counter()
            await journal.put((row,), Urgency.GATE)
            took.append(time.perf_counter() - start)

    cpu, began = cpu_s(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for n in range(writers):
            group.create_task(write(session_id_from_word(n * 0x9E3779B97F4A7C15 % 2**64)), name=f"writer-{n}")
    result = summary(took, each * writers, time.perf_counter() - began, cpu_s() - cpu)
    await journal.close()
    return result


def summary(took: list[float], commits: int, elapsed_s: float, cpu: float) -> dict[str, float]:
    points = statistics.quantiles(took, n=100)
    return {
        "p50_ms": points[49] * 1e3,
        "p95_ms": points[94] * 1e3,
        "p99_ms": points[98] * 1e3,
        "commits_per_s": commits / elapsed_s,
        "cpu_us_per_commit": cpu * 1e6 / commits,
    }


def cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def median(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(one[key] for one in rounds), 4) for key in rounds[0]}


def report(options, single, many) -> None:
    sides = {name: median(rounds) for name, rounds in (*single.items(), *many.items())}
    ratios = sorted(s["p50_ms"] / b["p50_ms"] for s, b in zip(single["store"], single["bare"], strict=True))
    gains = sorted(
        g["commits_per_s"] / e["commits_per_s"] for g, e in zip(many["group"], many["one_by_one"], strict=True)
    )
    overhead, gain = statistics.median(ratios), statistics.median(gains)
    print(__doc__.split("Command:")[0].strip())
    print(f"\n{machine()}; {options.rounds} rounds, {options.body_bytes}-byte bodies, medians over rounds\n")
    print(f"{'side':<12}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'commits/s':>12}{'CPU µs/commit':>16}")
    for name, side in sides.items():
        print(
            f"{name:<12}{side['p50_ms']:>9.3f}{side['p95_ms']:>9.3f}{side['p99_ms']:>9.3f}"
            f"{side['commits_per_s']:>12.0f}{side['cpu_us_per_commit']:>16.1f}"
        )
    verdicts = {"single_commit_ratio": (overhead, overhead <= 1.5), "group_gain": (gain, gain >= 5.0)}
    print(f"\nsingle commit, store / bare: {overhead:.2f}x ({ratios[0]:.2f}..{ratios[-1]:.2f}), target <= 1.5", end="")
    print(f": {'holds' if overhead <= 1.5 else 'MISSED'}")
    print(
        f"{options.writers} writers, group / one by one: {gain:.1f}x ({gains[0]:.1f}..{gains[-1]:.1f}), target >= 5",
        end="",
    )
    print(f": {'holds' if gain >= 5 else 'MISSED'}")
    out = Path(__file__).parent / "results" / "journal.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(
        json.dumps(
            {
                "question": "durable commits through the store against bare SQLite",
                "commit": commit_id(),
                "machine": machine(),
                "options": {k: v for k, v in vars(options).items() if k != "directory"},
                "sides": sides,
                "targets": {name: {"value": round(v, 3), "holds": ok} for name, (v, ok) in verdicts.items()},
            },
            indent=2,
        )
        + "\n"
    )


def machine() -> str:
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}"
    )


def commit_id() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
