"""Pauses between attempts to reach a store that fails: doubling, bounded, and a little different for each session."""

from segue.model.ids import SessionId
from segue.model.time import MonoNs, ms
from segue.session.config import SessionConfig


class Backoff:
    """The pauses of one session. The spread (up to a quarter) comes from its id, so that not all ask at once."""

    def __init__(self, session: SessionId, config: SessionConfig) -> None:
        self._first_ns = ms(config.store_retry_ms)
        self._max_ns = ms(config.store_retry_max_ms)
        self._pause_ns = self._first_ns
        self._spread = sum(session.encode()) % _SPREAD_STEPS

    def next(self, now: MonoNs) -> MonoNs:
        """When to ask again after a failure at `now`."""
        pause_ns = self._pause_ns
        self._pause_ns = min(pause_ns * 2, self._max_ns)
        return MonoNs(now + pause_ns + pause_ns * self._spread // (4 * _SPREAD_STEPS))

    def reset(self) -> None:
        """The store answered."""
        self._pause_ns = self._first_ns


_SPREAD_STEPS = 64
