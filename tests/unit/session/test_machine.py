"""The session machine, step by step: claiming, committing, fencing, outages, rest, snapshots and poison."""

import pytest

from segue.model.errors import ConfigError, JournalTooNew, LimitExceeded, LocalProtocolError, SlotTaken
from segue.model.ids import Epoch, NodeId, Seq
from segue.model.time import MonoNs, ms
from segue.session.config import SessionConfig
from segue.session.inputs import Appended, AppendRefused, Claim, Happened, Rest, RowsRead, StoreLost, Tick
from segue.session.operations import Completed, EffectClass, InDoubt
from segue.session.outputs import Append, ReadRows, StopReason
from segue.session.rows import EPOCH_KIND, EPOCH_VERSION, EpochBody, Row, Snapshot, Urgency, decode_epoch
from segue.session.states import Ended, Poisoned, Reading, Resting, TimerReason
from tests.support.counter_kind import (
    Add,
    Break,
    Charge,
    Charged,
    CounterKind,
    LookUpCharge,
    Receipt,
    RunCharge,
    Say,
    Shout,
    WakeIn,
    folded,
)
from tests.support.session_owner import SESSION, Fate, Journal, Owner, Time


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def journal() -> Journal:
    return Journal()


def test_first_claim_writes_epoch_one_in_slot_one(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).own()
    assert [row.kind for row in journal.rows] == [EPOCH_KIND]
    body = decode_epoch(journal.rows[0])
    assert (body.node, body.subject, journal.rows[0].epoch) == ("node-a", "subject", 1)
    assert owner.owned is not None
    assert owner.owned.is_new
    assert owner.machine.epoch == 1
    assert owner.machine.session == SESSION


def test_a_row_is_appended_at_once_and_let_out_when_durable(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).own()
    owner.add(1, 5)
    assert owner.performed == []
    assert owner.machine.pending_rows == 1
    owner.settle()
    assert owner.performed == [Say("5", 1), Receipt(1, 5)]
    assert [released.row.seq for released in owner.released] == [2]
    assert owner.machine.durable_through == 2
    assert owner.machine.pending_rows == 0


def test_rows_written_during_an_append_share_the_next(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).own()
    for number in range(1, 5):
        owner.add(number, 1)
    assert len(owner.requests) == 1
    owner.answer()
    request = owner.requests[0]
    assert isinstance(request, Append)
    assert [row.seq for row in request.rows] == [3, 4, 5]


def test_urgency_follows_what_waits(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).own()
    owner.happen(Charge("k", EffectClass.ONCE))
    owner.settle()
    owner.happen(Charged("k"))
    request = owner.requests[0]
    assert isinstance(request, Append)
    assert request.urgency is Urgency.SOON
    owner.settle()
    owner.happen(Add(1, 1, Urgency.SOON))
    request = owner.requests[0]
    assert isinstance(request, Append)
    assert request.urgency is Urgency.GATE, "a receipt waits behind the row"


def test_a_taken_slot_stops_the_owner_and_lets_nothing_out(journal: Journal, time: Time) -> None:
    old = Owner(journal, time, "old").own()
    new = Owner(journal, time, "new").own()
    new.add(1, 3)
    new.settle()
    old.add(1, 7)
    old.settle()
    assert old.stopped is not None
    assert old.stopped.reason is StopReason.FENCED
    assert isinstance(old.stopped.error, SlotTaken)
    assert old.performed == []
    assert folded(journal.rows).total == 3


def test_a_stopped_machine_absorbs_everything(journal: Journal, time: Time) -> None:
    old = Owner(journal, time, "old").own()
    Owner(journal, time, "new").own()
    old.add(1, 7)
    old.settle()
    time.pass_ms(10_000)
    for event in (Tick(), Happened(event=Shout("hello")), Appended(through=Seq(9)), StoreLost(reason="late"), Rest()):
        old.tell(event)
    assert old.performed == []
    assert old.machine.next_deadline() is None
    assert old.machine.state == Ended(StopReason.FENCED)


