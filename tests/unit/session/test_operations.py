"""The operation ledger: intended once, ended once, answered from then on, in doubt after a takeover."""

import msgspec
import pytest

from segue.model.errors import LimitExceeded, LocalProtocolError
from segue.model.ids import OperationKey
from segue.session.operations import (
    Completed,
    EffectClass,
    Failed,
    InDoubt,
    Intended,
    OpenOperation,
    OperationLedger,
    Unknown,
)

A, B, C = OperationKey("a"), OperationKey("b"), OperationKey("c")


def ledger_with_two_open() -> OperationLedger:
    ledger = OperationLedger()
    ledger.intend(A, "tool", EffectClass.ONCE, b"request a")
    ledger.intend(B, "generate", EffectClass.IDEMPOTENT, b"request b")
    return ledger


def test_an_operation_is_unknown_intended_completed() -> None:
    ledger = OperationLedger()
    assert ledger.lookup(A) == Unknown()
    ledger.intend(A, "tool", EffectClass.ONCE, b"request")
    assert ledger.lookup(A) == Intended(kind="tool", effect=EffectClass.ONCE, request=b"request")
    ledger.complete(A, b"result")
    assert ledger.lookup(A) == Completed(kind="tool", result=b"result")
    assert ledger.open() == []


def test_a_key_is_not_run_twice_at_once_or_after_completion() -> None:
    ledger = ledger_with_two_open()
    with pytest.raises(LocalProtocolError, match="already Intended"):
        ledger.intend(A, "tool", EffectClass.ONCE)
    ledger.complete(A, b"")
    with pytest.raises(LocalProtocolError, match="already Completed"):
        ledger.intend(A, "tool", EffectClass.ONCE)


def test_a_failed_one_may_be_intended_again() -> None:
    ledger = ledger_with_two_open()
    ledger.fail(B, "superseded")
    assert ledger.lookup(B) == Failed(kind="generate", error="superseded")
    ledger.intend(B, "generate", EffectClass.IDEMPOTENT)
    assert isinstance(ledger.lookup(B), Intended)


def test_only_an_open_one_ends() -> None:
    ledger = OperationLedger()
    with pytest.raises(LocalProtocolError, match="Unknown, not open"):
        ledger.complete(A, b"")
    with pytest.raises(LocalProtocolError, match="not open"):
        ledger.fail(A, "")


def test_after_a_takeover_only_once_is_in_doubt() -> None:
    ledger = ledger_with_two_open()
    expected = [
        OpenOperation(key=A, kind="tool", effect=EffectClass.ONCE, request=b"request a", is_in_doubt=True),
        OpenOperation(key=B, kind="generate", effect=EffectClass.IDEMPOTENT, request=b"request b", is_in_doubt=False),
    ]
    assert ledger.doubt() == expected
    assert ledger.doubt() == expected
    assert ledger.lookup(A) == InDoubt(kind="tool", request=b"request a")
    with pytest.raises(LocalProtocolError, match="already InDoubt"):
        ledger.intend(A, "tool", EffectClass.ONCE)
    ledger.complete(A, b"found by lookup")
    ledger.fail(B, "gave up")
    assert ledger.open() == []


def test_doubt_is_not_part_of_a_snapshot() -> None:
    ledger = ledger_with_two_open()
    ledger.intend(C, "tool", EffectClass.ONCE)
    ledger.complete(C, b"result")
    before = ledger.snapshot()
    ledger.doubt()
    assert ledger.snapshot() == before
    restored = OperationLedger()
    restored.restore(before)
    assert restored.open() == ledger_with_two_open().open()
    assert restored.lookup(C) == Completed(kind="tool", result=b"result")
    with pytest.raises(msgspec.MsgspecError):
        restored.restore(b"\xc1")


def test_bounds() -> None:
    ledger = OperationLedger(kept_max=2, open_max=1)
    for key in (A, B, C):
        ledger.intend(key, "tool", EffectClass.ONCE)
        ledger.complete(key, key.encode())
    assert ledger.lookup(A) == Unknown(), "the oldest is forgotten"
    assert ledger.lookup(C) == Completed(kind="tool", result=b"c")
    ledger.intend(A, "tool", EffectClass.ONCE)
    with pytest.raises(LimitExceeded):
        ledger.intend(OperationKey("d"), "tool", EffectClass.ONCE)
