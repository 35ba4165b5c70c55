"""A core in this process without sockets: real sessions, machine, journal and edge flow; fake models and link.

async with core(store) as first: caller = Caller(); caller.join(first); caller.tone(600); await caller.wait(...)
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import structlog

from segue.adapters.clock.system import SystemClock
from segue.adapters.eot.fake import FixedEndOfTurn
from segue.adapters.llm.fake import FixedLatencyLlm
from segue.adapters.store.memory import MemoryStore
from segue.adapters.stt.fake import FixedLatencyStt
from segue.adapters.tts.fake import FixedLatencyTts, ToneConfig, tone_chunks
from segue.adapters.vad.fake import EnergyVadFactory
from segue.agent import Agent
from segue.core.clocks import EdgeClocks, core_domain
from segue.core.config import CoreConfig
from segue.core.events import FlowClear
from segue.core.links import EdgeLinks
from segue.core.metrics import CoreMetrics
from segue.core.parts import CoreParts
from segue.core.sessions import Sessions
from segue.edge.flow import Flow, FlowSpec
from segue.model.errors import StoreUnavailable
from segue.model.ids import NodeId, SessionId, session_id_from_word
from segue.model.time import MonoNs
from segue.session.config import SessionConfig
from segue.wire.token import KeyRing
from segue.wire.trunk import AnyFrame, Closed, Down, Emitted, Open, Opened, Refused, Release
from segue.worker.providers import Providers
from segue.worker.runner import OperationRunner

KEY = "k" * 32
CLOCK = SystemClock()


def fixed_providers(agent: Agent, **changed: Any) -> Providers:
    fixed: dict[str, Any] = {
        "stt": {"local": FixedLatencyStt("Tell me something nice.")},
        "eot": {"local": FixedEndOfTurn([0.95])},
        "llm": {"local": FixedLatencyLlm("The sun is out today. It will stay warm. Enjoy your walk.")},
        "tts": {"local": FixedLatencyTts(tone=ToneConfig(char_ms=10))},
    }
    return Providers(**(fixed | changed), tools=agent)


@dataclass(slots=True)
class Core:
    """One core process, as far as its sessions go."""

    parts: CoreParts
    sessions: Sessions
    links: EdgeLinks
    runner: OperationRunner
    task: asyncio.Task[None] | None = None

    async def kill(self) -> None:
        """As SIGKILL: nothing is said to anybody, nothing more is written."""
        assert self.task is not None
        self.task.cancel()
        await asyncio.wait([self.task])


@asynccontextmanager
async def core(
    store: Any,
    agent: Agent | None = None,
    *,
    node: str = "core-a",
    config: CoreConfig | None = None,
    session: SessionConfig | None = None,
    **providers: Any,
) -> AsyncIterator[Core]:
    """A running core; killed when left."""
    agent = agent or Agent(name="tester", instructions="Be nice.")
    metrics, domain = CoreMetrics(), core_domain(node)
    runner = OperationRunner(fixed_providers(agent, **providers))
    edges = EdgeClocks(domain)
    serial = iter(range(1_000_000))
    parts = CoreParts(
        node=NodeId(node),
        domain=domain,
        config=config or CoreConfig(fleet_key=KEY),
        session_config=session or SessionConfig(),
        agent=agent.spec(),
        worker=runner,
        vad=EnergyVadFactory(),
        store=store,
        keys=KeyRing.single(KEY),
        clock=CLOCK,
        edges=edges,
        metrics=metrics,
        log=structlog.get_logger(),
        entropy=lambda: f"{node}-entropy-{next(serial):08d}",
    )
    started: asyncio.Future[Core] = asyncio.get_running_loop().create_future()

    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            sessions = Sessions(parts, group)
            started.set_result(Core(parts, sessions, EdgeLinks(sessions, edges, metrics, parts.log), runner))
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as outer:
        task = outer.create_task(run(), name=node)
        running = await started
        running.task = task
        try:
            yield running
        finally:
            task.cancel()


class FakeLink:
    """The core's end of a trunk link."""

    peer_role = "edge"
    peer_host = "127.0.0.1"
    is_open = True
    heard_ns = MonoNs(0)

    def __init__(self, receive: Callable[[AnyFrame], None], node: str = "edge-1") -> None:
        self.peer_node = node
        self.credit = True
        self._receive = receive

    def send(self, frame: AnyFrame) -> None:
        self._receive(frame)

    def can_send(self, flow: int) -> bool:
        return self.credit

    def consumed(self, flow: int, payload_bytes: int) -> None: ...

    def forget(self, flow: int) -> None: ...

    def close(self, reason: str) -> None: ...


_words = iter(range(1, 1_000_000))


