"""One trunk link to each configured core: dialled, watched, dialled again."""

import asyncio
import ssl
from dataclasses import dataclass

from segue.adapters.clock.port import Clock
from segue.adapters.trunk.link import dial_trunk
from segue.adapters.trunk.port import CORE, ClockSample, TrunkAddress, TrunkIdentity, TrunkLink
from segue.edge.log import Log
from segue.edge.router import Core, Router
from segue.model.errors import TrunkUnavailable
from segue.model.limits import HEARTBEAT_MS
from segue.model.time import NS_PER_MS, MonoNs, ms
from segue.wire.trunk import AnyFrame

REDIAL_FIRST_MS = 50
REDIAL_MAX_MS = 1_000
REFUSED_REDIAL_MAX_MS = 100
"""Pauses between attempts grow from the first to the second. An address that refuses at once costs almost nothing to
ask, and a core started anew there should not wait: it is asked every 100 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkConfig:
    """What all links of an edge share."""

    dead_after_ms: int
    tls: ssl.SSLContext | None = None


class CoreLink:
    """Keeps one core linked; also the handler of its link."""

    def __init__(
        self, core: Core, router: Router, identity: TrunkIdentity, clock: Clock, log: Log, trunk_config: TrunkConfig
    ) -> None:
        self._core = core
        self._router = router
        self._identity = identity
        self._clock = clock
        self._log = log
        self._config = trunk_config

    async def run(self) -> None:
        """Dial, hold, dial again, until cancelled."""
        address = TrunkAddress.parse(self._core.address)
        pause_ms, last_problem = REDIAL_FIRST_MS, ""
        while True:
            try:
                link = await dial_trunk(
                    address, self._identity, peer_role=CORE, handler=self, clock=self._clock, tls=self._config.tls
                )
            except TrunkUnavailable as error:
                if error.reason != last_problem:
                    self._log.warning("edge.core.unreachable", core=self._core.address, reason=error.reason)
                last_problem = error.reason
                is_refused = isinstance(error.__cause__, ConnectionRefusedError)
                pause_ms = min(pause_ms * 2, REFUSED_REDIAL_MAX_MS if is_refused else REDIAL_MAX_MS)
                await asyncio.sleep(pause_ms / 1000)
                continue
            pause_ms, last_problem = REDIAL_FIRST_MS, ""
            try:
                await link.wait_closed()
            finally:
                link.close("this edge stops")
            await asyncio.sleep(pause_ms / 1000)

    def on_linked(self, link: TrunkLink) -> None:
        self._router.on_linked(self._core, link)

    def on_frame(self, link: TrunkLink, frame: AnyFrame, in_ns: MonoNs) -> None:
        self._router.on_frame(self._core, link, frame, in_ns)

    def on_clear(self, link: TrunkLink, flow: int | None) -> None:
        self._router.on_clear(self._core, flow)

    def on_clock_sample(self, link: TrunkLink, sample: ClockSample) -> None:
        """The core relates the two clocks; to the edge all stamps are its own."""

    def on_suspected(self, link: TrunkLink, silent_ms: int) -> None:
        self._router.on_suspected(self._core, silent_ms)
        asyncio.get_running_loop().call_later((self._config.dead_after_ms - silent_ms) / 1000, self._give_up, link)

    def on_trusted(self, link: TrunkLink) -> None:
        self._router.on_trusted(self._core)

    def on_unlinked(self, link: TrunkLink, reason: str) -> None:
        self._router.on_unlinked(self._core, reason)

    def _give_up(self, link: TrunkLink) -> None:
        silent_ns = self._clock.mono_ns() - link.heard_ns
        if (
            self._core.link is link
            and self._core.is_suspected
            and silent_ns >= ms(self._config.dead_after_ms - HEARTBEAT_MS)
        ):
            link.abort(f"silent for {silent_ns // NS_PER_MS} ms")

    def on_rejected(self, peer_host: str, reason: str) -> None:
        raise AssertionError("a dialler rejects nobody; dial_trunk raises")
