import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from segue.edge import ring as module
from segue.edge.ring import ReplayRing
from segue.model.errors import PeerProtocolError
from segue.model.limits import CLIENT_MESSAGE_BYTES_MAX, UPLINK_RING_BYTES_MAX
from segue.model.time import MonoNs

NOW = MonoNs(1)


def drain(ring: ReplayRing) -> list[tuple[int, bytes]]:
    sent = []
    while (unsent := ring.poll_unsent()) is not None:
        sent.append((int(unsent[0]), unsent[1].payload))
    return sent


def test_a_new_flow_is_numbered_from_one() -> None:
    ring = ReplayRing()
    ring.append(b"a", NOW)
    assert ring.poll_unsent() is None
    assert ring.first == 0

    ring.begin(0)
    ring.append(b"b", NOW)

    assert drain(ring) == [(1, b"a"), (2, b"b")]
    assert ring.first == 1


def test_a_resumed_flow_goes_on_after_what_the_session_has() -> None:
    ring = ReplayRing()
    ring.append(b"a", NOW)

    ring.begin(41)

    assert drain(ring) == [(42, b"a")]


def test_a_new_core_gets_what_it_has_not_received() -> None:
    ring = ReplayRing()
    ring.begin(0)
    for payload in (b"a", b"b", b"c", b"d"):
        ring.append(payload, NOW)
    drain(ring)
    ring.release(1)

    ring.begin(2)

    assert ring.first == 2
    assert drain(ring) == [(3, b"c"), (4, b"d")]


def test_a_core_that_received_less_than_was_released_gets_what_is_held() -> None:
    ring = ReplayRing()
    ring.begin(0)
    for payload in (b"a", b"b", b"c"):
        ring.append(payload, NOW)
    drain(ring)
    ring.release(2)

    ring.begin(0)

    assert drain(ring) == [(3, b"c")]


def test_release_frees_bytes_and_room() -> None:
    ring = ReplayRing()
    ring.begin(0)
    ring.append(b"abc", NOW)
    ring.append(b"de", NOW)
    drain(ring)

    assert ring.release(1) == 3
    assert ring.held_bytes == 2
    assert ring.release(1) == 0


def test_impossible_claims_are_the_cores_fault() -> None:
    ring = ReplayRing()
    ring.begin(0)
    ring.append(b"a", NOW)

    with pytest.raises(PeerProtocolError, match="releases uplink message 1"):
        ring.release(1)
    with pytest.raises(PeerProtocolError, match="claims uplink message 2"):
        ring.begin(2)


def test_it_is_full_before_a_largest_message_would_not_fit() -> None:
    ring = ReplayRing()
    big = bytes(CLIENT_MESSAGE_BYTES_MAX)
    while not ring.is_full:
        ring.append(big, NOW)

    assert ring.held_bytes <= UPLINK_RING_BYTES_MAX


def test_what_decides_a_largest_message_is_read_while_it_is_held() -> None:
    ring = ReplayRing()
    ring.append(bytes(CLIENT_MESSAGE_BYTES_MAX), NOW)

    assert not ring.is_full


def test_it_is_full_of_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "UPLINK_RING_MESSAGES_MAX", 2)
    ring = ReplayRing()
    ring.append(b"", NOW)
    assert not ring.is_full
    ring.append(b"", NOW)
    assert ring.is_full


class RingAgainstList(RuleBasedStateMachine):
    """A ring whose cores die at will, against a list of all messages ever said."""

    def __init__(self) -> None:
        super().__init__()
        self.ring = ReplayRing()
        self.said: list[bytes] = []
        self.core: list[bytes] = []
        self.durable = 0
        self.is_held = False

    @rule(payload=st.binary(max_size=4))
    def say(self, payload: bytes) -> None:
        self.ring.append(payload, NOW)
        self.said.append(payload)

    @rule()
    def open(self) -> None:
        self.core = self.said[: self.durable]
        self.ring.begin(self.durable)
        self.is_held = True

    @precondition(lambda self: self.is_held)
    @rule(count=st.integers(1, 5))
    def send(self, count: int) -> None:
        for _ in range(count):
            unsent = self.ring.poll_unsent()
            if unsent is None:
                assert len(self.core) == len(self.said)
                return
            assert unsent[0] == len(self.core) + 1
            self.core.append(unsent[1].payload)

    @precondition(lambda self: self.is_held)
    @rule(data=st.data())
    def decide_and_release(self, data: st.DataObject) -> None:
        self.durable = data.draw(st.integers(self.durable, len(self.core)))
        self.ring.release(data.draw(st.integers(0, self.durable)))

    @invariant()
    def the_core_has_a_prefix_of_what_was_said(self) -> None:
        assert self.core == self.said[: len(self.core)]


TestRingAgainstList = RingAgainstList.TestCase
TestRingAgainstList.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
