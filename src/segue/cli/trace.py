"""`segue trace`: the sessions of a journal, and the waterfall of every turn of one of them."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from segue.adapters.clock.system import SystemClock
from segue.adapters.store.port import StampedRow, Store
from segue.adapters.store.sqlite import SqliteStore
from segue.cli.config import load_settings
from segue.cli.roles import journal_config
from segue.cli.waterfall import render_table, render_turn
from segue.model.errors import ConfigError
from segue.model.ids import Seq, SessionId, session_word
from segue.model.time import WallMs
from segue.session.rows import EPOCH_KIND
from segue.telemetry.record import HopStats, TurnRecord
from segue.voice.rows import ItemFinished, ItemWasHeard, TurnCommitted, TurnTimed, TurnTranscribed, decode_row
from segue.wire.realtime.items import Message, OutputAudioPart, OutputText

SESSIONS_SHOWN = 20
SESSION_CHARS = 18
"""Of a session id: it is there to be copied, so it is never cut."""

PAGE_ROWS = 1_000


async def run_trace(
    session: str | None, turn: int | None, path: Path | None, flags: Mapping[str, Mapping[str, Any]], console: Console
) -> int:
    """List the latest sessions, or draw the turns of one.

    Raises:
        ConfigError: No journal, no such session, or no such turn.
    """
    config = journal_config(load_settings(path, flags))
    if not config.path.exists():
        raise ConfigError(str(config.path), "there is no journal", hint="name the folder with --state")
    store = await SqliteStore.open(config, SystemClock())
    try:
        if session is None:
            await _list(store, console)
        else:
            await _draw(store, _session_id(session), turn, console)
    finally:
        await store.close()
    return 0


async def _list(store: Store, console: Console) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("session", no_wrap=True, min_width=SESSION_CHARS)
    for name, width in (("began (UTC)", 19), ("lasted", 7), ("rows", 4), ("epoch", 5)):
        table.add_column(name, no_wrap=True, min_width=width)
    table.add_column("subject", no_wrap=True, overflow="ellipsis")
    for summary in await store.sessions(limit=SESSIONS_SHOWN):
        table.add_row(
            summary.session,
            _clock(summary.first_wall_ms),
            str(timedelta(seconds=max(0, summary.last_wall_ms - summary.first_wall_ms) // 1000)),
            str(summary.head),
            str(summary.epoch),
            escape(summary.subject),
        )
    console.print(table if table.row_count else "no sessions in this journal")


@dataclass(slots=True)
class _Story:
    """What a journal says of one session, as far as people want to see it."""

    texts: dict[str, str] = field(default_factory=dict)
    user_items: dict[str, str] = field(default_factory=dict)
    turns: list[tuple[WallMs, TurnRecord]] = field(default_factory=list)
    takeovers: list[tuple[WallMs, int]] = field(default_factory=list)
    claims: int = 0

    def add(self, stamped: StampedRow) -> None:
        if stamped.row.kind == EPOCH_KIND:
            self.claims += 1
            if self.claims > 1:
                self.takeovers.append((stamped.wall_ms, stamped.row.epoch))
            return
        match decode_row(stamped.row):
            case TurnCommitted(turn_id=turn_id, item_id=item_id):
                self.user_items[turn_id] = item_id
            case TurnTranscribed(item_id=item_id, text=text):
                self.texts[item_id] = text
            case ItemFinished(item=item):
                self.texts[item.id] = _spoken(item)
            case ItemWasHeard(item_id=item_id, text=text, is_cut=True):
                self.texts[item_id] = f"{text} — cut"
            case TurnTimed(record=record):
                self.turns.append((stamped.wall_ms, record))
            case _:
                pass


async def _draw(store: Store, session: SessionId, wanted: int | None, console: Console) -> None:
    story = _Story()
    async for stamped in _rows(store, session):
        story.add(stamped)
    if not story.claims:
        raise ConfigError(session, "is not in this journal", hint="`segue trace` lists those that are")
    if wanted is not None and wanted > len(story.turns):
        raise ConfigError(f"turn {wanted}", f"does not exist; the session has {len(story.turns)} measured turns")
    takeovers = list(story.takeovers)
    for number, (wall_ms, record) in enumerate(story.turns, start=1):
        if wanted not in (None, number):
            continue
        while wanted is None and takeovers and takeovers[0][0] <= wall_ms:
            _print_takeover(console, *takeovers.pop(0))
        _print_turn(console, story, number, wall_ms, record)
    if wanted is None:
        for at, epoch in takeovers:
            _print_takeover(console, at, epoch)
        stats = HopStats()
        for _, record in story.turns:
            stats.add(record)
        console.print(render_table(stats.summary()))


def _print_takeover(console: Console, at: WallMs, epoch: int) -> None:
    console.print(f"[yellow]{_clock(at)}  taken over: epoch {epoch}[/yellow]\n", highlight=False)


def _print_turn(console: Console, story: _Story, number: int, wall_ms: WallMs, record: TurnRecord) -> None:
    console.print(f"[bold]{number}[/bold]  [dim]{_clock(wall_ms)}[/dim]", highlight=False)
    user = story.texts.get(story.user_items.get(record.turn_id, ""))
    agent = story.texts.get(record.item_id)
    if user is not None:
        console.print(f"[cyan]you  [/cyan]  {escape(user)}", highlight=False)
    if agent is not None:
        console.print(f"[green]agent[/green]  {escape(agent)}", highlight=False)
    console.print(render_turn(record))
    console.print()


async def _rows(store: Store, session: SessionId) -> AsyncIterator[StampedRow]:
    seq = 1
    while page := await store.read_stamped(session, Seq(seq), PAGE_ROWS):
        for stamped in page:
            yield stamped
        seq = page[-1].row.seq + 1


def _spoken(item: Message) -> str:
    parts = (
        part.transcript if isinstance(part, OutputAudioPart) else part.text
        for part in item.content
        if isinstance(part, OutputAudioPart | OutputText)
    )
    return " ".join(text for text in parts if text)


def _session_id(text: str) -> SessionId:
    session = SessionId(text)
    try:
        session_word(session)
    except ValueError as error:
        raise ConfigError("session", str(error)) from error
    return session


def _clock(wall_ms: WallMs) -> str:
    return datetime.fromtimestamp(wall_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
