"""The output gate: what the machine has computed but may not yet let out.

Every effect, and the publication of every row, passes here and carries a *barrier*: the last row written before it.

- DURABLE: let out once its barrier is durable, never before.
- PROMPT: let out once its barrier is durable, or once it has waited for the patience, or at once while the store is
  known to be away.
- Within a class order is always kept. Between the classes too, with one exception: a PROMPT effect whose patience ran
  out, or that meets an absent store, overtakes the DURABLE ones that still wait. A DURABLE effect overtakes nothing.

Barriers never fall, so when an effect is let out by durability everything before it is let out as well.
"""

from collections import deque
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from segue.model.ids import Seq
from segue.model.time import MonoNs
from segue.session.kind import Gate
from segue.session.outputs import Perform, RowReleased

F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class _Held(Generic[F]):
    order: int
    barrier: Seq
    entered_at: MonoNs
    item: Perform[F] | RowReleased


class OutputGate(Generic[F]):
    """Two queues and one order. The machine bounds its length and drops it when it stops."""

    def __init__(self, patience_ns: int) -> None:
        self._patience_ns = patience_ns
        self._durable: deque[_Held[F]] = deque()
        self._prompt: deque[_Held[F]] = deque()
        self._order = 0
        self._through = Seq(0)
        self._is_away = False

    def __len__(self) -> int:
        return len(self._durable) + len(self._prompt)

    @property
    def has_durable(self) -> bool:
        """Whether something waits that only durability lets out."""
        return bool(self._durable)

    def enter(self, now: MonoNs, barrier: Seq, gate: Gate, item: Perform[F] | RowReleased) -> None:
        """Hold `item` behind row `barrier`."""
        self._order += 1
        queue = self._durable if gate is Gate.DURABLE else self._prompt
        assert not queue or queue[-1].barrier <= barrier, "barriers never fall"
        queue.append(_Held(self._order, barrier, now, item))

    def set_durable(self, through: Seq) -> None:
        """Every row up to `through` is durable."""
        assert through >= self._through, "durability is not taken back"
        self._through = through

    def set_away(self, is_away: bool) -> None:
        """Whether the store is known to be away: then waiting for it would only be silence."""
        self._is_away = is_away

    def poll(self, now: MonoNs) -> Perform[F] | RowReleased | None:
        """Take the next thing that may go out at `now`, or None."""
        durable = self._durable[0] if self._durable and self._durable[0].barrier <= self._through else None
        prompt = self._prompt[0] if self._prompt and self._is_prompt_due(self._prompt[0], now) else None
        if durable is not None and (prompt is None or durable.order < prompt.order):
            return self._durable.popleft().item
        if prompt is None:
            return None
        self._prompt.popleft()
        if isinstance(prompt.item, RowReleased):
            return replace(prompt.item, is_durable=prompt.barrier <= self._through)
        return prompt.item

    def next_deadline(self) -> MonoNs | None:
        """When the patience of the first PROMPT effect runs out."""
        return MonoNs(self._prompt[0].entered_at + self._patience_ns) if self._prompt else None

    def _is_prompt_due(self, held: _Held[F], now: MonoNs) -> bool:
        return held.barrier <= self._through or self._is_away or now >= held.entered_at + self._patience_ns
