"""The commands and their flags; what they do is in the modules beside this one."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from segue import __version__
from segue.model.errors import ConfigError, JournalTooNew, SegueError

CONFIG_STATUS = 78
"""Exit status (sysexits `EX_CONFIG`) of an error that only the operator can mend."""

INTERRUPTED_STATUS = 130
"""What shells give a program that Ctrl-C ended."""

R = TypeVar("R")

app = typer.Typer(
    name="segue",
    help="Live voice conversations with machines that survive the machines.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
models_app = typer.Typer(help="Install and list the local speech models.", no_args_is_help=True)
config_app = typer.Typer(help="See the configuration in force.", no_args_is_help=True)
app.add_typer(models_app, name="models")
app.add_typer(config_app, name="config")

console = Console()
errors = Console(stderr=True)

AgentFile = Annotated[
    Path | None, typer.Argument(metavar="AGENT.PY", help="Your agent; without one, a plain assistant.")
]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file; `segue.toml` here if there is one.")]
StateFolder = Annotated[Path | None, typer.Option("--state", help="Folder of the journal and keys [.segue].")]
Host = Annotated[str | None, typer.Option(help="Address the edge listens on [127.0.0.1].")]
Port = Annotated[int | None, typer.Option(help="Port the edge listens on [8080].")]


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    status: object = None
    try:
        app(args=list(arguments), prog_name="segue")
    except SystemExit as stop:
        status = stop.code
    except SegueError as error:
        status = _report(error)
    except BaseExceptionGroup as group:
        status = _report(_first(group))
    return status if isinstance(status, int) else int(status is not None)


@app.command()
def up(
    agent: AgentFile = None,
    config: ConfigFile = None,
    state: StateFolder = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Run everything on this machine: an edge and a core, started again if they die."""
    from segue.cli.up import run_up

    _run(run_up(agent, config, _flags(state=state, host=host, port=port), console))


@app.command()
def edge(
    config: ConfigFile = None,
    state: StateFolder = None,
    host: Host = None,
    port: Port = None,
    core: Annotated[list[str] | None, typer.Option(help="A core's trunk, host:port; repeat for several.")] = None,
) -> None:
    """Run an edge: sockets and tokens, no sessions. It may be killed at any time."""
    from segue.cli.edge_role import run_edge_role

    flags = _flags(state=state, host=host, port=port)
    flags["edge"]["cores"] = core or None
    _run(run_edge_role(config, flags))


@app.command()
def core(
    agent: AgentFile = None,
    config: ConfigFile = None,
    state: StateFolder = None,
    listen: Annotated[str | None, typer.Option(help="Where edges find it, host:port [127.0.0.1:7070].")] = None,
) -> None:
    """Run a core: the sessions, their journal, the models. It may be killed at any time."""
    from segue.cli.core_role import run_core_role

    flags = _flags(state=state)
    flags["core"] = {"listen": listen}
    _run(run_core_role(agent, config, flags))


@app.command()
def call(
    lines: Annotated[
        list[str], typer.Argument(metavar="LINE", help="What to say: text, or a WAV file; one argument a turn.")
    ],
    url: Annotated[
        list[str] | None, typer.Option(metavar="URL", help="Edge to call, if not the one here; repeat for several.")
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(metavar="TEXT", envvar="SEGUE_API_KEY", help="API key or ek_ secret, if not the key here."),
    ] = None,
    config: ConfigFile = None,
    state: StateFolder = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what was heard to this WAV file.")] = None,
    json_path: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write transcript and hops to this file.")
    ] = None,
    calls: Annotated[int, typer.Option(metavar="N", min=1, max=10_000, help="Make this many calls at once.")] = 1,
    rate: Annotated[float, typer.Option(metavar="N", min=0.01, help="New calls a second, with --calls.")] = 5.0,
    barge_in: Annotated[
        int | None,
        typer.Option(metavar="MS", min=1, help="Say the last line this far into the answer (or greeting) before it."),
    ] = None,
    wait_for_greeting: Annotated[bool, typer.Option("--wait-for-greeting", help="Let the agent speak first.")] = False,
) -> None:
    """Call a Segue and talk to it: speech in, answer out, transcript and where the time went.

    The lines are spoken by the local voice and heard at the speed of speech. Exit status 0: every line was answered.

    \b
    Examples:
    segue call "Hello, who are you?" "What can you do?" --out heard.wav
    segue call question.wav "Stop, please." --barge-in 800
    segue call "What time is it?" --calls 20 --rate 2 --json calls.json
    """
    from segue.cli.call import CallOrder, edge_here, run_call

    here = edge_here(config, _flags(state=state))
    key = token or here.api_key
    if key is None:
        hint = "give --token or SEGUE_API_KEY, or call from the folder where `segue up` runs"
        raise ConfigError("token", "there is none", hint=hint)
    order = CallOrder(
        lines=lines,
        urls=url or [here.url],
        token=key,
        out=out,
        json_path=json_path,
        calls=calls,
        rate_per_s=rate,
        barge_in_ms=barge_in,
        waits_for_greeting=wait_for_greeting,
    )
    _run(run_call(order, console))


