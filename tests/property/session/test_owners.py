"""Several owners over one journal, any interleaving, lost and late answers, crashes and outages.

Invariants, most of them asserted inside `tests.support.session_owner` at each write and each effect: a slot has one
writer and rows follow one another in epoch order; what was acknowledged stays; no DURABLE effect before its row; one
append outstanding; nothing after `Stopped`; snapshots tell only of durable rows. A zombie's row after a newer epoch
would break the epoch order, and its effects would break the gate's check.
"""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from segue.session.config import SessionConfig
from segue.session.inputs import Rest
from segue.session.operations import EffectClass
from segue.session.outputs import Append
from segue.session.rows import EPOCH_KIND, Row, Urgency
from segue.session.states import Owning
from tests.support.counter_kind import Add, Charge, Receipt, Shout, folded
from tests.support.session_owner import Fate, Journal, Owner, Time

CONFIG = SessionConfig(snapshot_rows=3, read_rows_max=3, append_rows_max=3)


def waits(owner: Owner) -> bool:
    return bool(owner.requests)


def owns(owner: Owner) -> bool:
    return isinstance(owner.machine.state, Owning)


class Owners(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.journal, self.time = Journal(), Time()
        self.owners: list[Owner | None] = [None, None, None]
        self.graveyard: list[Owner] = []
        self.acknowledged: dict[int, Row] = {}
        self.made = 0
        self.numbers = 0

    @precondition(lambda self: self.vacant())
    @rule(data=st.data(), is_settled=st.booleans(), fate=st.sampled_from(Fate))
    def claim(self, data: st.DataObject, is_settled: bool, fate: Fate) -> None:
        """A process takes the session, step by step or at once; its epoch row may meet any fate."""
        n = data.draw(st.sampled_from(self.vacant()))
        self.crash_at(n)
        self.made += 1
        owner = self.owners[n] = Owner(self.journal, self.time, f"node-{self.made}", CONFIG).claim()
        if is_settled:
            while not isinstance(owner.requests[0], Append):
                owner.answer()
            owner.answer(fate)

    @precondition(lambda self: self.made > 2 and self.where(lambda owner: owner.stopped is None))
    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.crash_at(data.draw(st.sampled_from(self.where(lambda owner: owner.stopped is None))))

    @precondition(lambda self: self.where(waits))
    @rule(data=st.data(), fate=st.sampled_from([Fate.ANSWERED] * 3 + [Fate.UNSENT, Fate.UNANSWERED, Fate.LATE]))
    def answer(self, data: st.DataObject, fate: Fate) -> None:
        self.drawn(data, waits).answer(fate)

    @precondition(lambda self: self.where(waits))
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        self.drawn(data, waits).settle()

    @precondition(lambda self: self.where(owns))
    @rule(data=st.data(), amount=st.integers(min_value=1, max_value=9), urgency=st.sampled_from(Urgency))
    def add(self, data: st.DataObject, amount: int, urgency: Urgency) -> None:
        self.numbers += 1
        self.drawn(data, owns).happen(Add(self.numbers, amount, urgency))

    @precondition(lambda self: self.where(owns))
    @rule(data=st.data(), fates=st.lists(st.sampled_from(Fate), min_size=1, max_size=4))
    def add_in_trouble(self, data: st.DataObject, fates: list[Fate]) -> None:
        """An addition whose append, and what follows from it, meets these fates."""
        self.numbers += 1
        owner = self.drawn(data, owns)
        owner.happen(Add(self.numbers, 1))
        for fate in fates:
            if owner.requests:
                owner.answer(fate)
            if owner.late and data.draw(st.booleans()):
                owner.land_late()

    @precondition(lambda self: self.where(owns))
    @rule(data=st.data(), effect=st.sampled_from(EffectClass))
    def charge(self, data: st.DataObject, effect: EffectClass) -> None:
        self.numbers += 1
        self.drawn(data, owns).happen(Charge(f"key-{self.numbers}", effect))

    @precondition(lambda self: self.where(owns))
    @rule(data=st.data())
    def shout(self, data: st.DataObject) -> None:
        self.drawn(data, owns).happen(Shout("hello"))

    @precondition(lambda self: self.numbers > 5 and self.where(owns))
    @rule(data=st.data())
    def rest(self, data: st.DataObject) -> None:
        self.drawn(data, owns).tell(Rest())

    @rule(value=st.sampled_from([1, 20, 49, 50, 120, 3_000]))
    def time_passes(self, value: int) -> None:
        self.time.pass_ms(value)
        for owner in self.owners:
            if owner is not None:
                owner.tick()

    @precondition(lambda self: any(owner.late for owner in self.everyone()))
    @rule(data=st.data())
    def land_late(self, data: st.DataObject) -> None:
        """An append of a living or dead process reaches the store only now."""
        data.draw(st.sampled_from([owner for owner in self.everyone() if owner.late])).land_late()

    @rule()
    def lose_snapshot(self) -> None:
        self.journal.snapshot = None

    def crash_at(self, n: int) -> None:
        owner, self.owners[n] = self.owners[n], None
        if owner is not None:
            self.graveyard.append(owner)

    def vacant(self) -> list[int]:
        return [n for n, owner in enumerate(self.owners) if owner is None or owner.stopped is not None]

    def where(self, condition: Callable[[Owner], bool]) -> list[int]:
        return [n for n, owner in enumerate(self.owners) if owner is not None and condition(owner)]

    def drawn(self, data: st.DataObject, condition: Callable[[Owner], bool]) -> Owner:
        owner = self.owners[data.draw(st.sampled_from(self.where(condition)))]
        assert owner is not None
        return owner

    def everyone(self) -> list[Owner]:
        return [*self.graveyard, *(owner for owner in self.owners if owner is not None)]

    @invariant()
    def what_was_acknowledged_stays(self) -> None:
        for owner in self.everyone():
            for released in owner.released:
                if released.is_durable:
                    self.acknowledged[released.row.seq] = released.row
        for seq, row in self.acknowledged.items():
            assert self.journal.rows[seq - 1] == row

    @invariant()
    def epochs_have_one_claim_each(self) -> None:
        epochs = [row.epoch for row in self.journal.rows if row.kind == EPOCH_KIND]
        assert epochs == list(range(1, len(epochs) + 1))

    @invariant()
    def the_newest_owner_is_the_only_one_up_to_date(self) -> None:
        in_force = self.journal.rows[-1].epoch if self.journal.rows else 0
        for owner in self.owners:
            if owner is not None and isinstance(owner.machine.state, Owning):
                assert owner.machine.epoch <= in_force

    def teardown(self) -> None:
        """Whatever happened, the next owner finds a whole journal, and every receipt given is in it."""
        receipts = [e for owner in self.everyone() for e in owner.performed if isinstance(e, Receipt)]
        last = Owner(self.journal, self.time, "last", CONFIG).own()
        assert last.kind.snapshot() == folded(self.journal.rows).snapshot()
        assert last.kind.count >= max((receipt.count for receipt in receipts), default=0)
        for zombie in [owner for owner in self.everyone() if isinstance(owner.machine.state, Owning)]:
            zombie.settle()
            if zombie.stopped is None:
                zombie.happen(Add(self.numbers + 1, 1))
                zombie.settle()
            for _ in range(10):
                if zombie.stopped is None:
                    zombie.tick_at_deadline()
                    zombie.settle()
            assert zombie.stopped is not None, "a zombie that writes finds out"
        assert self.journal.rows[-1].epoch == last.machine.epoch
        assert self.journal.rows[-1].kind == EPOCH_KIND, "no zombie wrote after the last claim"


Owners.TestCase.settings = settings(max_examples=300, stateful_step_count=60, deadline=None)
TestOwners = Owners.TestCase
