import asyncio
from collections.abc import Callable
from typing import Any, cast

from segue.adapters.trunk import outbox as module
from segue.adapters.trunk.outbox import FLUSH_BYTES, Outbox


class FakeLoop:
    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []
        self.later: list[tuple[float, Callable[[], None]]] = []
        self.now = 100.0

    def time(self) -> float:
        return self.now

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> None:
        self.later.append((self.now + delay_s, callback))

    def call_soon(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)

    def turn(self) -> None:
        soon, self.soon = self.soon, []
        for callback in soon:
            callback()


class FakeTransport:
    def __init__(self) -> None:
        self.writes: list[list[bytes]] = []
        self.unread_bytes = 0
        self.is_ending = False
        self.limits: dict[str, int] = {}

    def set_write_buffer_limits(self, **limits: int) -> None:
        self.limits = limits

    def writelines(self, data: list[bytes]) -> None:
        self.writes.append(data)

    def get_write_buffer_size(self) -> int:
        return self.unread_bytes

    def is_closing(self) -> bool:
        return self.is_ending


def outbox() -> tuple[Outbox, FakeLoop, FakeTransport, list[str]]:
    loop, transport, overflows = FakeLoop(), FakeTransport(), []
    made = Outbox(cast(asyncio.AbstractEventLoop, loop), lambda: overflows.append("over"))
    made.attach(cast(Any, transport))
    return made, loop, transport, overflows


def test_frames_of_one_tick_are_written_together() -> None:
    box, loop, transport, _ = outbox()
    box.put(b"a")
    box.put(b"b")
    assert transport.writes == []

    loop.turn()
    box.put(b"c")
    loop.turn()

    assert transport.writes == [[b"a", b"b"], [b"c"]]


def test_much_is_written_at_once() -> None:
    box, loop, transport, _ = outbox()

    box.put(bytes(FLUSH_BYTES))

    assert len(transport.writes) == 1
    loop.turn()
    assert len(transport.writes) == 1


def test_a_peer_that_does_not_read_is_reported() -> None:
    box, _, transport, overflows = outbox()
    transport.unread_bytes = module.OUTBOX_BYTES_MAX
    box.put(b"a")
    box.flush()
    assert overflows == []

    transport.unread_bytes += 1
    box.put(b"b")
    box.flush()

    assert overflows == ["over"]


def test_a_closing_transport_gets_nothing_more() -> None:
    box, _, transport, _ = outbox()
    transport.is_ending = True

    box.put(b"a")
    box.flush()

    assert transport.writes == []
    assert transport.limits["high"] > transport.limits["low"]


def pass_frames(box: Outbox, loop: FakeLoop, *, per_s: int, seconds: float) -> None:
    for _ in range(round(per_s * seconds)):
        loop.now += 1 / per_s
        for due in [due for due in loop.later if due[0] <= loop.now]:
            loop.later.remove(due)
            due[1]()
        box.put(b"x")
        loop.turn()


def test_frames_of_a_busy_link_share_a_write_and_wait_two_milliseconds_at_most() -> None:
    box, loop, transport, _ = outbox()
    pass_frames(box, loop, per_s=5_000, seconds=0.1)
    transport.writes.clear()

    pass_frames(box, loop, per_s=5_000, seconds=0.1)

    assert 40 <= len(transport.writes) <= 51
    assert max(len(frames) for frames in transport.writes) <= 11


def test_frames_of_a_quiet_link_are_written_at_once() -> None:
    box, loop, transport, _ = outbox()
    pass_frames(box, loop, per_s=500, seconds=0.2)

    assert len(transport.writes) == 100
    assert loop.later == []


def test_a_link_that_was_busy_does_not_make_a_late_frame_wait() -> None:
    box, loop, transport, _ = outbox()
    pass_frames(box, loop, per_s=5_000, seconds=0.1)
    box.flush()
    transport.writes.clear()

    loop.now += 1
    box.put(b"late")
    loop.turn()

    assert transport.writes == [[b"late"]]
