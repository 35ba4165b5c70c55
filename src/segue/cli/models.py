"""`segue models`: install the pinned models, list what is there and what each costs."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn
from rich.table import Table

from segue.adapters.models.catalog import CATALOG, ModelSpec
from segue.adapters.models.hub import install_hub_file, parse_hub_ref
from segue.adapters.models.install import install_models
from segue.adapters.models.local import open_local_speech
from segue.adapters.models.locate import Damaged, Installed, ModelCache, default_cache
from segue.adapters.models.measure import measure_models
from segue.adapters.models.progress import InstallProgress, Step
from segue.adapters.models.threads import ModelThreads


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

        hub = [name for name in names if name.startswith("hf:")]
        pinned = [name for name in names if name not in hub]
        results = install_models(pinned or None, cache, progress=show) if pinned or not hub else []
        fetched = [install_hub_file(parse_hub_ref(name), cache, progress=show) for name in hub]
    for result in results:
        what = "installed" if result.fetched else "already there"
        console.print(f"{result.model}: {what} ({result.size_bytes / 1e6:.1f} MB)", highlight=False)
    for path in fetched:
        console.print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)", highlight=False, soft_wrap=True)


async def measured_factors() -> dict[str, float]:
    """Real-time factor of each installed model on this machine: work per second of sound.

    Raises:
        ConfigError: A model is not installed.
    """
    threads = ModelThreads()
    try:
        measurements = await measure_models(open_local_speech(open_cache(), threads))
    finally:
        threads.close()
    return {measurement.model: measurement.real_time_factor for measurement in measurements}


def list_models(console: Console, factors: Mapping[str, float] | None = None) -> None:
    """What the catalogue has and what is here; with `factors`, also how fast each is here."""
    cache = open_cache()
    columns = ["model", "for", "state", "size", "licence"] + (["RTF here"] if factors else [])
    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for spec in CATALOG:
        row = [
            f"{spec.name} {spec.version}",
            spec.role.value,
            _state(cache, spec),
            f"{spec.unpacked_bytes / 1e6:.1f} MB",
            spec.licence,
        ]
        table.add_row(*row, *([f"{factors[spec.name]:.3f}"] if factors else []))
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
