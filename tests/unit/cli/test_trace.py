"""`segue trace`: sessions and turns of a journal that a core wrote, takeovers between them, and what is not there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from segue.adapters.clock.fake import FakeClock
from segue.adapters.store.schema import SqliteConfig
from segue.adapters.store.sqlite import SqliteStore
from segue.cli.trace import SESSIONS_SHOWN, run_trace
from segue.model.errors import ConfigError
from segue.model.ids import Epoch, ItemId, NodeId, Seq, SessionId, TurnId, session_id_from_word
from segue.model.time import NS_PER_S
from segue.session.rows import EpochBody, Row, Urgency, encode_epoch
from segue.telemetry.marks import MarkName
from segue.telemetry.record import HopRow, TurnRecord
from segue.voice.rows import (
    ROW_VERSION,
    ItemFinished,
    ItemWasHeard,
    TurnCommitted,
    TurnTimed,
    TurnTranscribed,
    VoiceRow,
    encode_body,
    row_kind,
)
from segue.wire.realtime.items import Message, OutputAudioPart, OutputText
from tests.unit.cli.conftest import Screen

ONE, TWO = session_id_from_word(1), session_id_from_word(2)
STATE = {"state": {"dir": "state"}}


class Scribe:
    """Writes a session's rows as a core would, a second apart."""

    def __init__(self, store: SqliteStore, clock: FakeClock, session: SessionId) -> None:
        self.store, self.clock, self.session = store, clock, session
        self.seq = 0
        self.epoch = 0

    async def claim(self) -> None:
        self.epoch += 1
        body = EpochBody(node=NodeId(f"core-{self.epoch}"), claim=f"claim {self.epoch}", subject="key:1 [x]")
        await self._put(encode_epoch(self.session, self._next(), Epoch(self.epoch), body))

    async def put(self, *bodies: VoiceRow) -> None:
        for body in bodies:
            row = Row(
                session=self.session,
                seq=self._next(),
                epoch=Epoch(self.epoch),
                kind=row_kind(body),
                body=encode_body(body),
                version=ROW_VERSION,
            )
            await self._put(row)

    async def turn(self, number: int, said: str, answered: str, *, heard: str | None = None, ms: int = 400) -> None:
        user, agent, turn = f"user_{number}", f"agent_{number}", f"turn_{number}"
        message = Message(id=agent, role="assistant", content=(OutputAudioPart(transcript=answered),))
        finished = ItemFinished(
            response_id=f"resp_{number}",
            item=message,
            previous_item_id=user,
            modality="audio",
            is_in_conversation=True,
        )
        await self.put(
            TurnCommitted(turn_id=turn, item_id=user, previous_item_id=None, audio_start_ms=0, audio_end_ms=900),
            TurnTranscribed(item_id=user, text=said, audio_ms=900),
            finished,
            ItemWasHeard(item_id=agent, heard_ms=300, text=heard or answered, is_cut=heard is not None),
            TurnTimed(record=record(turn, agent, ms), stats={}),
        )

    def _next(self) -> Seq:
        self.seq += 1
        return Seq(self.seq)

    async def _put(self, row: Row) -> None:
        self.clock.advance(NS_PER_S)
        await self.store.put([row], Urgency.GATE)


def record(turn: str, item: str, ms: int) -> TurnRecord:
    return TurnRecord(
        turn_id=TurnId(turn),
        item_id=ItemId(item),
        hops=(HopRow("endpointing", 0, ms * 1_000_000, None),),
        starts_at=MarkName.MIC,
        ends_at=MarkName.EAR,
        voice_to_voice_ns=ms * 1_000_000,
    )


@asynccontextmanager
async def journal() -> AsyncIterator[tuple[SqliteStore, FakeClock]]:
    clock = FakeClock()
    store = await SqliteStore.open(SqliteConfig(path=make("state") / "journal.db"), clock)
    try:
        yield store, clock
    finally:
        await store.close()


def make(name: str) -> Path:
    path = Path(name)
    path.mkdir(exist_ok=True)
    return path


async def two_turns_and_a_takeover() -> None:
    async with journal() as (store, clock):
        scribe = Scribe(store, clock, ONE)
        await scribe.claim()
        await scribe.turn(1, "Hello [there].", "Good day to you.", heard="Good day")
        await scribe.claim()
        await scribe.turn(2, "Who are you?", "A machine.", ms=800)


async def traced(screen: Screen, session: str | None, turn: int | None = None) -> str:
    assert await run_trace(session, turn, None, STATE, screen.console) == 0
    return screen.text