@dataclass
class Caller:
    """A client and its edge: numbers what it says in a real replay ring, collects what it is told."""

    is_aware: bool = True
    session: SessionId = field(default_factory=lambda: session_id_from_word(next(_words) << 20))
    subject: str = "key:1"
    is_new: bool = True
    after: str = ""
    query: dict[str, str] = field(default_factory=dict)
    claims: Any = None
    node: str = "edge-1"

    def __post_init__(self) -> None:
        params = json.dumps({"session": self.claims, "query": self.query}).encode()
        spec = FlowSpec(
            session=self.session,
            subject=self.subject,
            is_new=self.is_new,
            is_aware=self.is_aware,
            params=params,
            cursor=self.after,
        )
        self.flow = Flow(spec)
        self.link = FakeLink(self._receive, self.node)
        self.events: list[dict[str, Any]] = []
        self.refused: Refused | None = None
        self.closed: Closed | None = None
        self.opened: list[Opened] = []
        self.releases: list[Release] = []
        self.sent: list[bytes] = []
        self.audio_sent_ms = 0
        self._core: Core | None = None
        self._number = 0
        self._is_held = False
        self._changed = asyncio.Event()

    # The edge.

    def join(self, to: Core) -> None:
        """Offer the flow to a core, the first one or the next one."""
        self._core = to
        self._number += 1
        self._is_held = False
        self.link = FakeLink(self._receive, self.node)
        frame = self.flow.open_with(self._number)
        assert isinstance(frame, Open)
        to.links.on_linked(self.link)
        to.links.on_frame(self.link, frame, CLOCK.mono_ns())

    def leave(self) -> None:
        """The client's connection ends."""
        assert self._core is not None
        self._core.links.on_frame(self.link, Closed(self._number, 1000, ""), CLOCK.mono_ns())
        self._is_held = False

    def successor(self, **changed: Any) -> "Caller":
        """The same client on a new connection, as an aware client resumes: it sends again what was not released."""
        query = {"received": str(len(self.sent)), **({"position": self.position} if self.position else {})}
        other = Caller(
            session=self.session,
            subject=f"resume:{self.session}",
            is_new=False,
            is_aware=self.is_aware,
            after=self.cursor,
            query=query,
            node=changed.pop("node", self.node),
        )
        other.sent = list(self.sent)
        other.audio_sent_ms = self.audio_sent_ms
        other.events = list(self.events)
        return other

    def resend(self) -> None:
        """After `segue.session`: everything the core has not released."""
        received = next(e for e in reversed(self.events) if e["type"] == "segue.session")["uplink_received"]
        for payload in self.sent[received:]:
            self._keep(payload)

    @property
    def position(self) -> str:
        acks = [e for e in self.events if e["type"] == "segue.ack"]
        return acks[-1]["position"] if acks else ""

    @property
    def cursor(self) -> str:
        return self.events[-1]["event_id"] if self.events else ""

    def _receive(self, frame: AnyFrame) -> None:
        match frame:
            case Opened():
                self.flow.on_opened(frame)
                self.opened.append(frame)
                self._is_held = True
                asyncio.get_running_loop().call_soon(self._pump)
            case Down() if self.flow.admit_down(frame):
                self.events.append(json.loads(frame.payload))
                if frame.report:
                    self._answer(Emitted(frame.flow, frame.cursor, CLOCK.mono_ns(), CLOCK.mono_ns()))
            case Release():
                self.flow.on_release(frame)
                self.releases.append(frame)
            case Refused():
                self.refused = frame
            case Closed():
                self.closed = frame
        self._changed.set()

    def _answer(self, frame: AnyFrame) -> None:
        core_, link = self._core, self.link
        asyncio.get_running_loop().call_soon(lambda: core_.links.on_frame(link, frame, CLOCK.mono_ns()))

    def _pump(self) -> None:
        while self._is_held and (frame := self.flow.poll_up(self._number)) is not None:
            assert self._core is not None
            self._core.links.on_frame(self.link, frame, CLOCK.mono_ns())

    def _keep(self, payload: bytes) -> None:
        self.flow.ring.append(payload, CLOCK.mono_ns())
        self._pump()

    def unblock(self) -> None:
        """Credit comes back."""
        self.link.credit = True
        assert self._core is not None
        self._core.sessions.post(self.link, self._number, FlowClear())

    # The client.

    def send(self, type_: str, **fields: Any) -> None:
        self.send_raw(json.dumps({"type": type_, **fields}).encode())

    def send_raw(self, payload: bytes) -> None:
        self.sent.append(payload)
        self._keep(payload)

    def audio(self, pcm: bytes, *, rate_hz: int = 24_000, chunk_ms: int = 20) -> None:
        step = rate_hz * 2 * chunk_ms // 1000
        for at in range(0, len(pcm), step):
            piece = pcm[at : at + step]
            self.audio_sent_ms += len(piece) * 1000 // (rate_hz * 2)
            now = CLOCK.mono_ns()
            self.send(
                "input_audio_buffer.append",
                audio=base64.b64encode(piece).decode(),
                segue={"captured_at_ns": now, "sent_at_ns": now},
            )

    def tone(self, ms: int) -> None:
        self.audio(tone(ms))

    def silence(self, ms: int) -> None:
        self.audio(bytes(48 * ms))

    def played(self, item_id: str, ms: float, *, done: bool = False) -> None:
        now = CLOCK.mono_ns()
        stamps = {"at_ns": now, "started_at_ns": now, "received_at_ns": now}
        self.send("segue.playout", item_id=item_id, played_ms=ms, buffered_ms=0, done=done, **stamps)

    # What it was told.

    def of(self, *types: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] in types]

    def types(self) -> list[str]:
        """Types in order, runs of one type as one."""
        found: list[str] = []
        for event in self.events:
            if not found or found[-1] != event["type"]:
                found.append(event["type"])
        return found

    def heard_audio(self, item_id: str | None = None) -> bytes:
        return b"".join(
            base64.b64decode(event["delta"])
            for event in self.of("response.output_audio.delta")
            if item_id in (None, event["item_id"])
        )

    def said(self) -> str:
        return "".join(event["delta"] for event in self.of("response.output_audio_transcript.delta"))

    def expected_audio(self) -> bytes:
        """What the tone voice makes of the segments it was told of."""
        return spoken(*(event["delta"] for event in self.of("response.output_audio_transcript.delta")))

    async def wait(self, condition: Callable[[], Any], within_s: float = 5.0) -> Any:
        """Wait until `condition` holds; fails with what was told so far."""
        try:
            async with asyncio.timeout(within_s):
                while not (found := condition()):
                    self._changed.clear()
                    await self._changed.wait()
                return found
        except TimeoutError:
            told = "\n".join(f"  {e['event_id']} {e['type']} {_short(e)}" for e in self.events[-40:])
            raise AssertionError(
                f"not within {within_s} s; refused={self.refused} closed={self.closed}\n{told}"
            ) from None

    async def wait_for(self, type_: str, count: int = 1, within_s: float = 5.0) -> dict[str, Any]:
        await self.wait(lambda: len(self.of(type_)) >= count, within_s)
        return self.of(type_)[count - 1]


