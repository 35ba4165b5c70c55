"""`segue models`: install the pinned models, list what is there and what each costs."""

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table

from segue.adapters.models.catalog import CATALOG, ModelSpec
from segue.adapters.models.install import install_models
from segue.adapters.models.locate import Damaged, Installed, ModelCache, default_cache
from segue.adapters.models.progress import InstallProgress, Step


def open_cache() -> ModelCache:
    """The cache of this user on this machine."""
    return ModelCache(default_cache(os.environ, Path.home()))


def missing_models(cache: ModelCache) -> list[ModelSpec]:
    """Models of the catalogue that are not whole in the cache."""
    return [spec for spec in CATALOG if not isinstance(cache.state(spec), Installed)]


def install(names: Sequence[str], console: Console) -> None:
    """Install the named models, or all; shows a bar per download.

    Raises:
        ConfigError, ProviderError: As `install_models`.
    """
    cache = open_cache()
    with _bars(console) as progress:
        tasks: dict[str, TaskID] = {}

        def show(report: InstallProgress) -> None:
            if report.subject not in tasks:
                tasks[report.subject] = progress.add_task(report.subject, total=report.total_bytes or None)
            progress.update(
                tasks[report.subject],
                description=f"{report.subject} {_STEPS[report.step]}",
                completed=report.done_bytes,
                total=report.total_bytes or None,
            )

        results = install_models(list(names) or None, cache, progress=show)
    for result in results:
        what = "installed" if result.fetched else "already there"
        console.print(f"{result.model}: {what} ({result.size_bytes / 1e6:.1f} MB)", highlight=False)


def list_models(console: Console, factors: "dict[str, str] | None" = None) -> None:
    """What the catalogue has and what is here. `factors`: measured real-time factor by model, if it was measured."""
    cache = open_cache()
    columns = ["model", "for", "state", "size", "licence", "from"] + (["real-time factor here"] if factors else [])
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for spec in CATALOG:
        row = [
            f"{spec.name} {spec.version}",
            spec.role.value,
            _state(cache, spec),
            f"{spec.unpacked_bytes / 1e6:.1f} MB",
            spec.licence,
            f"{spec.wheel.distribution} {spec.wheel.version}",
        ]
        table.add_row(*row, *([factors.get(spec.name, "")] if factors else []))
    console.print(table)
    console.print(f"cache: {cache.root}", style="dim", highlight=False)


def _state(cache: ModelCache, spec: ModelSpec) -> str:
    state = cache.state(spec)
    if isinstance(state, Installed):
        return "[green]installed[/green]"
    if isinstance(state, Damaged):
        return "[red]damaged[/red]"
    return "[yellow]missing[/yellow]"


def _bars(console: Console) -> Progress:
    return Progress(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), console=console, transient=True)


_STEPS = {
    Step.DOWNLOAD: "downloading",
    Step.VERIFY: "checking",
    Step.UNPACK: "unpacking",
    Step.DONE: "installed",
    Step.PRESENT: "is there",
}
