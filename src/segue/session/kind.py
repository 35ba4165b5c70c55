"""What the kernel asks of a kind of session, and what a kind may ask of the kernel.

A kind is a pure machine whose lasting state is the fold of its rows. The kernel owns slots, epochs, durability and the
gate; the kind owns meaning. Neither knows the other's business: the kernel never reads a body, the kind never sees a
`seq` it has to choose, an epoch, or the store.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from segue.model.errors import SegueError
from segue.model.time import Deadline, MonoNs
from segue.session.rows import Row, Urgency

F = TypeVar("F")
E_contra = TypeVar("E_contra", contravariant=True)


class Gate(StrEnum):
    """What an effect waits for."""

    DURABLE = "durable"
    """It cannot be taken back: it is released only once every row written before it is durable."""

    PROMPT = "prompt"
    """Speech: it waits for the rows written before it too, but at most the gate's patience; see `session.gate`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Put one row. The kind has applied it to its own state already."""

    kind: str
    body: bytes
    urgency: Urgency


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect(Generic[F]):
    """Have something done in the world, in order with the rows written before it."""

    payload: F
    gate: Gate


KindOutput = Write | Effect[F]


class SnapshotUnusable(SegueError):
    """`restore` cannot read this snapshot (another version, damage): the journal is replayed from its first row."""


class Kind(Protocol[E_contra, F]):
    """One session's meaning, as a pure machine.

    Life: new → (`restore`)? → `apply_row`* → `on_owned` → `handle`*. `poll_output` is drained to None after `on_owned`
    and after each `handle…`; replay yields no outputs. Two instances that applied the same rows have the same
    `snapshot()` once live-only state (timers, partial audio) is left aside: that is what makes takeover exact.
    """

    @property
    def row_version(self) -> int:
        """Format of the rows this kind writes."""
        ...

    @property
    def row_version_max(self) -> int:
        """Newest format it reads; at least `row_version` (a release reads the rows of the release after it)."""
        ...

    def handle(self, now: MonoNs, event: E_contra) -> None:
        """Take one event. Outputs were drained; `now` never goes back."""
        ...

    def handle_deadline(self, now: MonoNs) -> None:
        """The instant that `next_deadline` named has come (or passed)."""
        ...

    def poll_output(self) -> KindOutput[F] | None:
        """Take the next thing to do, or None when there is none left."""
        ...

    def next_deadline(self) -> Deadline[str] | None:
        """When to call `handle_deadline`, and the reason (a StrEnum of the kind)."""
        ...

    def apply_row(self, row: Row) -> None:
        """Fold one row into the state. The one place where a row changes state, on replay and live alike.

        The kernel calls it on replay, for the kind's own rows, in order. Live, the kind folds what it writes by the
        same code before it emits `Write`. No outputs, no clock.

        Raises:
            PeerProtocolError: The body is not one this kind writes: the journal is damaged or foreign.
        """
        ...

    def snapshot(self) -> bytes:
        """Encode what the rows so far add up to, with its own version inside."""
        ...

    def restore(self, snapshot: bytes) -> None:
        """Become what `snapshot` was taken of. Called at most once, on a new instance.

        Raises:
            SnapshotUnusable: It cannot be read; this instance is as new as before.
        """
        ...

    def on_owned(self, now: MonoNs) -> None:
        """The session is ours and replay is over: emit again the effects that were pending, start timers."""
        ...
