import pytest

from segue.edge.flow import Flow, FlowSpec
from segue.model.errors import PeerProtocolError
from segue.model.ids import SessionId
from segue.model.time import MonoNs
from segue.wire.trunk import Down, Opened, Release, Up


def spec(*, is_new: bool = True, cursor: str = "") -> FlowSpec:
    return FlowSpec(
        session=SessionId("sess_a"), subject="key:1", is_new=is_new, is_aware=True, params=b"{}", cursor=cursor
    )


def test_a_flow_is_new_until_a_core_has_held_it() -> None:
    flow = Flow(spec())
    assert flow.open_with(1).is_new

    flow.on_opened(Opened(1, epoch=1, received=0))

    again = flow.open_with(2)
    assert (again.flow, again.session, again.subject, again.is_aware) == (2, "sess_a", "key:1", True)
    assert not again.is_new


def test_what_moves_from_core_to_core() -> None:
    flow = Flow(spec(is_new=False, cursor="event_7_0"))
    assert flow.open_with(1).cursor == "event_7_0"
    flow.on_opened(Opened(1, epoch=3, received=10))
    flow.ring.append(b"a", MonoNs(5))
    flow.ring.append(b"b", MonoNs(6))
    assert flow.poll_up(1) == Up(1, 11, 5, b"a")
    assert flow.poll_up(1) == Up(1, 12, 6, b"b")
    assert flow.poll_up(1) is None
    assert flow.on_release(Release(1, 11, "p11")) == 1
    assert flow.admit_down(Down(1, 3, "event_9_2", b"x"))
    assert flow.admit_down(Down(1, 3, "", b"no cursor"))

    frame = flow.open_with(2)

    assert (frame.ring_from, frame.position, frame.cursor) == (12, "p11", "event_9_2")


def test_downlink_of_an_older_epoch_is_dropped() -> None:
    flow = Flow(spec())
    flow.on_opened(Opened(1, epoch=2, received=0))
    assert flow.admit_down(Down(1, 4, "event_2_0", b"newer"))

    assert not flow.admit_down(Down(1, 3, "event_3_0", b"stale"))
    assert flow.cursor == "event_2_0"


@pytest.mark.parametrize("epoch", [0, 4])
def test_a_core_may_not_open_with_an_older_epoch(epoch: int) -> None:
    flow = Flow(spec())
    flow.on_opened(Opened(1, epoch=5, received=0))

    with pytest.raises(PeerProtocolError, match="epoch"):
        flow.on_opened(Opened(2, epoch=epoch, received=0))
