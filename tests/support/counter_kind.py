"""A second, tiny kind of session: a counter that people add to and that charges for it.

It proves that the kernel knows no voice. An event carries the number its sender gave it, as uplink messages do, so that
it may be sent again after a takeover.
"""

from collections import deque
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from segue.model.errors import PeerProtocolError
from segue.model.ids import OperationKey
from segue.model.time import Deadline, MonoNs, ms
from segue.session.kind import Effect, Gate, KindOutput, SnapshotUnusable, Write
from segue.session.operations import EffectClass, OperationLedger
from segue.session.rows import Row, Urgency


@dataclass(frozen=True)
class Add:
    number: int
    amount: int
    urgency: Urgency = Urgency.GATE


@dataclass(frozen=True)
class Shout:
    """Says something without a row."""

    text: str


@dataclass(frozen=True)
class Charge:
    key: str
    effect: EffectClass


@dataclass(frozen=True)
class Charged:
    key: str


@dataclass(frozen=True)
class WakeIn:
    after_ms: int


@dataclass(frozen=True)
class Break:
    """A bug in the kind."""


@dataclass(frozen=True)
class Say:
    """PROMPT: the total after `count` additions, or a shout."""

    text: str
    count: int = 0


@dataclass(frozen=True)
class Receipt:
    """DURABLE: it may be given only once `count` additions, which make `total`, are in the journal."""

    count: int
    total: int


@dataclass(frozen=True)
class RunCharge:
    """DURABLE: only once the intent of `key` is in the journal."""

    key: str


@dataclass(frozen=True)
class LookUpCharge:
    """DURABLE: nobody knows whether it happened."""

    key: str


Event = Add | Shout | Charge | Charged | WakeIn | Break
CounterEffect = Say | Receipt | RunCharge | LookUpCharge


class Timer(StrEnum):
    ALARM = "alarm"


class CounterKind:
    def __init__(self, *, row_version: int = 1, row_version_max: int = 2) -> None:
        self._version, self._version_max = row_version, row_version_max
        self.total = 0
        self.count = 0
        self.number = 0
        self.ledger = OperationLedger()
        self._alarm_at: MonoNs | None = None
        self._out: deque[KindOutput[CounterEffect]] = deque()

    @property
    def row_version(self) -> int:
        return self._version

    @property
    def row_version_max(self) -> int:
        return self._version_max

    def handle(self, now: MonoNs, event: Event) -> None:
        assert not self._out
        match event:
            case Add(number=number) if number <= self.number:
                self._perform(Receipt(self.count, self.total), Gate.DURABLE)
            case Add(number=number, amount=amount, urgency=urgency):
                self._write("added", [number, amount], urgency)
                self._perform(Say(f"{self.total}", self.count), Gate.PROMPT)
                self._perform(Receipt(self.count, self.total), Gate.DURABLE)
            case Shout(text=text):
                self._perform(Say(text), Gate.PROMPT)
            case Charge(key=key, effect=effect):
                self._write("charge.intended", [key, effect.value], Urgency.GATE)
                self._perform(RunCharge(key), Gate.DURABLE)
            case Charged(key=key):
                self._write("charge.done", [key], Urgency.SOON)
            case WakeIn(after_ms=after_ms):
                self._alarm_at = MonoNs(now + ms(after_ms))
            case Break():
                raise AssertionError("a bug in the kind")

    def handle_deadline(self, now: MonoNs) -> None:
        assert self._alarm_at is not None
        assert now >= self._alarm_at
        self._alarm_at = None
        self._perform(Say("alarm"), Gate.PROMPT)

    def poll_output(self) -> KindOutput[CounterEffect] | None:
        return self._out.popleft() if self._out else None

    def next_deadline(self) -> Deadline[str] | None:
        return Deadline(at=self._alarm_at, reason=Timer.ALARM) if self._alarm_at is not None else None

    def apply_row(self, row: Row) -> None:
        self._fold(row.kind, row.body)

    def snapshot(self) -> bytes:
        return msgspec.msgpack.encode([1, self.total, self.count, self.number, self.ledger.snapshot()])

    def restore(self, snapshot: bytes) -> None:
        try:
            version, total, count, number, ledger = msgspec.msgpack.decode(snapshot)
        except (msgspec.MsgspecError, ValueError, TypeError) as error:
            raise SnapshotUnusable("not a counter") from error
        if version != 1:
            raise SnapshotUnusable(f"version {version}")
        self.total, self.count, self.number = total, count, number
        self.ledger.restore(ledger)

    def on_owned(self, now: MonoNs) -> None:
        for operation in self.ledger.doubt():
            effect = LookUpCharge(operation.key) if operation.is_in_doubt else RunCharge(operation.key)
            self._perform(effect, Gate.DURABLE)

    def _write(self, kind: str, body: list[object], urgency: Urgency) -> None:
        encoded = msgspec.msgpack.encode(body)
        self._fold(kind, encoded)
        self._out.append(Write(kind=kind, body=encoded, urgency=urgency))

    def _perform(self, effect: CounterEffect, gate: Gate) -> None:
        self._out.append(Effect(payload=effect, gate=gate))

    def _fold(self, kind: str, encoded: bytes) -> None:
        try:
            body = msgspec.msgpack.decode(encoded)
        except msgspec.MsgspecError as error:
            raise PeerProtocolError(f"{kind}: {error}") from error
        match kind, body:
            case "added", [int(number), int(amount)]:
                self.number, self.total, self.count = number, self.total + amount, self.count + 1
            case "charge.intended", [str(key), str(effect)]:
                self.ledger.intend(OperationKey(key), "charge", EffectClass(effect))
            case "charge.done", [str(key)]:
                self.ledger.complete(OperationKey(key), b"done")
            case _:
                raise PeerProtocolError(f"a counter has no row {kind!r} like this")


def folded(rows: list[Row]) -> CounterKind:
    """What these rows add up to."""
    kind = CounterKind()
    for row in rows:
        if row.kind != "epoch":
            kind.apply_row(row)
    return kind