def test_a_claim_that_loses_its_slot_to_the_old_owner_reads_on(journal: Journal, time: Time) -> None:
    old = Owner(journal, time, "old").own()
    new = Owner(journal, time, "new").claim()
    new.answer()
    new.answer()
    old.add(1, 4)
    old.settle()
    assert old.performed[-1] == Receipt(1, 4), "the old owner's row was legitimate"
    new.settle()
    assert new.kind.total == 4
    assert new.machine.epoch == 2
    assert [row.kind for row in journal.rows] == [EPOCH_KIND, "added", EPOCH_KIND]


def test_two_claims_of_one_slot_have_one_winner(journal: Journal, time: Time) -> None:
    first, second = Owner(journal, time, "first").claim(), Owner(journal, time, "second").claim()
    for owner in (first, second, first, second):
        owner.answer()
    first.settle()
    assert first.machine.epoch == 1
    second.settle()
    assert second.machine.epoch == 2
    first.add(1, 1)
    first.settle()
    assert first.stopped is not None


@pytest.mark.parametrize("fate", [Fate.UNSENT, Fate.UNANSWERED, Fate.LATE])
@pytest.mark.parametrize("when", ["claiming", "owning"])
def test_a_lost_answer_is_resolved_by_reading_the_slot(journal: Journal, time: Time, fate: Fate, when: str) -> None:
    owner = Owner(journal, time)
    if when == "claiming":
        owner.claim()
        owner.answer()
        owner.answer()
    else:
        owner.own()
        owner.add(1, 5)
    taken = len(journal.rows)
    owner.answer(fate)
    request = owner.requests[0]
    assert isinstance(request, ReadRows)
    assert request.from_seq == taken + 1
    owner.answer()
    if fate is Fate.LATE:
        owner.land_late()
    owner.settle()
    assert owner.stopped is None
    if when == "claiming":
        owner.add(1, 5)
        owner.settle()
    assert owner.performed[-1] == Receipt(1, 5)
    assert len(journal.rows) == 2
    assert owner.notices == []


def test_a_lost_answer_whose_slot_another_took_fences(journal: Journal, time: Time) -> None:
    old = Owner(journal, time, "old").own()
    old.add(1, 5)
    old.answer(Fate.UNSENT)
    Owner(journal, time, "new").own()
    old.settle()
    assert old.stopped is not None
    assert old.stopped.reason is StopReason.FENCED


def test_a_claim_with_a_lost_answer_tells_its_row_from_anothers_of_the_same_epoch(journal: Journal, time: Time) -> None:
    one, other = Owner(journal, time, "one").claim(), Owner(journal, time, "other").claim()
    for owner in (one, other, one, other):
        owner.answer()
    one.answer(Fate.UNSENT)
    other.settle()
    one.settle()
    assert (other.machine.epoch, one.machine.epoch) == (1, 2)


def test_during_an_outage_speech_goes_on_and_the_rest_waits(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).own()
    owner.add(1, 5)
    owner.answer(Fate.UNSENT)
    assert owner.performed == []
    assert owner.machine.next_deadline() is not None
    time.pass_ms(50)
    owner.tick()
    assert owner.performed == [Say("5", 1)], "patience ran out"
    assert [released.is_durable for released in owner.released] == [False]
    owner.answer(Fate.UNSENT)
    assert owner.notices == [False]
    owner.add(2, 1)
    owner.happen(Shout("still here"))
    assert owner.performed[1:] == [Say("6", 2), Say("still here")], "nobody waits for an absent store"
    for _ in range(60):
        owner.tick_at_deadline()
        if owner.requests:
            owner.answer(Fate.UNSENT)
    assert owner.stopped is None
    assert not any(isinstance(effect, Receipt) for effect in owner.performed)
    owner.tick_at_deadline()
    owner.settle()
    assert owner.notices == [False, True]
    assert owner.performed[3:] == [Receipt(1, 5), Receipt(2, 6)]
    assert folded(journal.rows).total == 6


def test_a_full_disk_is_not_hammered(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).own()
    owner.add(1, 5)
    appends, began = 0, time.now
    for _ in range(40):
        request = owner.requests[0] if owner.requests else None
        match request:
            case Append():
                appends += 1
                owner.answer(Fate.UNSENT)
            case ReadRows():
                owner.answer()
            case _:
                owner.tick_at_deadline()
    assert appends <= 4 + (time.now - began) / ms(1_000)
    assert owner.notices == [False], "reading works, and it is still away"


