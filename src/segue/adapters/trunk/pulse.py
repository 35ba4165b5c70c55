"""The pulse of a link: beats that carry a clock comparison, and the silence after which the peer is suspected. Pure."""

from segue.adapters.trunk.port import ClockSample
from segue.model.limits import HEARTBEAT_MS, SUSPECT_AFTER_MS
from segue.model.time import MonoNs, ms
from segue.wire.trunk import Beat


class Pulse:
    """Beats and silence of one link."""

    __slots__ = ("_beat", "_beat_ns", "_is_suspected", "_ticked_ns", "heard_ns")

    def __init__(self, now: MonoNs) -> None:
        self.heard_ns = now
        self._ticked_ns = now
        self._is_suspected = False
        self._beat: Beat | None = None
        self._beat_ns = now

    def rest(self, now: MonoNs) -> None:
        """Count silence from here."""
        self.heard_ns = now
        self._ticked_ns = now

    def hear(self, now: MonoNs) -> bool:
        """Something arrived; True if the peer was suspected."""
        self.heard_ns = now
        was_suspected, self._is_suspected = self._is_suspected, False
        return was_suspected

    def keep(self, beat: Beat, now: MonoNs) -> ClockSample | None:
        """The peer's beat came; what it says of the two clocks, if it echoes one of ours."""
        self._beat = beat
        self._beat_ns = now
        if beat.echo_sent_ns is None or beat.received_ns is None:
            return None
        return ClockSample(t0_ns=beat.echo_sent_ns, t1_ns=beat.received_ns, t2_ns=beat.sent_ns, t3_ns=now)

    def beat(self, now: MonoNs) -> Beat:
        """The next one to send; it echoes the last received once."""
        last, self._beat = self._beat, None
        if last is None:
            return Beat(sent_ns=now)
        return Beat(sent_ns=now, echo_sent_ns=last.sent_ns, received_ns=self._beat_ns)

    def suspect(self, now: MonoNs) -> int | None:
        """At each tick: how long the peer has been silent, once, when that is too long.

        A late tick means that this process stood still, and says nothing about the peer: silence counts anew.
        """
        is_late = now - self._ticked_ns > ms(3 * HEARTBEAT_MS)
        self._ticked_ns = now
        if is_late and not self._is_suspected:
            self.heard_ns = now
            return None
        silent_ns = now - self.heard_ns
        if self._is_suspected or silent_ns <= ms(SUSPECT_AFTER_MS):
            return None
        self._is_suspected = True
        return silent_ns
