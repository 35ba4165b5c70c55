"""The runner of suites: counts are read from every kind of output, and a failing step hides no later one."""

import sys
from pathlib import Path

import pytest

from tools import suite
from tools.suite import Counts, Step


def test_reads_cargo() -> None:
    output = (
        "test result: ok. 8 passed; 0 failed; 1 ignored; 0 measured\ntest result: FAILED. 1 passed; 2 failed; 0 ignored"
    )
    assert suite.cargo_counts(output) == Counts(passed=9, failed=2, skipped=1)


def test_reads_node_and_vitest() -> None:
    assert suite.web_counts("# tests 5\n# pass 4\n# fail 1\n# skipped 0\n") == Counts(passed=4, failed=1)
    assert suite.web_counts("ℹ pass 7\nℹ fail 0\n") == Counts(passed=7)
    coloured = "\x1b[2m      Tests \x1b[22m \x1b[31m1 failed\x1b[39m | \x1b[32m12 passed\x1b[39m | 2 skipped (15)"
    assert suite.web_counts(coloured) == Counts(passed=12, failed=1, skipped=2)


def test_reads_junit(tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text('<testsuites><testsuite tests="10" failures="1" errors="2" skipped="3"/></testsuites>')
    assert suite.junit_counts(report) == Counts(passed=4, failed=3, skipped=3)
    assert suite.junit_counts(tmp_path / "absent.xml") == Counts()


def test_runs_every_step_and_closes_with_the_totals(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = [
        Step(name="bad", command=(sys.executable, "-c", "raise SystemExit(3)")),
        Step(name="good", command=(sys.executable, "-c", "")),
    ]
    monkeypatch.setattr(suite, "check", lambda: steps)
    assert suite.main(["check"]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "1 passed, 1 failed"


def test_a_counting_step_that_dies_without_counts_has_failed() -> None:
    dying = Step(
        name="web", command=(sys.executable, "-c", "print('# pass 3'); raise SystemExit(1)"), count=suite.web_counts
    )
    silent = Step(name="web", command=(sys.executable, "-c", ""), count=suite.web_counts)
    assert suite.run(dying)[0] == Counts(passed=3, failed=1)
    assert suite.run(silent)[0] == Counts(passed=1)


def test_an_unknown_suite_is_refused_with_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert suite.main(["everything"]) == 2
    assert "check|test|chaos" in capsys.readouterr().out
