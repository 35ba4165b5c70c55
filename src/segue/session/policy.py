"""Retry, deadline and fallback as data, and the machine that applies them to one operation.

Rules: `provider` is tried first, then each fallback in order, without a pause between different providers; when the
list is used up it starts again after a back-off that doubles each round. A provider that failed for good (not
retryable) is left out from then on. The operation's deadline bounds everything.
"""

from dataclasses import dataclass
from enum import StrEnum

from segue.model.errors import ConfigError, LocalProtocolError
from segue.model.time import Deadline, MonoNs, ms


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPolicy:
    """How one kind of operation is attempted. Stored and versioned; the version in force is in the turn's record."""

    provider: str
    """Who is tried first."""

    deadline_ms: int
    """For the whole operation, all attempts and pauses, 1 or more; what a person would wait at worst."""

    attempt_ms: int | None = None
    """For one attempt, after which it counts as failed and the next begins; None: only the whole has a deadline."""

    attempts_max: int = 3
    """Attempts over all providers, 1..20: three ride out one dead provider and one bad moment of the next."""

    backoff_ms: int = 200
    """Pause before the second round, 0..60000; doubles each round, at most BACKOFF_MS_MAX."""

    fallbacks: tuple[str, ...] = ()
    """Who is tried next, in order; at most 8."""

    version: int = 1
    """Of this policy, so that a record can say which one was applied."""

    def __post_init__(self) -> None:
        _check("deadline_ms", self.deadline_ms, 1, _DEADLINE_MS_MAX)
        _check("attempt_ms", self.attempt_ms if self.attempt_ms is not None else 1, 1, _DEADLINE_MS_MAX)
        _check("attempts_max", self.attempts_max, 1, 20)
        _check("backoff_ms", self.backoff_ms, 0, BACKOFF_MS_MAX)
        _check("fallbacks (their number)", len(self.fallbacks), 0, 8)
        providers = (self.provider, *self.fallbacks)
        if "" in providers or len(set(providers)) < len(providers):
            raise ConfigError("policy provider and fallbacks", f"{providers} has an empty or repeated name")


class AttemptReason(StrEnum):
    """What the next deadline of an operation is."""

    ATTEMPT = "attempt"
    BACKOFF = "backoff"
    OPERATION = "operation"


class GiveUpReason(StrEnum):
    """Why an operation was given up."""

    DEADLINE = "deadline"
    ATTEMPTS = "attempts"
    REFUSED = "refused"
    """Every provider failed for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartAttempt:
    """Run attempt `number` (1, 2, …) at `provider`; a running one is abandoned."""

    provider: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitUntil:
    """Nothing to do before `at`."""

    at: MonoNs


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """The operation failed; `error` is what the last attempt said."""

    reason: GiveUpReason
    error: str


AttemptStep = StartAttempt | WaitUntil | GiveUp


@dataclass(frozen=True, slots=True, kw_only=True)
class _Running:
    provider: str
    since: MonoNs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pausing:
    until: MonoNs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ended:
    pass


class Attempts:
    """The attempts of one operation under one policy. `start` once, then `failed` or `deadline` until it gives up.

    Success is not told: whoever holds it drops it. After a takeover a new one is made: attempts of the dead owner are
    not counted, the deadline starts anew.
    """

    def __init__(self, policy: OperationPolicy) -> None:
        self._policy = policy
        self._left = [policy.provider, *policy.fallbacks]
        self._next = 0
        self._number = 0
        self._rounds = 0
        self._error = "not attempted"
        self._give_up_at: MonoNs | None = None
        self._state: _Running | _Pausing | _Ended | None = None

    @property
    def number(self) -> int:
        """Of the newest attempt; answers of others are late and to be ignored."""
        return self._number

    def start(self, now: MonoNs) -> StartAttempt:
        """Begin the operation."""
        if self._state is not None:
            raise LocalProtocolError("this operation has been started")
        self._give_up_at = MonoNs(now + ms(self._policy.deadline_ms))
        return self._begin(now)

    def failed(self, now: MonoNs, error: str, *, is_retryable: bool) -> AttemptStep:
        """The running attempt failed; say what comes next. One that is not retryable drops its provider."""
        if not isinstance(self._state, _Running):
            raise LocalProtocolError("no attempt is running that could have failed")
        self._error = error
        if not is_retryable:
            self._left.remove(self._state.provider)
        else:
            self._next += 1
        return self._after_failure(now)

    def deadline(self, now: MonoNs) -> AttemptStep:
        """The deadline of `next_deadline` has come."""
        due = self.next_deadline()
        if due is None:
            raise LocalProtocolError("this operation has no deadline: it has not been started or has ended")
        if now < due.at:
            return WaitUntil(at=due.at)
        match due.reason:
            case AttemptReason.OPERATION:
                if isinstance(self._state, _Running):
                    self._error = f"{self._state.provider}: no answer in time"
                return self._give_up(GiveUpReason.DEADLINE)
            case AttemptReason.BACKOFF:
                return self._begin(now)
            case AttemptReason.ATTEMPT:
                assert isinstance(self._state, _Running)
                silent = f"{self._state.provider}: no answer within {self._policy.attempt_ms} ms"
                return self.failed(now, silent, is_retryable=True)

    def next_deadline(self) -> Deadline[AttemptReason] | None:
        """When to call `deadline`, and why."""
        own: Deadline[AttemptReason] | None = None
        match self._state:
            case None | _Ended():
                return None
            case _Pausing(until=until):
                own = Deadline(at=until, reason=AttemptReason.BACKOFF)
            case _Running(since=since):
                if self._policy.attempt_ms is not None:
                    own = Deadline(at=MonoNs(since + ms(self._policy.attempt_ms)), reason=AttemptReason.ATTEMPT)
        give_up_at = self._give_up_at
        assert give_up_at is not None
        if own is None or give_up_at <= own.at:
            return Deadline(at=give_up_at, reason=AttemptReason.OPERATION)
        return own

    def _after_failure(self, now: MonoNs) -> AttemptStep:
        assert self._give_up_at is not None
        if now >= self._give_up_at:
            return self._give_up(GiveUpReason.DEADLINE)
        if not self._left:
            return self._give_up(GiveUpReason.REFUSED)
        if self._number >= self._policy.attempts_max:
            return self._give_up(GiveUpReason.ATTEMPTS)
        if self._next < len(self._left):
            return self._begin(now)
        self._next = 0
        pause_ms = min(self._policy.backoff_ms * 2**self._rounds, BACKOFF_MS_MAX)
        self._rounds += 1
        until = MonoNs(now + ms(pause_ms))
        if until >= self._give_up_at:
            return self._give_up(GiveUpReason.DEADLINE)
        if pause_ms == 0:
            return self._begin(now)
        self._state = _Pausing(until=until)
        return WaitUntil(at=until)

    def _begin(self, now: MonoNs) -> StartAttempt:
        provider = self._left[self._next]
        self._number += 1
        self._state = _Running(provider=provider, since=now)
        return StartAttempt(provider=provider, number=self._number)

    def _give_up(self, reason: GiveUpReason) -> GiveUp:
        self._state = _Ended()
        return GiveUp(reason=reason, error=self._error)


def _check(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ConfigError(f"policy {name}", f"{value} is not between {low} and {high}")


BACKOFF_MS_MAX = 60_000
_DEADLINE_MS_MAX = 3_600_000
