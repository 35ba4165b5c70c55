"""An owner that notes what its link says, and a peer by hand."""

import asyncio

from segue.adapters.clock.system import SystemClock
from segue.adapters.trunk.handshake import Handshake
from segue.adapters.trunk.link import Link, dial_trunk
from segue.adapters.trunk.port import CORE, EDGE, ClockSample, TrunkAddress, TrunkIdentity, TrunkLink
from segue.model.time import MonoNs
from segue.wire.trunk import AnyFrame, Beat, FrameReader, Hello, encode_frame
from tests.support.fake_core import FLEET_KEY, FakeCore


class Owner:
    """Notes what a link says."""

    def __init__(self) -> None:
        self.linked: list[TrunkLink] = []
        self.frames: list[AnyFrame] = []
        self.clear: list[int | None] = []
        self.samples: list[ClockSample] = []
        self.suspected: list[int] = []
        self.trusted = 0
        self.unlinked: list[str] = []

    def on_linked(self, link: TrunkLink) -> None:
        self.linked.append(link)

    def on_frame(self, link: TrunkLink, frame: AnyFrame, in_ns: MonoNs) -> None:
        self.frames.append(frame)

    def on_clear(self, link: TrunkLink, flow: int | None) -> None:
        self.clear.append(flow)

    def on_clock_sample(self, link: TrunkLink, sample: ClockSample) -> None:
        self.samples.append(sample)

    def on_suspected(self, link: TrunkLink, silent_ms: int) -> None:
        self.suspected.append(silent_ms)

    def on_trusted(self, link: TrunkLink) -> None:
        self.trusted += 1

    def on_unlinked(self, link: TrunkLink, reason: str) -> None:
        self.unlinked.append(reason)

    def on_rejected(self, peer_host: str, reason: str) -> None:
        raise AssertionError("a dialler rejects nobody")


def identity(key: str = FLEET_KEY, role: str = EDGE) -> TrunkIdentity:
    return TrunkIdentity(node="edge-1", role=role, fleet_key=key.encode())


async def dial(core: FakeCore, owner: Owner, key: str = FLEET_KEY) -> Link:
    address = TrunkAddress(host="127.0.0.1", port=core.port)
    return await dial_trunk(address, identity(key), peer_role=CORE, handler=owner, clock=SystemClock())


class RawEdge:
    """A peer by hand: what a link would never send."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._frames = FrameReader()
        self.received: list[AnyFrame] = []
        self._handshake = Handshake(identity(), peer_role=CORE, is_dialler=True, nonce=b"0123456789abcdef")

    @classmethod
    async def connect(cls, core: FakeCore) -> "RawEdge":
        return cls(*await asyncio.open_connection("127.0.0.1", core.port))

    async def prove(self) -> None:
        self.send(self._handshake.hello())
        await self.read_until(Hello)
        proof = self._handshake.handle(self.received[0])
        assert proof is not None
        self.send(proof)
        await self.read_until(Beat)

    def send(self, *frames: AnyFrame) -> None:
        self.write(b"".join(encode_frame(frame) for frame in frames))

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    async def read_until(self, kind: type[AnyFrame]) -> AnyFrame:
        while not any(isinstance(frame, kind) for frame in self.received):
            data = await asyncio.wait_for(self._reader.read(65_536), 3)
            assert data, "closed"
            self.received += self._frames.feed(data)
        return next(frame for frame in self.received if isinstance(frame, kind))

    async def read_to_end(self) -> None:
        try:
            while await asyncio.wait_for(self._reader.read(65_536), 4):
                pass
        except ConnectionError:
            pass

    def close(self) -> None:
        self._writer.close()