async def until(condition: Callable[[], Any], within_s: float = 5.0) -> Any:
    """Wait until something in this process holds."""
    async with asyncio.timeout(within_s):
        while not (found := condition()):  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.002)
        return found


def tone(ms: int, *, rate_hz: int = 24_000, hz: float = 440.0) -> bytes:
    instants = np.arange(rate_hz * ms // 1000) / rate_hz
    return (0.3 * 32767 * np.sin(2 * np.pi * hz * instants)).astype("<i2").tobytes()


def _short(event: dict[str, Any]) -> str:
    return json.dumps({k: v for k, v in event.items() if k not in ("type", "event_id", "delta", "session")})[:160]


class GatedTts:
    """Hums like `FixedLatencyTts`, but only as many chunks as it was given leave for."""

    name = "gated-tts"
    voices: tuple[str, ...] = ("tone",)

    def __init__(self, chunks: int, tone_config: ToneConfig | None = None) -> None:
        self._leave = asyncio.Semaphore(chunks)
        self._tone = tone_config or TONE
        self.texts: list[str] = []

    async def synthesize(self, text: str, *, voice: str) -> AsyncIterator[bytes]:
        self.texts.append(text)
        for chunk in tone_chunks(text, self._tone):
            await self._leave.acquire()
            yield chunk

    def give(self, chunks: int) -> None:
        for _ in range(chunks):
            self._leave.release()

    async def warm(self) -> None: ...


class FlakyStore(MemoryStore):
    """A memory store that can be away, and may have taken a row whose answer was lost."""

    def __init__(self) -> None:
        super().__init__(CLOCK)
        self.is_away = False
        self.loses_answers = False

    async def put(self, rows: Any, urgency: Any) -> None:
        self._check()
        await super().put(rows, urgency)
        if self.loses_answers:
            self.loses_answers = False
            raise StoreUnavailable("the answer was lost")

    async def read_stamped(self, session: SessionId, from_seq: Any, limit: int) -> Any:
        self._check()
        return await super().read_stamped(session, from_seq, limit)

    async def read_snapshot(self, session: SessionId) -> Any:
        self._check()
        return await super().read_snapshot(session)

    def _check(self) -> None:
        if self.is_away:
            raise StoreUnavailable("unplugged")


TONE = ToneConfig(char_ms=10)


def spoken(*segments: str) -> bytes:
    """What the tone voice makes of these segments: what a client must have heard, to the byte."""
    return b"".join(b"".join(tone_chunks(segment, TONE)) for segment in segments)
