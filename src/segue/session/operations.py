"""The operation ledger: what was intended, what came of it, and what is in doubt, by key.

Rules: an intent is folded before its effect runs, its end after; a key is intended once and ends once; a repeated
request is answered from here. It is part of a kind's state and changes only by folding rows, so the kind calls the
same methods live and on replay. It does not know what kinds of operation there are, nor what a result means.

After a takeover `open()` lists what was intended and never ended: an `IDEMPOTENT` one is run again under the same key;
a `ONCE` one is in doubt: it is looked up, or declared unknown, never simply run again.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from segue.model.errors import LimitExceeded, LocalProtocolError
from segue.model.ids import OperationKey


class EffectClass(StrEnum):
    """What running the same operation twice would do."""

    IDEMPOTENT = "idempotent"
    ONCE = "once"


class Unknown(msgspec.Struct, frozen=True, tag=True):
    """No operation of this key was intended, or it was forgotten."""


class Intended(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """It may be running now, may have run in a process that died, or is about to run."""

    kind: str
    effect: EffectClass
    request: bytes


class InDoubt(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A `ONCE` operation that may or may not have happened; only a lookup or a person can tell."""

    kind: str
    request: bytes


class Completed(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """It happened; `result` answers every later request of this key."""

    kind: str
    result: bytes


class Failed(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """It was given up; `error` says why."""

    kind: str
    error: str


Standing = Unknown | Intended | InDoubt | Completed | Failed


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenOperation:
    """An operation that was intended and has not ended."""

    key: OperationKey
    kind: str
    effect: EffectClass
    request: bytes
    is_in_doubt: bool


class OperationLedger:
    """Operations of one session, by key, oldest first.

    Args:
        kept_max: Ended operations kept for reuse; beyond it the oldest ended one is forgotten.
        open_max: Operations intended and not ended; beyond it `intend` refuses.
    """

    def __init__(self, *, kept_max: int = 512, open_max: int = 256) -> None:
        self._open: dict[OperationKey, Intended | InDoubt] = {}
        self._ended: dict[OperationKey, Completed | Failed] = {}
        self._kept_max = kept_max
        self._open_max = open_max

    def lookup(self, key: OperationKey) -> Standing:
        """Where the operation of this key stands."""
        return self._open.get(key) or self._ended.get(key) or Unknown()

    def open(self) -> list[OpenOperation]:
        """What was intended and has not ended, oldest first: after a replay, what has to be settled."""
        return [
            OpenOperation(
                key=key,
                kind=standing.kind,
                effect=standing.effect if isinstance(standing, Intended) else EffectClass.ONCE,
                request=standing.request,
                is_in_doubt=isinstance(standing, InDoubt),
            )
            for key, standing in self._open.items()
        ]

    def intend(self, key: OperationKey, kind: str, effect: EffectClass, request: bytes = b"") -> None:
        """Fold an intent. A `Failed` key may be intended again; an ended `Completed` one is answered, not run.

        Raises:
            LocalProtocolError: The key is open or completed.
            LimitExceeded: `open_max` operations are open.
        """
        standing = self.lookup(key)
        if not isinstance(standing, Unknown | Failed):
            raise LocalProtocolError(f"operation {key} is already {type(standing).__name__}: use what is known of it")
        if len(self._open) >= self._open_max:
            raise LimitExceeded("open_max", len(self._open) + 1, self._open_max)
        self._ended.pop(key, None)
        self._open[key] = Intended(kind=kind, effect=effect, request=request)

    def complete(self, key: OperationKey, result: bytes) -> None:
        """Fold a completion.

        Raises:
            LocalProtocolError: The key is not open.
        """
        self._end(key, Completed(kind=self._opened(key).kind, result=result))

    def fail(self, key: OperationKey, error: str) -> None:
        """Fold the end of an operation that was given up, superseded, or whose outcome was declared unknown.

        Raises:
            LocalProtocolError: The key is not open.
        """
        self._end(key, Failed(kind=self._opened(key).kind, error=error))

    def doubt(self) -> list[OpenOperation]:
        """After a claim and replay: mark every open `ONCE` operation as in doubt, and list all that are open.

        Calling it again changes nothing. Doubt needs no row: whoever replays the same rows comes to the same.
        """
        for key, standing in self._open.items():
            if isinstance(standing, Intended) and standing.effect is EffectClass.ONCE:
                self._open[key] = InDoubt(kind=standing.kind, request=standing.request)
        return self.open()

    def snapshot(self) -> bytes:
        """Encode the ledger. Doubt is not part of it: it belongs to an owner, not to the journal."""
        opened = [(key, self._as_intended(standing)) for key, standing in self._open.items()]
        return msgspec.msgpack.encode(_Snapshot(opened=opened, ended=list(self._ended.items())))

    def restore(self, snapshot: bytes) -> None:
        """Become what `snapshot` was taken of.

        Raises:
            msgspec.MsgspecError: It is not a ledger's snapshot.
        """
        decoded = msgspec.msgpack.decode(snapshot, type=_Snapshot)
        self._open = dict(decoded.opened)
        self._ended = dict(decoded.ended)

    def _opened(self, key: OperationKey) -> Intended | InDoubt:
        standing = self._open.get(key)
        if standing is None:
            raise LocalProtocolError(f"operation {key} is {type(self.lookup(key)).__name__}, not open: it cannot end")
        return standing

    def _end(self, key: OperationKey, end: Completed | Failed) -> None:
        del self._open[key]
        self._ended[key] = end
        if len(self._ended) > self._kept_max:
            del self._ended[next(iter(self._ended))]

    @staticmethod
    def _as_intended(standing: Intended | InDoubt) -> Intended:
        if isinstance(standing, Intended):
            return standing
        return Intended(kind=standing.kind, effect=EffectClass.ONCE, request=standing.request)


class _Snapshot(msgspec.Struct, frozen=True, array_like=True):
    opened: list[tuple[OperationKey, Intended]]
    ended: list[tuple[OperationKey, Completed | Failed]]
