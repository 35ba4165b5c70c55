import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.trunk.credit import GRANT_BATCH_BYTES, FlowCredit, FlowCredits
from segue.model.errors import PeerProtocolError
from segue.model.limits import FLOW_CREDIT_BYTES


def test_one_frame_may_overdraw_and_then_nothing_goes_until_it_is_granted() -> None:
    credit = FlowCredit()

    credit.spend(FLOW_CREDIT_BYTES * 20)

    assert not credit.may_send
    assert not credit.earn(FLOW_CREDIT_BYTES * 19)
    assert not credit.may_send
    assert credit.earn(1)
    assert credit.may_send


def test_a_peer_that_sends_without_credit_is_broken() -> None:
    credit = FlowCredit()
    credit.receive(FLOW_CREDIT_BYTES)

    with pytest.raises(PeerProtocolError, match="without credit"):
        credit.receive(1)


@pytest.mark.parametrize("grant", [-1, 0, 11])
def test_a_peer_that_grants_what_was_not_sent_is_broken(grant: int) -> None:
    credit = FlowCredit()
    credit.spend(10)

    with pytest.raises(PeerProtocolError, match="granted"):
        credit.earn(grant)


def test_grants_are_gathered() -> None:
    credit = FlowCredit()
    credit.receive(GRANT_BATCH_BYTES)

    assert credit.consume(GRANT_BATCH_BYTES - 1) == 0
    assert credit.consume(1) == GRANT_BATCH_BYTES


@given(st.lists(st.integers(0, 3 * FLOW_CREDIT_BYTES), max_size=60), st.randoms(use_true_random=False))
def test_two_honest_ends_never_break_and_never_lock(sizes: list[int], random: object) -> None:
    """Whatever the sizes and the delays, the receiver is never overrun, and all goes through once it consumes."""
    sender, receiver = FlowCredit(), FlowCredit()
    waiting, wire, unconsumed, grants = list(sizes), [], [], []
    while waiting or wire or unconsumed or grants:
        moves = []
        if waiting and sender.may_send:
            moves.append("send")
        moves += ["arrive"] * bool(wire) + ["consume"] * bool(unconsumed) + ["grant"] * bool(grants)
        assert moves, "locked"
        match random.choice(moves):  # type: ignore[attr-defined]
            case "send":
                sender.spend(waiting[0])
                wire.append(waiting.pop(0))
            case "arrive":
                receiver.receive(wire[0])
                unconsumed.append(wire.pop(0))
            case "consume":
                if grant := receiver.consume(unconsumed.pop(0)):
                    grants.append(grant)
            case _:
                sender.earn(grants.pop(0))
    assert sender.may_send


def test_a_link_counts_each_flow_by_itself_and_bounds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segue.adapters.trunk.credit.EDGE_FLOWS_MAX", 2)
    flows = FlowCredits()
    flows.add(1)
    flows.add(2)
    flows[1].spend(FLOW_CREDIT_BYTES)

    assert not flows[1].may_send
    assert flows[2].may_send
    with pytest.raises(PeerProtocolError, match="flow 1 was opened twice"):
        flows.add(1)
    with pytest.raises(PeerProtocolError, match="more than 2 flows"):
        flows.add(3)
