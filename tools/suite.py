"""Run a named suite step by step, to the end even when a step fails, and close with one line of totals.

    python tools/suite.py check|test|chaos|soak|fuzz|bench

A step that counts its tests (pytest, cargo, the web tests) adds its counts; any other counts as one. Exit status 1 when
anything failed. Output goes straight through; nothing is read from standard input.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            passed=self.passed + other.passed,
            failed=self.failed + other.failed,
            skipped=self.skipped + other.skipped,
        )

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    name: str
    command: tuple[str, ...]
    where: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    count: Callable[[str], Counts] | None = None
    """Reads counts out of the output; None for a step that is one test in itself, and for pytest, which writes XML."""


def main(arguments: list[str]) -> int:
    suites = {"check": check, "test": test, "chaos": chaos, "soak": soak, "fuzz": fuzz, "bench": bench}
    if len(arguments) != 1 or arguments[0] not in suites:
        print(__doc__)
        return 2
    total, rows = Counts(), []
    for step in suites[arguments[0]]():
        counts, seconds = run(step)
        total += counts
        rows.append((step.name, counts, seconds))
    print("\n" + "-" * 60)
    for name, counts, seconds in rows:
        print(f"{'FAILED' if counts.failed else 'ok':<7}{name:<22}{counts!s:<32}{seconds:6.1f} s")
    print(total, flush=True)
    return 1 if total.failed else 0


def check() -> list[Step]:
    return [*static(), pytest("tests", "tests/unit", "tests/tidy", "tests/property")]


def test() -> list[Step]:
    steps = [*static(), cargo_test()]
    if (ROOT / "web/package.json").exists():
        steps.append(Step(name="web", command=("npm", "test"), where="web", count=web_counts))
    return [*steps, pytest("tests", "tests", "-m", "not soak")]


def chaos() -> list[Step]:
    """Every cell, several times, at other instants each; its table goes where the benches' results go."""
    more = {
        "CHAOS_ROUNDS": os.environ.get("CHAOS_ROUNDS", "3"),
        "CHAOS_RESULTS": str(ROOT / "bench/results/chaos.json"),
    }
    return [replace(pytest("chaos", "tests/chaos", "-m", "not soak"), env=more)]


def soak() -> list[Step]:
    return [pytest("soak", "tests", "-m", "soak", "-o", "timeout=0")]


def fuzz() -> list[Step]:
    cases = {"PROPTEST_CASES": os.environ.get("PROPTEST_CASES", "100000")}
    return [
        cargo_test(cases),
        pytest("property", "tests/property", "tests/unit/native", "--hypothesis-profile=fuzz", "-o", "timeout=0"),
    ]


def bench() -> list[Step]:
    scripts = sorted(path for path in (ROOT / "bench").glob("*.py") if not path.name.startswith("_"))
    return [Step(name=path.stem, command=(sys.executable, str(path.relative_to(ROOT)))) for path in scripts]


def static() -> list[Step]:
    return [
        Step(name="format", command=("ruff", "format", "--check", ".")),
        Step(name="lint", command=("ruff", "check", ".")),
        Step(name="types", command=("mypy", "--strict", "src")),
        Step(name="floors", command=("lint-imports", "--no-logo")),
        Step(name="native stub", command=(sys.executable, "-m", "mypy.stubtest", "segue._native")),
        Step(name="cargo format", command=("cargo", "fmt", "--all", "--check"), where="native"),
        Step(
            name="cargo clippy",
            command=("cargo", "clippy", "-q", "--workspace", "--all-targets", "--", "-D", "warnings"),
            where="native",
        ),
    ]


def cargo_test(env: Mapping[str, str] | None = None) -> Step:
    return Step(
        name="cargo test",
        command=("cargo", "test", "-q", "--workspace"),
        where="native",
        env=env or {},
        count=cargo_counts,
    )


def pytest(name: str, *arguments: str) -> Step:
    paths = [argument for argument in arguments if not argument.startswith("tests/") or (ROOT / argument).exists()]
    return Step(name=name, command=(sys.executable, "-m", "pytest", "-q", "--continue-on-collection-errors", *paths))


def run(step: Step) -> tuple[Counts, float]:
    print(f"\n== {step.name}: {' '.join(step.command).replace(sys.executable, 'python')}", flush=True)
    began = time.monotonic()
    env = {**os.environ, **step.env}
    if "pytest" in step.command:
        counts = run_pytest(step, env)
    elif step.count is not None:
        counts = run_counted(step, env, step.count)
    else:
        code = subprocess.call(step.command, cwd=ROOT / step.where, env=env, stdin=subprocess.DEVNULL)
        counts = Counts(failed=1) if code else Counts(passed=1)
    return counts, time.monotonic() - began


def run_pytest(step: Step, env: Mapping[str, str]) -> Counts:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "junit.xml"
        command = (*step.command, f"--junitxml={report}")
        code = subprocess.call(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL)
        counts = junit_counts(report)
    if code == NOTHING_COLLECTED:
        print(f"no test in {step.name} yet")
        return Counts()
    return counts if code == 0 or counts.failed else counts + Counts(failed=1)


def run_counted(step: Step, env: Mapping[str, str], count: Callable[[str], Counts]) -> Counts:
    lines = []
    with subprocess.Popen(
        step.command,
        cwd=ROOT / step.where,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    code = process.returncode
    counts = count("".join(lines))
    if code:
        return counts if counts.failed else counts + Counts(failed=1)
    return counts if counts.passed else Counts(passed=1)


def junit_counts(report: Path) -> Counts:
    if not report.exists():
        return Counts()
    suite = ET.parse(report).getroot().find("testsuite")
    if suite is None:
        return Counts()
    tests, failures, errors, skipped = (int(suite.get(name, 0)) for name in ("tests", "failures", "errors", "skipped"))
    return Counts(passed=tests - failures - errors - skipped, failed=failures + errors, skipped=skipped)


def cargo_counts(output: str) -> Counts:
    found = re.findall(r"test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored", output)
    return Counts(
        passed=sum(int(row[0]) for row in found),
        failed=sum(int(row[1]) for row in found),
        skipped=sum(int(row[2]) for row in found),
    )


def web_counts(output: str) -> Counts:
    """Reads node's own test runner (`# pass 12`) and vitest (`Tests  1 failed | 12 passed (13)`)."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    node = {
        name: sum(map(int, re.findall(rf"^\S* ?{name} (\d+)$", plain, re.M))) for name in ("pass", "fail", "skipped")
    }
    vitest = " ".join(re.findall(r"^\s*Tests\s+(.*)$", plain, re.M))
    by_word = {word: int(number) for number, word in re.findall(r"(\d+) (passed|failed|skipped)", vitest)}
    return Counts(
        passed=node["pass"] + by_word.get("passed", 0),
        failed=node["fail"] + by_word.get("failed", 0),
        skipped=node["skipped"] + by_word.get("skipped", 0),
    )


NOTHING_COLLECTED = 5

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
