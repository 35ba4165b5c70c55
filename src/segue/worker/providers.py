"""Who can be asked to do an operation, by kind and by the name that policies use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from segue.adapters.eot.port import EndOfTurn
from segue.adapters.llm.port import Llm
from segue.adapters.stt.port import Stt
from segue.adapters.tts.port import Tts
from segue.model.errors import ProviderError
from segue.model.ids import OperationKey, SessionId
from segue.voice.results import CallTool, ToolReturned

P = TypeVar("P")


class Tools(Protocol):
    """The functions of the agent's author."""

    async def call(self, call: CallTool, key: OperationKey, session: SessionId) -> ToolReturned:
        """Run the tool, or ask its lookup; what it raises is in the answer. Never raises, except when cancelled."""
        ...


class NoTools:
    """An agent without functions."""

    async def call(self, call: CallTool, key: OperationKey, session: SessionId) -> ToolReturned:
        return ToolReturned(output=f"Error: there is no tool {call.name}", outcome="raised")


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """Every provider of this process: kind → name → adapter."""

    stt: Mapping[str, Stt] = field(default_factory=dict)
    eot: Mapping[str, EndOfTurn] = field(default_factory=dict)
    llm: Mapping[str, Llm] = field(default_factory=dict)
    tts: Mapping[str, Tts] = field(default_factory=dict)
    tools: Tools = field(default_factory=NoTools)

    async def warm(self) -> None:
        """Make every first call as fast as the second.

        Raises:
            ProviderError: One of them cannot be used.
        """
        for adapters in (self.stt, self.eot, self.llm, self.tts):
            for adapter in adapters.values():
                await adapter.warm()


def chosen(adapters: Mapping[str, P], name: str, kind: str) -> P:
    """The adapter of this name.

    Raises:
        ProviderError: There is none; not retryable.
    """
    try:
        return adapters[name]
    except KeyError:
        known = ", ".join(sorted(adapters)) or "none"
        raise ProviderError(
            name, f"no {kind} provider of this name is configured (there is: {known})", retryable=False
        ) from None
