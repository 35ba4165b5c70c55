"""Every error Segue raises on purpose, sorted by who must act.

    SegueError
    ├── LocalProtocolError      the caller, in our own code
    ├── PeerProtocolError       the other side sent what the protocol forbids
    ├── LimitExceeded           policy: a bound was reached
    ├── AccessDenied            the bearer of a token
    ├── FencedError             this owner: stop writing now
    │   ├── SlotTaken           somebody else's row is in the slot
    │   └── StaleEpoch          a newer epoch is in force
    ├── StoreUnavailable        nobody: retry by policy
    ├── TrunkUnavailable        nobody: retry by policy; no proven link to that address
    ├── ProviderError           retry by policy; a model or tool failed
    ├── JournalTooNew           the operator: run the newer release
    └── ConfigError             the operator

`AssertionError` is not here: it is our bug, and ends that session loudly. Each class has a stable `code`, used on the
wire and in metrics, and builds its message from typed attributes.
"""

from enum import StrEnum

from segue.model.ids import Epoch, Seq, SessionId


class ErrorCode(StrEnum):
    """Stable names of errors on the wire and in metrics."""

    LOCAL_PROTOCOL = "local_protocol"
    PEER_PROTOCOL = "peer_protocol"
    LIMIT_EXCEEDED = "limit_exceeded"
    ACCESS_DENIED = "access_denied"
    SLOT_TAKEN = "slot_taken"
    STALE_EPOCH = "stale_epoch"
    STORE_UNAVAILABLE = "store_unavailable"
    TRUNK_UNAVAILABLE = "trunk_unavailable"
    PROVIDER = "provider_error"
    JOURNAL_TOO_NEW = "journal_too_new"
    CONFIG = "config_error"


class SegueError(Exception):
    """Base of all of these."""

    code: ErrorCode


class LocalProtocolError(SegueError):
    """Our own code called a machine in a state that does not allow it."""

    code = ErrorCode.LOCAL_PROTOCOL


class PeerProtocolError(SegueError):
    """The other side sent what the protocol does not allow; `what` says which part and what was expected."""

    code = ErrorCode.PEER_PROTOCOL

    def __init__(self, what: str, *, param: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.param = param


class LimitExceeded(SegueError):
    """A named bound of `model.limits` was reached."""

    code = ErrorCode.LIMIT_EXCEEDED

    def __init__(self, limit: str, value: int, maximum: int) -> None:
        super().__init__(f"{limit}: {value} is over the maximum of {maximum}")
        self.limit = limit
        self.value = value
        self.maximum = maximum


class AccessDenied(SegueError):
    """A token is missing, forged, expired or for something else; `reason` is safe to show to its bearer."""

    code = ErrorCode.ACCESS_DENIED

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FencedError(SegueError):
    """This process no longer owns the session: it must stop writing and speaking for it at once."""


class SlotTaken(FencedError):
    """Another writer's row is in the slot this owner meant to write."""

    code = ErrorCode.SLOT_TAKEN

    def __init__(self, session: SessionId, seq: Seq) -> None:
        super().__init__(f"{session}: slot {seq} holds another owner's row")
        self.session = session
        self.seq = seq


class StaleEpoch(FencedError):
    """A message or write of an epoch older than the one in force."""

    code = ErrorCode.STALE_EPOCH

    def __init__(self, *, seen: Epoch, current: Epoch) -> None:
        super().__init__(f"epoch {seen} is older than {current}, which is in force")
        self.seen = seen
        self.current = current


class StoreUnavailable(SegueError):
    """The store did not take or answer a request; whether a write happened may be unknown until the slot is read."""

    code = ErrorCode.STORE_UNAVAILABLE

    def __init__(self, reason: str) -> None:
        super().__init__(f"store unavailable: {reason}")
        self.reason = reason


class TrunkUnavailable(SegueError):
    """Nothing usable answers at `address`: refused, timed out, of another version, or not a member of the fleet."""

    code = ErrorCode.TRUNK_UNAVAILABLE

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"trunk to {address}: {reason}")
        self.address = address
        self.reason = reason


class ProviderError(SegueError):
    """A model, tool or remote service failed.

    `retryable` says whether the same request may succeed later; `retry_after_ms` is how long it asked to be left alone.
    """

    code = ErrorCode.PROVIDER

    def __init__(self, provider: str, reason: str, *, retryable: bool, retry_after_ms: int | None = None) -> None:
        super().__init__(f"{provider}: {reason}")
        self.provider = provider
        self.reason = reason
        self.retryable = retryable
        self.retry_after_ms = retry_after_ms


class JournalTooNew(SegueError):
    """The journal was written by a release newer than this one; it was left untouched."""

    code = ErrorCode.JOURNAL_TOO_NEW

    def __init__(self, *, found: int, supported: int, where: str) -> None:
        super().__init__(
            f"{where}: journal version {found} is newer than {supported}, the newest this release reads; "
            "run the release that wrote it, or name another folder with --state"
        )
        self.found = found
        self.supported = supported


class ConfigError(SegueError):
    """The operator's configuration cannot be used; `where` names the field, file or flag, `hint` what to do."""

    code = ErrorCode.CONFIG

    def __init__(self, where: str, problem: str, *, hint: str | None = None) -> None:
        super().__init__(f"{where}: {problem}" + (f"; {hint}" if hint else ""))
        self.where = where
        self.problem = problem
        self.hint = hint
