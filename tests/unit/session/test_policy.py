"""Policies are checked, and attempts follow them."""

from typing import Any

import pytest

from segue.model.errors import ConfigError, LocalProtocolError
from segue.model.time import Deadline, MonoNs, ms
from segue.session.policy import (
    AttemptReason,
    Attempts,
    GiveUp,
    GiveUpReason,
    OperationPolicy,
    StartAttempt,
    WaitUntil,
)


def at(value_ms: float) -> MonoNs:
    return MonoNs(ms(value_ms))


def attempts(**policy: Any) -> Attempts:
    made = Attempts(OperationPolicy(**{"provider": "a", "deadline_ms": 10_000, "backoff_ms": 100, **policy}))
    assert made.start(at(0)) == StartAttempt(provider="a", number=1)
    return made


@pytest.mark.parametrize(
    "wrong",
    [
        {"deadline_ms": 0},
        {"attempt_ms": 0},
        {"attempts_max": 0},
        {"attempts_max": 21},
        {"backoff_ms": -1},
        {"fallbacks": tuple("bcdefghij")},
        {"fallbacks": ("a",)},
        {"fallbacks": ("",)},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="policy"):
        OperationPolicy(**{"provider": "a", "deadline_ms": 1_000, **wrong})


def test_fallbacks_follow_at_once_and_rounds_after_a_pause() -> None:
    tries = attempts(fallbacks=("b",), attempts_max=5)
    assert tries.failed(at(1), "x", is_retryable=True) == StartAttempt(provider="b", number=2)
    assert tries.failed(at(2), "x", is_retryable=True) == WaitUntil(at=at(102))
    assert tries.next_deadline() == Deadline(at=at(102), reason=AttemptReason.BACKOFF)
    assert tries.deadline(at(101)) == WaitUntil(at=at(102))
    assert tries.deadline(at(102)) == StartAttempt(provider="a", number=3)
    assert tries.failed(at(103), "x", is_retryable=True) == StartAttempt(provider="b", number=4)
    assert tries.failed(at(104), "x", is_retryable=True) == WaitUntil(at=at(304)), "the pause doubles"
    assert tries.deadline(at(304)) == StartAttempt(provider="a", number=5)
    assert tries.number == 5
    assert tries.failed(at(305), "last", is_retryable=True) == GiveUp(reason=GiveUpReason.ATTEMPTS, error="last")
    assert tries.next_deadline() is None


def test_a_provider_that_refuses_is_left_out() -> None:
    tries = attempts(fallbacks=("b",), attempts_max=5, backoff_ms=0)
    assert tries.failed(at(1), "bad key", is_retryable=False) == StartAttempt(provider="b", number=2)
    assert tries.failed(at(2), "busy", is_retryable=True) == StartAttempt(provider="b", number=3)
    assert tries.failed(at(3), "no", is_retryable=False) == GiveUp(reason=GiveUpReason.REFUSED, error="no")


def test_an_attempt_without_an_answer_counts_as_failed() -> None:
    tries = attempts(attempt_ms=300, fallbacks=("b",))
    assert tries.next_deadline() == Deadline(at=at(300), reason=AttemptReason.ATTEMPT)
    assert tries.deadline(at(300)) == StartAttempt(provider="b", number=2)
    tries.failed(at(301), "x", is_retryable=True)
    tries.deadline(at(401))
    give_up = tries.deadline(at(701))
    assert give_up == GiveUp(reason=GiveUpReason.ATTEMPTS, error="a: no answer within 300 ms")


def test_the_deadline_bounds_everything() -> None:
    tries = attempts(deadline_ms=500, backoff_ms=1_000)
    assert tries.next_deadline() == Deadline(at=at(500), reason=AttemptReason.OPERATION)
    assert tries.deadline(at(500)) == GiveUp(reason=GiveUpReason.DEADLINE, error="a: no answer in time")
    tries = attempts(deadline_ms=500, backoff_ms=1_000)
    pause_too_long = tries.failed(at(1), "busy", is_retryable=True)
    assert pause_too_long == GiveUp(reason=GiveUpReason.DEADLINE, error="busy")
    tries = attempts(deadline_ms=500)
    too_late = tries.failed(at(500), "busy", is_retryable=True)
    assert too_late == GiveUp(reason=GiveUpReason.DEADLINE, error="busy")
    tries = attempts(deadline_ms=150, attempts_max=5)
    tries.failed(at(1), "busy", is_retryable=True)
    tries.deadline(at(101))
    assert tries.deadline(at(150)) == GiveUp(reason=GiveUpReason.DEADLINE, error="a: no answer in time")


def test_it_is_started_once_and_fails_while_running() -> None:
    tries = Attempts(OperationPolicy(provider="a", deadline_ms=1_000))
    with pytest.raises(LocalProtocolError):
        tries.deadline(at(0))
    with pytest.raises(LocalProtocolError):
        tries.failed(at(0), "x", is_retryable=True)
    tries.start(at(0))
    with pytest.raises(LocalProtocolError):
        tries.start(at(0))