def test_a_silent_store_is_noticed(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).own()
    owner.add(1, 5)
    owner.tick_at_deadline()
    assert owner.performed == [Say("5", 1)]
    deadline = owner.machine.next_deadline()
    assert deadline is not None
    assert deadline.reason is TimerReason.STORE_ANSWER
    owner.tick_at_deadline()
    assert owner.notices == [False]
    assert owner.machine.next_deadline() is None
    owner.settle()
    assert owner.notices == [False, True]


def test_a_claim_waits_for_the_store(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).claim()
    owner.answer(Fate.UNSENT)
    assert owner.notices == [False]
    deadline = owner.machine.next_deadline()
    assert deadline is not None
    assert deadline.reason is TimerReason.STORE_RETRY
    owner.tick()
    assert not owner.requests, "not before the back-off is over"
    owner.tick_at_deadline()
    owner.answer()
    owner.answer(Fate.UNSENT)
    owner.tick_at_deadline()
    owner.settle()
    assert owner.owned is not None
    assert owner.notices == [False, True, False, True]


def test_the_kinds_deadline_is_kept(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).own()
    owner.happen(WakeIn(200))
    deadline = owner.machine.next_deadline()
    assert deadline is not None
    assert (deadline.at, deadline.reason) == (time.now + ms(200), TimerReason.KIND)
    owner.tick_at_deadline()
    assert owner.performed == [Say("alarm")]


def test_a_deadline_that_passed_comes_before_the_event(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).own()
    owner.happen(WakeIn(200))
    time.pass_ms(300)
    owner.happen(Shout("after"))
    assert owner.performed == [Say("alarm"), Say("after")]


def test_a_kind_whose_deadline_stays_due_is_a_bug(journal: Journal, time: Time) -> None:
    class Stuck(CounterKind):
        def handle_deadline(self, now: MonoNs) -> None:
            return

    owner = Owner(journal, time, kind=Stuck()).own()
    owner.happen(WakeIn(1))
    time.pass_ms(1)
    with pytest.raises(LocalProtocolError, match="stays due"):
        owner.tick()


def test_pending_effects_come_again_after_a_takeover(journal: Journal, time: Time) -> None:
    old = Owner(journal, time, "old").own()
    old.happen(Charge("again", EffectClass.IDEMPOTENT))
    old.happen(Charge("once", EffectClass.ONCE))
    old.happen(Charge("done", EffectClass.ONCE))
    old.settle()
    old.happen(Charged("done"))
    old.settle()
    new = Owner(journal, time, "new").own()
    assert new.performed == [RunCharge("again"), LookUpCharge("once")]
    assert isinstance(new.kind.ledger.lookup("once"), InDoubt)
    assert isinstance(new.kind.ledger.lookup("done"), Completed)


def test_killed_at_every_step_nothing_is_lost_or_doubled(time: Time) -> None:
    """The script's steps are events and answers; the owner is dropped after each, and another one finishes."""
    steps = 0
    is_finished = False
    while not is_finished:
        steps += 1
        journal, left = Journal(), steps
        config = SessionConfig(snapshot_rows=3, read_rows_max=2, append_rows_max=2)
        owner = Owner(journal, time, "first", config).claim()
        number = 0
        while left and number < 8:
            left -= 1
            if owner.requests and (left % 3 or owner.owned is None):
                owner.answer()
            else:
                number += 1
                owner.add(number, number)
        is_finished = left > 0
        receipts = [effect for effect in owner.performed if isinstance(effect, Receipt)]
        second = Owner(journal, time, "second", config).own()
        assert second.kind.snapshot() == folded(journal.rows).snapshot()
        for again in range(1, 9):
            second.add(again, again)
        second.settle()
        assert second.kind.total == sum(range(1, 9))
        assert all(folded(journal.rows).count >= receipt.count for receipt in receipts)
        assert second.performed[-1] == Receipt(8, 36)
    assert steps > 10


def test_restored_at_every_row_from_a_snapshot(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time, config=SessionConfig(snapshot_rows=1)).own()
    for number in range(1, 6):
        owner.add(number, number)
        owner.happen(Charge(f"k{number}", EffectClass.ONCE))
        owner.settle()
    assert len(owner.saved) > 5
    for snapshot in owner.saved:
        journal.snapshot = snapshot
        rows = list(journal.rows)
        again = Owner(journal, time, "again").own()
        assert again.kind.total == 15
        assert again.kind.snapshot() == owner.kind.snapshot()
        journal.rows = rows


