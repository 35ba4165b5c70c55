"""What every session of a core is made with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from segue.adapters.clock.port import Clock
from segue.adapters.store.port import Store
from segue.adapters.vad.port import VadFactory
from segue.core.clocks import EdgeClocks
from segue.core.config import CoreConfig
from segue.core.metrics import CoreMetrics
from segue.core.operations import Worker
from segue.model.ids import NodeId
from segue.model.time import ClockDomain
from segue.session.config import SessionConfig
from segue.voice.agent import AgentSpec
from segue.wire.token import KeyRing


class Log(Protocol):
    """A structlog logger, as far as it is used here."""

    def bind(self, **values: Any) -> "Log": ...
    def info(self, event: str, **values: Any) -> Any: ...
    def warning(self, event: str, **values: Any) -> Any: ...
    def error(self, event: str, **values: Any) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreParts:
    """The shared parts of one core process."""

    node: NodeId
    domain: ClockDomain
    config: CoreConfig
    session_config: SessionConfig
    agent: AgentSpec
    worker: Worker
    vad: VadFactory
    store: Store
    keys: KeyRing
    clock: Clock
    edges: EdgeClocks
    metrics: CoreMetrics
    log: Log
    entropy: Callable[[], str]
    """16 characters or more, fresh with each call."""