@app.command()
def demo(
    port: Port = None,
    state: StateFolder = None,
    kill: Annotated[bool, typer.Option(help="Kill the core in an answer, the edge in a question.")] = True,
    stay: Annotated[bool, typer.Option(help="Stay up for you to talk to, until Ctrl-C.")] = True,
) -> None:
    """Start Segue, hold a spoken conversation with it, show where the time went, and stay up."""
    from segue.cli.demo import run_demo

    _run(run_demo(_flags(state=state, port=port), console, kills=kill, stays=stay))


@app.command()
def trace(
    session: Annotated[
        str | None, typer.Argument(metavar="SESSION", help="Session id; without one, the latest sessions.")
    ] = None,
    turn: Annotated[int | None, typer.Option(min=1, help="Only this turn, counted from 1.")] = None,
    config: ConfigFile = None,
    state: StateFolder = None,
) -> None:
    """List the latest sessions, or draw the waterfall of each turn of one, from the journal."""
    from segue.cli.trace import run_trace

    _run(run_trace(session, turn, config, _flags(state=state), console))


@app.command()
def doctor(config: ConfigFile = None, state: StateFolder = None) -> None:
    """Say what this machine has and lacks, and what to do about it."""
    from segue.cli.doctor import run_doctor

    raise typer.Exit(run_doctor(config, _flags(state=state), console))


@app.command()
def init(file: Annotated[Path, typer.Argument(metavar="FILE", help="File to write.")] = Path("agent.py")) -> None:
    """Write a commented agent to start from."""
    from segue.cli.starter import write_starter

    write_starter(file)
    console.print(f"wrote {file}; run it with: segue up {file}", highlight=False)


@models_app.command("install")
def models_install(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL", help="Names of `segue models list`, or hf:org/name/file; all of the list."),
    ] = None,
) -> None:
    """Fetch pinned, hash-checked models into the cache. What is there and whole is left alone."""
    from segue.cli.models import install

    with _interruptible():
        install(names or [], console)


@models_app.command("list")
def models_list(
    measure: Annotated[bool, typer.Option("--measure", help="Also measure each model's speed here (2 s).")] = False,
) -> None:
    """Show which models are installed, their size and licence, and with --measure their real-time factor."""
    from segue.cli.models import list_models, measured_factors

    with _interruptible():
        list_models(console, _finished(measured_factors()) if measure else None)


@config_app.command("show")
def config_show(config: ConfigFile = None, state: StateFolder = None) -> None:
    """Print every setting in force and where it came from. Secrets are not printed."""
    from segue.cli.config_show import show

    show(config, _flags(state=state), console)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        console.print(__version__, highlight=False)
        raise typer.Exit


@app.callback()
def top(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """Nothing but the version."""


def _flags(*, state: Path | None = None, host: str | None = None, port: int | None = None) -> dict[str, dict[str, Any]]:
    return {"state": {"dir": str(state) if state else None}, "edge": {"host": host, "port": port}}


def _run(work: Coroutine[Any, Any, int | None]) -> None:
    """Run a command to its end and exit with its status."""
    with _interruptible():
        status = _finished(work)
    raise typer.Exit(status or 0)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C is how many commands end: no message, and the status shells know it by."""
    try:
        yield
    except KeyboardInterrupt:
        raise typer.Exit(INTERRUPTED_STATUS) from None


def _finished(work: Coroutine[Any, Any, R]) -> R:
    import uvloop

    return uvloop.run(work)


def _report(error: BaseException) -> int:
    if isinstance(error, SegueError):
        errors.print(f"[red]segue:[/red] {escape(str(error))}", highlight=False, soft_wrap=True)
        return CONFIG_STATUS if isinstance(error, ConfigError | JournalTooNew) else 1
    if isinstance(error, KeyboardInterrupt | asyncio.CancelledError):
        return INTERRUPTED_STATUS
    raise error


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first leaf: what ended the others."""
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
