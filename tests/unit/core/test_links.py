"""Frames of an edge find their session; what an edge must not send ends its link."""

from typing import Any

import pytest
import structlog

from segue.adapters.trunk.port import ClockSample
from segue.core.clocks import EdgeClocks, core_domain
from segue.core.events import Arrived, Reported
from segue.core.links import EdgeLinks
from segue.core.metrics import CoreMetrics
from segue.model.errors import PeerProtocolError
from segue.model.time import MonoNs
from segue.wire.trunk import Closed, Down, Drain, Emitted, Open, Up
from tests.support.harness import FakeLink


class Sessions:
    def __init__(self) -> None:
        self.calls: list[Any] = []
        self.knows = True

    def post(self, link: Any, flow: int, event: Any) -> bool:
        self.calls.append((flow, type(event)))
        return self.knows

    def open(self, link: Any, frame: Open) -> None:
        self.calls.append("open")

    def close_flow(self, link: Any, flow: int) -> None:
        self.calls.append(("close", flow))

    def close_link(self, link: Any) -> None:
        self.calls.append("unlinked")

    def clear(self, link: Any, flow: int | None) -> None:
        self.calls.append(("clear", flow))


class Link(FakeLink):
    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.eaten = 0
        self.reason = ""
        super().__init__(self.frames.append)

    def consumed(self, flow: int, payload_bytes: int) -> None:
        self.eaten += payload_bytes

    def close(self, reason: str) -> None:
        self.reason = reason


def made() -> tuple[EdgeLinks, Sessions, Link, EdgeClocks]:
    sessions, edges = Sessions(), EdgeClocks(core_domain("c"))
    links = EdgeLinks(sessions, edges, CoreMetrics(), structlog.get_logger())  # type: ignore[arg-type]
    link = Link()
    links.on_linked(link)
    return links, sessions, link, edges


def test_frames_go_to_their_sessions():
    links, sessions, link, _ = made()
    for frame in (
        Open(1, "sess_a", "s", True, True, b"{}"),
        Up(1, 1, 0, b"abc"),
        Emitted(1, "c", 1, 2),
        Closed(1, 1000, ""),
    ):
        links.on_frame(link, frame, MonoNs(5))
    links.on_clear(link, 1)
    links.on_unlinked(link, "gone")
    assert sessions.calls == ["open", (1, Arrived), (1, Reported), ("close", 1), ("clear", 1), "unlinked"]


def test_a_message_for_nobody_is_consumed_and_a_wrong_frame_ends_the_link():
    links, sessions, link, _ = made()
    sessions.knows = False
    links.on_frame(link, Up(1, 1, 0, b"abc"), MonoNs(5))
    assert link.eaten == 3
    with pytest.raises(PeerProtocolError, match="does not send Down"):
        links.on_frame(link, Down(1, 1, "c", b""), MonoNs(5))


def test_stopping_says_drain_then_closes():
    links, _, link, edges = made()
    links.drain("stopping")
    links.close("stopping")
    assert link.frames == [Drain("stopping")]
    assert link.reason == "stopping"
    links.on_clock_sample(link, ClockSample(t0_ns=10, t1_ns=20, t2_ns=20, t3_ns=10))
    assert edges.fix(link.peer_node, MonoNs(50)) is not None
    links.on_suspected(link, 300)
    links.on_trusted(link)
    links.on_rejected("1.2.3.4", "no")
    links.on_unlinked(link, "gone")
    assert edges.fix(link.peer_node, MonoNs(50)) is None
