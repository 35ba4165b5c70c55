"""`segue doctor`: a finding for each thing looked at, a remedy for each that is not well, and nothing changed."""

import os
import shutil
import socket
from pathlib import Path
from types import SimpleNamespace

import pytest

from segue.adapters.models.catalog import CATALOG, SILERO
from segue.cli import doctor
from segue.cli.doctor import Finding, Verdict, Wanted, examine, report, run_doctor
from segue.cli.models import open_cache
from tests.unit.cli.conftest import Screen


def findings(*, needs_local_speech: bool = False, host: str = "127.0.0.1", port: int = 0) -> list[Finding]:
    wanted = Wanted(host=host, port=port, journal=Path("state/journal.db"), needs_local_speech=needs_local_speech)
    return list(examine(wanted, open_cache(), Path("static")))


def about(word: str, found: list[Finding]) -> Finding:
    (finding,) = [finding for finding in found if word in finding.what]
    return finding


def test_a_machine_that_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "missing_models", lambda _: [])
    monkeypatch.setattr(shutil, "which", lambda name: name)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1})
    Path("static").mkdir()
    Path("static/index.html").touch()
    found = findings()
    assert [finding.verdict for finding in found] == [Verdict.OK] * len(found)
    assert all(finding.remedy == "" for finding in found)


def test_a_port_in_use_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        finding = about(f"port {port}", findings(port=port))
    assert finding.verdict is Verdict.LACKS
    assert "--port" in finding.remedy
    assert about(f"port {port}", findings(port=port)).verdict is Verdict.OK


def test_an_address_of_another_machine_is_broken() -> None:
    finding = about("192.0.2.1", findings(host="192.0.2.1"))
    assert finding.verdict is Verdict.BROKEN
    assert "--host" in finding.remedy


def test_missing_models_break_only_who_needs_them() -> None:
    broken = about("silero", findings(needs_local_speech=True))
    assert broken.verdict is Verdict.BROKEN
    assert broken.remedy.startswith(f"segue models install {SILERO.name} ")
    assert about("silero", findings(needs_local_speech=False)).verdict is Verdict.LACKS


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=100_000_000))
    finding = about("MB free", findings())
    assert finding.verdict is Verdict.LACKS
    assert "only 100 MB free" in finding.what


def test_a_folder_that_is_not_ours_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    finding = about("cannot be written", findings())
    assert finding.verdict is Verdict.BROKEN
    assert "--state" in finding.remedy


def test_asserts_switched_off_are_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    flags = SimpleNamespace(optimize=1)
    monkeypatch.setattr(doctor, "sys", SimpleNamespace(version_info=(3, 11, 0), flags=flags))
    finding = about("Python", findings())
    assert (finding.verdict, finding.what) == (Verdict.BROKEN, "Python 3.11.0 with -O")


def test_what_is_lacking_is_told_with_what_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0})
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    found = findings()
    assert about("native", found).verdict is Verdict.BROKEN
    assert about("one processor", found).verdict is Verdict.LACKS
    assert about("page is not built", found).remedy.startswith("make setup")
    assert "only the browser tests" in about("Chromium", found).remedy
    assert about("GPU", found).verdict is Verdict.OK


def test_the_report_is_one_if_something_is_broken(screen: Screen) -> None:
    fine = Finding(verdict=Verdict.OK, what="well")
    lacks = Finding(verdict=Verdict.LACKS, what="[lacking]", remedy="get it")
    assert report(iter([fine, lacks]), screen.console) == 0
    assert screen.lines == ["  ok   well", " lacks [lacking]", "        → get it"]
    assert report(iter([Finding(verdict=Verdict.BROKEN, what="x"), fine]), screen.console) == 1


def test_it_asks_for_what_is_configured_and_changes_nothing(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Wanted] = []
    monkeypatch.setattr(doctor, "examine", lambda wanted, *_: seen.append(wanted) or iter(()))
    remote = {"stt": ["x"], "eot": ["x"], "tts": ["x"], "vad": "energy"}
    flags = {"edge": {"port": 9, "host": "::1"}, "journal": {"path": "elsewhere/j.db"}, "use": remote}
    assert run_doctor(None, flags, screen.console) == 0
    assert seen == [Wanted(host="::1", port=9, journal=Path("elsewhere/j.db"), needs_local_speech=False)]
    assert list(Path().iterdir()) == []
    assert CATALOG
