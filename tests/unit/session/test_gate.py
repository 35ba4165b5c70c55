"""What the output gate lets out, when, and in which order."""

from segue.model.ids import Epoch, Seq, SessionId
from segue.model.time import MonoNs, ms
from segue.session.gate import OutputGate
from segue.session.kind import Gate
from segue.session.outputs import Perform, RowReleased
from segue.session.rows import Row


def at(value_ms: float) -> MonoNs:
    return MonoNs(ms(value_ms))


def effect(name: str) -> Perform[str]:
    return Perform(effect=name)


def drained(gate: OutputGate[str], now: MonoNs) -> list[str]:
    out = []
    while (item := gate.poll(now)) is not None:
        assert isinstance(item, Perform)
        out.append(item.effect)
    return out


def gate_with(*entries: tuple[float, int, Gate, str]) -> OutputGate[str]:
    gate: OutputGate[str] = OutputGate(ms(50))
    for when, barrier, kind, name in entries:
        gate.enter(at(when), Seq(barrier), kind, effect(name))
    return gate


def test_nothing_waits_behind_no_row() -> None:
    gate = gate_with((0, 0, Gate.DURABLE, "d"), (0, 0, Gate.PROMPT, "p"))
    assert drained(gate, at(0)) == ["d", "p"]
    assert gate.next_deadline() is None


def test_durability_lets_out_in_order_of_both_classes() -> None:
    gate = gate_with((0, 1, Gate.PROMPT, "p1"), (0, 1, Gate.DURABLE, "d1"), (0, 2, Gate.PROMPT, "p2"))
    assert drained(gate, at(1)) == []
    gate.set_durable(Seq(1))
    assert drained(gate, at(1)) == ["p1", "d1"]
    assert len(gate) == 1
    assert not gate.has_durable


def test_patience_lets_prompt_overtake_durable_and_nothing_else() -> None:
    gate = gate_with((0, 1, Gate.DURABLE, "d1"), (0, 1, Gate.PROMPT, "p1"), (10, 2, Gate.PROMPT, "p2"))
    assert gate.next_deadline() == at(50)
    assert drained(gate, at(49)) == []
    assert drained(gate, at(50)) == ["p1"]
    assert gate.next_deadline() == at(60)
    assert drained(gate, at(60)) == ["p2"]
    assert gate.has_durable
    assert drained(gate, at(100_000)) == []
    gate.set_durable(Seq(2))
    assert drained(gate, at(100_000)) == ["d1"]


def test_an_absent_store_is_not_waited_for() -> None:
    gate = gate_with((0, 1, Gate.DURABLE, "d"), (0, 1, Gate.PROMPT, "p"))
    gate.set_away(True)
    assert drained(gate, at(0)) == ["p"]
    gate.set_away(False)
    gate.enter(at(0), Seq(2), Gate.PROMPT, effect("q"))
    assert drained(gate, at(0)) == []


def test_a_row_says_whether_it_is_durable() -> None:
    gate: OutputGate[str] = OutputGate(ms(50))
    for seq in (1, 2):
        row = Row(session=SessionId("s"), seq=Seq(seq), epoch=Epoch(1), kind="k", body=b"", version=1)
        gate.enter(at(0), Seq(seq), Gate.PROMPT, RowReleased(row=row, is_durable=False))
    gate.set_durable(Seq(1))
    out = [gate.poll(at(50)), gate.poll(at(50))]
    assert [item.is_durable for item in out if isinstance(item, RowReleased)] == [True, False]