async def test_turns_come_in_order_with_what_was_said_and_heard(screen: Screen) -> None:
    await two_turns_and_a_takeover()
    text = await traced(screen, ONE)
    expected = (
        "you    Hello [there].",
        "agent  Good day — cut",
        "voice-to-voice 400.0 ms",
        "taken over: epoch 2",
        "you    Who are you?",
        "agent  A machine.",
        "voice-to-voice 800.0 ms",
        "p95",
    )
    places = [text.index(each) for each in expected]
    assert places == sorted(places)
    assert "epoch 1" not in text, "the first owner took over from nobody"
    assert "2023-11-14 22:13:2" in text, "instants are of the wall clock, in UTC"


async def test_one_turn_is_drawn_alone(screen: Screen) -> None:
    await two_turns_and_a_takeover()
    text = await traced(screen, ONE, 2)
    assert "Who are you?" in text
    assert "Hello" not in text
    assert "taken over" not in text
    assert "p95" not in text


async def test_a_takeover_after_the_last_turn_is_told_too(screen: Screen) -> None:
    async with journal() as (store, clock):
        scribe = Scribe(store, clock, ONE)
        await scribe.claim()
        await scribe.turn(1, "Hello.", "Good day.")
        await scribe.claim()
    text = await traced(screen, ONE)
    assert text.index("agent  Good day.") < text.index("taken over: epoch 2")


async def test_a_written_answer_is_shown_and_parts_without_words_are_not(screen: Screen) -> None:
    async with journal() as (store, clock):
        scribe = Scribe(store, clock, ONE)
        await scribe.claim()
        parts = (OutputText(text="In writing."), OutputAudioPart(transcript=""))
        message = Message(id="agent_1", role="assistant", content=parts)
        finished = ItemFinished(
            response_id="r", item=message, previous_item_id=None, modality="text", is_in_conversation=True
        )
        await scribe.put(finished, TurnTimed(record=record("turn_1", "agent_1", 5), stats={}))
    text = await traced(screen, ONE)
    assert "agent  In writing." in text
    assert "you" not in text


async def test_a_session_without_measured_turns_says_so(screen: Screen) -> None:
    async with journal() as (store, clock):
        await Scribe(store, clock, ONE).claim()
    assert "no turns yet" in await traced(screen, ONE)


async def test_a_long_session_is_read_to_its_end(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segue.cli.trace.PAGE_ROWS", 3)
    await two_turns_and_a_takeover()
    assert "A machine." in await traced(screen, ONE)


async def test_sessions_are_listed_the_latest_first(screen: Screen) -> None:
    async with journal() as (store, clock):
        for session in (ONE, TWO):
            scribe = Scribe(store, clock, session)
            await scribe.claim()
            await scribe.turn(1, "a", "b")
    await traced(screen, None)
    head, latest, earlier = screen.lines
    assert head.split() == ["session", "began", "(UTC)", "lasted", "rows", "epoch", "subject"]
    assert latest.startswith(TWO)
    assert earlier.startswith(ONE)
    assert latest.endswith("0:00:05  6     1      key:1 [x]")
    assert SESSIONS_SHOWN >= 2


async def test_ids_can_be_copied_from_a_narrow_terminal() -> None:
    async with journal() as (store, clock):
        await Scribe(store, clock, ONE).claim()
    narrow = Console(file=StringIO(), width=60, no_color=True)
    await run_trace(None, None, None, STATE, narrow)
    assert isinstance(narrow.file, StringIO)
    assert ONE in narrow.file.getvalue()


async def test_an_empty_journal_says_so(screen: Screen) -> None:
    async with journal():
        pass
    assert await traced(screen, None) == "no sessions in this journal\n"


@pytest.mark.parametrize(
    ("session", "turn", "says"),
    [
        (TWO, None, "is not in this journal; `segue trace` lists those that are"),
        ("nonsense", None, "session: "),
        (ONE, 3, "turn 3: does not exist; the session has 2 measured turns"),
    ],
)
async def test_what_is_not_there_is_named(screen: Screen, session: str, turn: int | None, says: str) -> None:
    await two_turns_and_a_takeover()
    with pytest.raises(ConfigError, match=says):
        await run_trace(session, turn, None, STATE, screen.console)
    assert screen.text == ""


async def test_without_a_journal_nothing_is_made(screen: Screen) -> None:
    with pytest.raises(ConfigError, match=r"state/journal\.db: there is no journal; name the folder with --state"):
        await run_trace(None, None, None, STATE, screen.console)
    assert contents() == []


def contents() -> list[str]:
    return [path.name for path in Path().iterdir()]