def test_a_snapshot_waits_until_its_rows_are_durable(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time, config=SessionConfig(snapshot_rows=2)).own()
    owner.add(1, 1)
    assert owner.saved == []
    owner.settle()
    assert [snapshot.through for snapshot in owner.saved] == [2]


@pytest.mark.parametrize("flaw", ["ahead", "wrong epoch", "unreadable", "other version"])
def test_a_snapshot_that_does_not_fit_is_ignored(journal: Journal, time: Time, flaw: str) -> None:
    owner = Owner(journal, time).own()
    owner.add(1, 5)
    owner.settle()
    good = owner.kind.snapshot()
    through, epoch, body = {
        "ahead": (9, 1, good),
        "wrong epoch": (2, 4, good),
        "unreadable": (2, 1, b"\xc1"),
        "other version": (2, 1, b"\x95\x09\x00\x00\x00\xc4\x00"),
    }[flaw]
    journal.snapshot = Snapshot(session=SESSION, through=Seq(through), epoch=Epoch(epoch), body=body)
    again = Owner(journal, time, "again").own()
    assert (again.kind.total, again.machine.epoch) == (5, 2)


def test_rest_makes_everything_durable_saves_and_ends(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).own()
    owner.add(1, 5)
    owner.tell(Rest())
    assert owner.machine.state == Resting()
    owner.happen(Shout("too late"))
    owner.tell(Rest())
    assert owner.stopped is None
    owner.settle()
    assert owner.stopped is not None
    assert owner.stopped.reason is StopReason.RESTED
    assert owner.performed == [Say("5", 1), Receipt(1, 5)]
    assert [snapshot.through for snapshot in owner.saved] == [2]


@pytest.mark.parametrize("answers", [0, 1, 2])
def test_rest_before_owning_just_ends(journal: Journal, time: Time, answers: int) -> None:
    owner = Owner(journal, time).claim()
    for _ in range(answers):
        owner.answer()
    owner.tell(Rest())
    assert owner.stopped is not None
    owner.settle()
    assert owner.owned is None


def test_an_idle_owner_rests(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time, config=SessionConfig(idle_ms=1_000)).own()
    time.pass_ms(600)
    owner.happen(Shout("hello"))
    time.pass_ms(600)
    owner.tick()
    assert owner.stopped is None
    deadline = owner.machine.next_deadline()
    assert deadline is not None
    assert deadline.reason is TimerReason.IDLE
    owner.tick_at_deadline()
    assert owner.stopped is not None
    assert owner.stopped.reason is StopReason.RESTED


@pytest.mark.parametrize(
    ("config", "limit"),
    [
        (SessionConfig(pending_rows_max=3), "pending_rows_max"),
        (SessionConfig(pending_bytes_max=8, row_bytes_max=8), "pending_bytes_max"),
        (SessionConfig(effects_max=7), "effects_max"),
    ],
)
def test_an_outage_that_outgrows_its_bounds_stops_loudly(
    journal: Journal, time: Time, config: SessionConfig, limit: str
) -> None:
    owner = Owner(journal, time, config=config).own()
    for number in range(1, 10):
        if owner.stopped is None:
            owner.add(number, 1)
    assert owner.stopped is not None
    assert owner.stopped.reason is StopReason.OVERFULL
    assert isinstance(owner.stopped.error, LimitExceeded)
    assert owner.stopped.error.limit == limit
    assert owner.performed == []


def row(seq: int, epoch: int, kind: str, body: bytes = b"\x92\x01\x01", version: int = 1) -> Row:
    return Row(session=SESSION, seq=Seq(seq), epoch=Epoch(epoch), kind=kind, body=body, version=version)


