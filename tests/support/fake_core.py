"""A core without a session: it journals client messages, echoes each once, and can die between hearing and deciding.

Messages are *heard* in memory and *decided* in a `FakeJournal`, which survives it; only decided ones are released and
echoed (as `{"echo": n, "of": "<message>"}` with cursor `event_<n>_0`). So for a client, an edge that replays right
shows every message echoed exactly once and in order, whatever dies.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import msgspec

from segue.adapters.clock.system import SystemClock
from segue.adapters.trunk.listener import TrunkListener, serve_trunk
from segue.adapters.trunk.port import CORE, EDGE, ClockSample, TrunkAddress, TrunkIdentity, TrunkLink
from segue.model.time import MonoNs
from segue.wire.trunk import AnyFrame, Closed, Down, Drain, Emitted, Open, Opened, Refused, Release, Up

FLEET_KEY = "0123456789abcdef0123456789abcdef"


@dataclass(slots=True)
class FakeSession:
    decided: list[bytes] = field(default_factory=list)
    epoch: int = 0


@dataclass(slots=True)
class FakeJournal:
    sessions: dict[str, FakeSession] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class FakeFlow:
    link: TrunkLink
    open: Open
    session: FakeSession
    epoch: int
    heard: dict[int, bytes] = field(default_factory=dict)
    last_heard: int = 0
    echoed: int = 0
    outbox: list[Down] = field(default_factory=list)


class FakeCore:
    """`refuse` may answer an Open; `decide_every` batches decisions; `is_consuming` False keeps the credit."""

    _running: ClassVar[list["FakeCore"]] = []

    def __init__(
        self,
        journal: FakeJournal | None = None,
        *,
        decide_every: int = 1,
        refuse: Callable[[Open], Refused | None] = lambda _: None,
        fleet_key: str = FLEET_KEY,
        node: str = "core-1",
    ) -> None:
        self.journal = journal or FakeJournal()
        self.decide_every = decide_every
        self.refuse = refuse
        self.is_consuming = True
        self.is_opening = True
        self.flows: dict[tuple[TrunkLink, int], FakeFlow] = {}
        self.links: list[TrunkLink] = []
        self.frames: list[AnyFrame] = []
        self.samples: list[ClockSample] = []
        self.suspicions: list[int] = []
        self.trusts = 0
        self.rejections: list[str] = []
        self.unlinked: list[str] = []
        self._fleet_key = fleet_key
        self._node = node
        self._is_still = False
        self._listener: TrunkListener | None = None
        self.port = 0

    async def start(self, port: int = 0, tls: ssl.SSLContext | None = None) -> "FakeCore":
        identity = TrunkIdentity(node=self._node, role=CORE, fleet_key=self._fleet_key.encode())
        address = TrunkAddress(host="127.0.0.1", port=port)
        self._listener = await serve_trunk(
            address, identity, peer_role=EDGE, handler=self, clock=SystemClock(), tls=tls
        )
        self.port = self._listener.address.port
        self._running.append(self)
        return self

    def kill(self) -> None:
        """Die at once: nothing more is sent, what was only heard is lost."""
        assert self._listener is not None
        self._listener.close()
        for link in list(self.links):
            link.abort("killed")
        self._running.remove(self)

    def stand_still(self) -> None:
        """Keep the sockets open and say nothing, as a stopped process does."""
        self._is_still = True
        for link in self.links:
            link._timer.cancel()  # type: ignore[attr-defined]

    @classmethod
    async def stop_all(cls) -> None:
        """Kill every core that still runs."""
        for core in list(cls._running):
            core.kill()
            await eventually(lambda core=core: not core.links)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def only_flow(self) -> FakeFlow:
        (flow,) = self.flows.values()
        return flow

    def opens(self) -> list[Open]:
        return [frame for frame in self.frames if isinstance(frame, Open)]

    def drain(self) -> None:
        for link in self.links:
            link.send(Drain("test"))

    def close_flow(self, flow: FakeFlow, code: int, reason: str) -> None:
        flow.link.send(Closed(flow.open.flow, code, reason))
        self._drop(flow)

    def send_down(
        self, flow: FakeFlow, payload: bytes, *, cursor: str = "", report: bool = False, epoch: int = 0
    ) -> None:
        flow.outbox.append(Down(flow.open.flow, epoch or flow.epoch, cursor, payload, report))
        self._pump(flow)

    # What the link says.

    def on_linked(self, link: TrunkLink) -> None:
        self.links.append(link)

    def on_frame(self, link: TrunkLink, frame: AnyFrame, in_ns: MonoNs) -> None:
        if self._is_still:
            return
        self.frames.append(frame)
        match frame:
            case Open():
                self._on_open(link, frame)
            case Up():
                self._on_up(link, frame)
            case Closed():
                if (flow := self.flows.get((link, frame.flow))) is not None:
                    self._drop(flow)
            case Emitted():
                pass
            case _:
                raise AssertionError(f"an edge does not send {frame}")

    def on_clear(self, link: TrunkLink, flow: int | None) -> None:
        for key, held in list(self.flows.items()):
            if key[0] is link and flow in {None, key[1]}:
                self._pump(held)

    def on_clock_sample(self, link: TrunkLink, sample: ClockSample) -> None:
        self.samples.append(sample)

    def on_suspected(self, link: TrunkLink, silent_ms: int) -> None:
        self.suspicions.append(silent_ms)

    def on_trusted(self, link: TrunkLink) -> None:
        self.trusts += 1

    def on_unlinked(self, link: TrunkLink, reason: str) -> None:
        self.unlinked.append(reason)
        self.links.remove(link)
        self.flows = {key: flow for key, flow in self.flows.items() if key[0] is not link}

    def on_rejected(self, peer_host: str, reason: str) -> None:
        self.rejections.append(reason)

    def _on_open(self, link: TrunkLink, frame: Open) -> None:
        refusal = self.refuse(frame)
        if refusal is not None:
            link.send(msgspec.structs.replace(refusal, flow=frame.flow))
            link.forget(frame.flow)
            return
        if not self.is_opening:
            return
        session = self.journal.sessions.setdefault(frame.session, FakeSession())
        session.epoch += 1
        flow = FakeFlow(link, frame, session, session.epoch)
        flow.last_heard = len(session.decided)
        flow.echoed = int(frame.cursor.split("_")[1]) if frame.cursor else 0
        self.flows[link, frame.flow] = flow
        link.send(Opened(frame.flow, flow.epoch, len(session.decided)))
        self._echo(flow)

    def _on_up(self, link: TrunkLink, frame: Up) -> None:
        flow = self.flows.get((link, frame.flow))
        if flow is None:
            return
        if self.is_consuming:
            link.consumed(frame.flow, len(frame.payload))
        assert frame.index == flow.last_heard + 1, f"message {frame.index} came after {flow.last_heard}"
        flow.last_heard = frame.index
        flow.heard[frame.index] = frame.payload
        if len(flow.heard) >= self.decide_every:
            self.decide(flow)

    def decide(self, flow: FakeFlow) -> None:
        """Make everything heard durable, release and echo it."""
        for index in sorted(flow.heard):
            assert index == len(flow.session.decided) + 1
            flow.session.decided.append(flow.heard.pop(index))
        flow.link.send(Release(flow.open.flow, len(flow.session.decided), f"p{len(flow.session.decided)}"))
        self._echo(flow)

    def _echo(self, flow: FakeFlow) -> None:
        for number, message in enumerate(flow.session.decided[flow.echoed :], flow.echoed + 1):
            body = {"echo": number, "of": message.decode("utf-8", "replace")[:200]}
            flow.outbox.append(Down(flow.open.flow, flow.epoch, f"event_{number}_0", msgspec.json.encode(body)))
        flow.echoed = len(flow.session.decided)
        self._pump(flow)

    def _pump(self, flow: FakeFlow) -> None:
        while flow.outbox and flow.link.can_send(flow.open.flow):
            flow.link.send(flow.outbox.pop(0))

    def _drop(self, flow: FakeFlow) -> None:
        self.flows.pop((flow.link, flow.open.flow), None)
        flow.link.forget(flow.open.flow)


async def eventually(condition: Callable[[], object], within_s: float = 5.0) -> None:
    """Wait until it holds, looking each loop turn or so."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - whatever the condition reads has no event to wait for
            await asyncio.sleep(0.002)
