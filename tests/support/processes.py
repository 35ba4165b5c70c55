"""Real `segue` processes on free ports, with a state folder of their own and a log that is shown when a test fails.

    with RunningSegue(tmp_path, agent=Path("examples/quiz.py")) as segue:
        ... segue.url, segue.api_key ...
        segue.signal("core", signal.SIGKILL)

`segue up` supervises; `pid` finds its roles among its children. Whatever happens, what was started here ends here, and
nothing else: everything lies in one process group of its own.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

ROOT = Path(__file__).resolve().parent.parent.parent
Role = Literal["edge", "core"]
Sections = Mapping[str, Mapping[str, Any]]

CLI = (sys.executable, "-m", "segue.cli")
ENERGY_ONLY: Sections = {"use": {"vad": "energy", "warm": False}}
"""Detect speech by loudness, load no model before it is needed."""

READY_S = 60.0
"""Longest start: loading four models while other tests keep both processors busy."""


class RunningSegue:
    """One `segue up`, from entering to leaving."""

    def __init__(
        self,
        folder: Path,
        *,
        agent: Path | None = None,
        config: Sections | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.agent = agent
        self.port, trunk, ops = free_ports(3)
        self.ops_url = f"http://127.0.0.1:{ops}"
        self.url = f"http://127.0.0.1:{self.port}"
        own: Sections = {
            "state": {"dir": str(self.state)},
            "edge": {"port": self.port, "cores": [f"127.0.0.1:{trunk}"]},
            "core": {"listen": f"127.0.0.1:{trunk}", "ops": f"127.0.0.1:{ops}"},
        }
        self.config = write_config(folder / "segue.json", merge(own, config or {}))
        self._env = env or {}
        self._up: Child | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.end()

    @property
    def api_key(self) -> str:
        return (self.state / "api.key").read_text().strip()

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"}

    @property
    def log(self) -> str:
        assert self._up is not None
        return self._up.log

    def start(self, ready_s: float = READY_S) -> None:
        """Start, and wait until sessions would be served and the models are warm."""
        command = [*CLI, "up", *([str(self.agent)] if self.agent else []), "--config", str(self.config)]
        self._up = Child(command, self.folder / "segue.log", cwd=self.folder, env=self._env)
        try:
            self.wait_ready(ready_s)
        except BaseException:
            self.end()
            raise

    def wait_ready(self, ready_s: float = READY_S) -> None:
        """Wait for the edge to have a core, and for the core to have its models."""
        assert self._up is not None
        for url in (f"{self.url}/readyz", f"{self.ops_url}/readyz"):
            wait_until(lambda url=url: status_of(url) == 200 or self._up.has_ended, f"{url} to answer 200", ready_s)  # type: ignore[misc, union-attr]
        assert not self._up.has_ended, f"segue up ended with {self._up.process.returncode}:\n{self.log}"

    def end(self) -> None:
        """Stop everything; prints the log, which pytest shows when the test failed."""
        if self._up is None:
            return
        self._up.stop()
        print(f"--- log of segue up (port {self.port})\n{self.log[-6000:]}")

    @property
    def up(self) -> "Child":
        assert self._up is not None
        return self._up

    def pid(self, role: Role) -> int | None:
        """Of the role's process that runs now."""
        assert self._up is not None
        return next((pid for pid in children_of(self._up.process.pid) if command_names(pid, role)), None)

    def signal(self, role: Role, number: signal.Signals) -> int:
        """Send a signal to a role; returns which process got it."""
        pid = self.pid(role)
        assert pid is not None, f"no {role} is running:\n{self.log[-3000:]}"
        os.kill(pid, number)
        return pid

    def get(self, path: str, *, of: Role = "edge") -> str:
        base = self.url if of == "edge" else self.ops_url
        with urllib.request.urlopen(base + path, timeout=5) as answer:
            return str(answer.read().decode())

    def cli(self, *arguments: str, timeout_s: float = 120.0) -> "subprocess.CompletedProcess[str]":
        """Run another command of the same installation, to its end."""
        return run_cli(*arguments, cwd=self.folder, timeout_s=timeout_s)


@dataclass
class Child:
    """One process that leads a group of its own, its output in a file."""

    command: Sequence[str]
    log_path: Path
    cwd: Path = ROOT
    env: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._file = self.log_path.open("ab")
        self.process = subprocess.Popen(
            self.command,
            cwd=self.cwd,
            env=environment(self.env),
            stdin=subprocess.DEVNULL,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def stop(self, grace_s: float = 10.0) -> None:
        """SIGTERM, then SIGKILL to what is left of the group."""
        if not self.has_ended:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace_s)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(5)
        self._file.close()


def run_cli(
    *arguments: str, cwd: Path = ROOT, env: Mapping[str, str] | None = None, timeout_s: float = 60.0
) -> "subprocess.CompletedProcess[str]":
    """Run a `segue` command that ends by itself."""
    return subprocess.run(
        [*CLI, *arguments],
        cwd=cwd,
        env=environment(env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout_s,
    )


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Ours, without what would configure a Segue, and wide enough that lines are not broken."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEGUE_") or name == "SEGUE_CACHE"}
    return {**kept, "COLUMNS": "160", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", **changes}


def write_config(path: Path, sections: Sections) -> Path:
    nested: dict[str, Any] = {}
    for name, fields in sections.items():
        outer, _, inner = name.partition(".")
        if inner:
            nested.setdefault(outer, {})[inner] = dict(fields)
        else:
            nested[outer] = dict(fields)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(nested, indent=1))
    return path


def merge(first: Sections, second: Sections) -> dict[str, dict[str, Any]]:
    return {name: {**first.get(name, {}), **second.get(name, {})} for name in {**first, **second}}


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on now, all different."""
    with contextlib.ExitStack() as stack:
        made = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in made:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in made]


def status_of(url: str) -> int | None:
    """HTTP status, None while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return None


def wait_until(condition: Any, what: str, within_s: float, every_s: float = 0.02) -> None:
    """Wait for something outside of this process.

    Raises:
        AssertionError: It did not come about in time.
    """
    until = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < until, f"waited {within_s:.0f} s for {what}"
        time.sleep(every_s)


def children_of(parent: int) -> list[int]:
    """Process ids whose parent is `parent`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(fields[1]) == parent and fields[0] != "Z":
                    found.append(int(entry.name))
    return found


def command_names(pid: int, role: Role) -> bool:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return b"segue.cli" in words and role.encode() in words
    return False


def cpu_s(pid: int) -> float:
    """Processor time a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