def epoch_row(seq: int, epoch: int, version: int = EPOCH_VERSION) -> Row:
    return row(seq, epoch, EPOCH_KIND, b"\x93\xa1n\xa1c\xa1s", version)


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([epoch_row(1, 1), row(2, 1, "added", version=3)], JournalTooNew),
        ([epoch_row(1, 1, version=2)], JournalTooNew),
        ([epoch_row(1, 1), row(3, 1, "added")], ConfigError),
        ([epoch_row(1, 2)], ConfigError),
        ([epoch_row(1, 1), row(2, 2, "added")], ConfigError),
        ([row(1, 0, "added")], ConfigError),
        ([row(1, 1, EPOCH_KIND, b"\xc1")], ConfigError),
        ([epoch_row(1, 1), row(2, 1, "sung")], ConfigError),
    ],
)
def test_a_journal_that_cannot_be_read_is_left_alone(
    journal: Journal, time: Time, rows: list[Row], error: type[Exception]
) -> None:
    journal.rows = rows
    owner = Owner(journal, time).claim()
    owner.settle()
    assert owner.stopped is not None
    assert owner.stopped.reason is StopReason.UNREADABLE
    assert isinstance(owner.stopped.error, error)
    assert journal.rows == rows


def test_rows_of_the_release_after_this_one_are_read(journal: Journal, time: Time) -> None:
    Owner(journal, time, kind=CounterKind(row_version=2)).own().add(1, 5)
    journal.rows.append(row(2, 1, "added", version=2))
    assert Owner(journal, time, "again").own().kind.total == 1


def test_an_unexpected_input_poisons(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time)
    with pytest.raises(LocalProtocolError, match="Happened while Unclaimed"):
        owner.happen(Shout("early"))
    assert isinstance(owner.machine.state, Poisoned)
    with pytest.raises(LocalProtocolError, match=r"failed earlier.*Happened while Unclaimed"):
        owner.claim()
    assert owner.machine.next_deadline() is None


@pytest.mark.parametrize(
    "event",
    [
        Appended(through=Seq(2)),
        AppendRefused(seq=Seq(2)),
        RowsRead(rows=(), at_end=True),
        StoreLost(reason="x"),
        Claim(node=NodeId("n"), claim="c"),
    ],
)
def test_answers_nobody_asked_for_poison(journal: Journal, time: Time, event: Appended) -> None:
    owner = Owner(journal, time).own()
    with pytest.raises(LocalProtocolError):
        owner.tell(event)


def test_a_bug_of_the_kind_ends_the_session_loudly(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).own()
    with pytest.raises(AssertionError, match="a bug in the kind"):
        owner.happen(Break())
    with pytest.raises(LocalProtocolError, match="AssertionError: a bug in the kind"):
        owner.happen(Shout("hello"))


def test_a_kind_may_not_write_epochs_or_huge_rows(journal: Journal, time: Time) -> None:
    class Greedy(CounterKind):
        def poll_output(self):  # type: ignore[no-untyped-def]
            output = super().poll_output()
            return output and type(output)(kind="epoch", body=b"", urgency=Urgency.GATE)

    with pytest.raises(LocalProtocolError, match="kernel's own"):
        Owner(journal, time, kind=Greedy()).own().add(1, 1)
    with pytest.raises(LimitExceeded, match="row_bytes_max"):
        Owner(journal, time, config=SessionConfig(row_bytes_max=2)).own().add(1, 1)


def test_outputs_are_drained_and_time_goes_on(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time)
    owner.machine.handle(time.now, Claim(node=NodeId("n"), claim="c"))
    with pytest.raises(AssertionError, match="drained"):
        owner.machine.handle(time.now, Tick())
    owner = Owner(journal, time).own()
    with pytest.raises(AssertionError, match="never goes back"):
        owner.machine.handle(MonoNs(time.now - 1), Tick())


def test_replay_reads_page_by_page(journal: Journal, time: Time) -> None:
    owner = Owner(journal, time).own()
    for number in range(1, 12):
        owner.add(number, 1)
    owner.settle()
    again = Owner(journal, time, "again", SessionConfig(read_rows_max=4)).claim()
    assert isinstance(again.machine.state, type(again.machine.state))
    again.answer()
    assert isinstance(again.machine.state, Reading)
    again.settle()
    assert again.kind.total == 11


def test_epoch_body_names_the_claim() -> None:
    body = EpochBody(node=NodeId("n"), claim="c", subject="s")
    assert (body.node, body.claim, body.subject) == ("n", "c", "s")
