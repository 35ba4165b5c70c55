"""How long until Segue serves?

Question:
    From the command `segue up` to a core and an edge that are ready (target <= 3 s), with the models loaded before a
    core says so (warm), with the models left to the first turn that needs them (lazy), and with the files of both
    dropped from the page cache first (cold; where the system allows it).

    Two instants: `serves`, when the edge answers /readyz with 200, so a caller is greeted; and `ready`, when the core
    has its models too. And what a restart costs: kill -9 of the core to an edge that is ready again.

Peer, in the same run: `python -c "import aiohttp, numpy, onnxruntime"`, which any server of this kind must do.

Command: python bench/start.py [--starts 5]

Writes JSON to bench/results/start.json.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 - the path comes first

from tests.support.processes import CLI, Child, free_ports, status_of, wait_until, write_config  # noqa: E402

TARGET_MS = 3_000
PEER = (sys.executable, "-c", "import aiohttp, numpy, onnxruntime")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--starts", type=int, default=5)
    options = parser.parse_args()
    took: dict[str, list[float]] = {}
    can_drop = drop_caches()
    for _ in range(options.starts):
        # By turns, so that a noisy neighbour hits all alike.
        took.setdefault("peer_imports", []).append(peer_ms())
        for name, is_warm, is_cold in (("warm", True, False), ("lazy", False, False), ("cold", True, True)):
            if is_cold and not can_drop:
                continue
            for what, value in start_ms(is_warm=is_warm, is_cold=is_cold).items():
                took.setdefault(f"{name}_{what}", []).append(value)
    result = {
        "question": "how long until Segue serves",
        "machine": machine(),
        "starts": options.starts,
        "ms": {name: percentiles(values) for name, values in took.items()},
        "target_ms": TARGET_MS,
    }
    path = ROOT / "bench/results/start.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result, indent=1) + "\n")
    show(result)


def start_ms(*, is_warm: bool, is_cold: bool) -> dict[str, float]:
    """One start, one kill of the core, one stop."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        port, trunk, ops = free_ports(3)
        config = {
            "state": {"dir": str(folder / "state")},
            "use": {"warm": is_warm},
            "edge": {"port": port, "cores": [f"127.0.0.1:{trunk}"]},
            "core": {"listen": f"127.0.0.1:{trunk}", "ops": f"127.0.0.1:{ops}"},
        }
        file = write_config(folder / "segue.json", config)
        if is_cold:
            drop_caches()
        edge, core = f"http://127.0.0.1:{port}/readyz", f"http://127.0.0.1:{ops}/readyz"
        began = time.perf_counter()
        with Child([*CLI, "up", "--config", str(file)], folder / "log", cwd=folder) as up:
            try:
                wait_until(lambda: status_of(edge) == 200, "the edge", 60, every_s=0.01)
                serves = time.perf_counter()
                wait_until(lambda: status_of(core) == 200, "the core", 60, every_s=0.01)
            except AssertionError:
                print(up.log)
                raise
            ready = time.perf_counter()
            again = restart_ms(up, edge) if is_warm and not is_cold else None
        found = {"serves": (serves - began) * 1000, "ready": (ready - began) * 1000}
        return found | ({"core_killed_serves_again": again} if again is not None else {})


def restart_ms(up: Child, edge: str) -> float:
    from tests.support.processes import children_of, command_names

    victim = next(pid for pid in children_of(up.process.pid) if command_names(pid, "core"))
    began = time.perf_counter()
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: status_of(edge) != 200, "the edge to notice", 10, every_s=0.002)
    wait_until(lambda: status_of(edge) == 200, "the next core", 60, every_s=0.01)
    return (time.perf_counter() - began) * 1000


def peer_ms() -> float:
    began = time.perf_counter()
    subprocess.run(PEER, check=True)
    return (time.perf_counter() - began) * 1000


def drop_caches() -> bool:
    """Forget file contents, as after a reboot; needs root."""
    try:
        os.sync()
        Path("/proc/sys/vm/drop_caches").write_text("3")
    except OSError:
        return False
    return True


def percentiles(values: list[float]) -> dict[str, float]:
    p50, p95 = np.percentile(values, [50, 95])
    cells = {"min": min(values), "p50": p50, "p95": p95, "max": max(values)}
    return {"n": len(values), **{name: round(float(value)) for name, value in cells.items()}}


def machine() -> dict[str, Any]:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
    command = ["git", "rev-parse", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout.strip()
    return {"cpu": model, "cores": os.cpu_count(), "load_before": os.getloadavg(), "commit": commit}


def show(result: dict[str, Any]) -> None:
    print(f"machine: {result['machine']}")
    for name, row in result["ms"].items():
        print(f"  {name:<32}" + "  ".join(f"{key} {value:>6}" for key, value in row.items()))
    for name in ("warm_serves", "warm_ready", "lazy_ready"):
        found = result["ms"][name]["p50"]
        print(f"{name} p50: {found} ms, target {TARGET_MS} ms: {'met' if found <= TARGET_MS else 'MISSED'}")


if __name__ == "__main__":
    main()
