"""The agent as the machine sees it: data, without the author's code."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, assert_never

from segue.session.policy import OperationPolicy
from segue.voice.results import CallTool, DetectEnd, Generate, OperationRequest, Synthesize, ToolOffer, Transcribe


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerTool:
    """One function of the agent's author, run by a worker."""

    name: str
    description: str
    parameters_json: str
    """JSON Schema of the arguments object, as text."""
    effect: Literal["once", "idempotent"] = "idempotent"
    has_lookup: bool = False
    """The author wrote a `lookup` that can tell whether a call under a key already happened."""

    @property
    def offer(self) -> ToolOffer:
        """What the model is told of it."""
        return ToolOffer(name=self.name, description=self.description, parameters_json=self.parameters_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPolicies:
    """Who does each kind of operation, how often and for how long. The defaults try the local models only."""

    transcribe: OperationPolicy = field(
        default_factory=lambda: OperationPolicy(provider="local", deadline_ms=15_000, attempt_ms=6_000)
    )
    detect_end: OperationPolicy = field(
        default_factory=lambda: OperationPolicy(provider="local", deadline_ms=1_000, attempts_max=1)
    )
    generate: OperationPolicy = field(
        default_factory=lambda: OperationPolicy(provider="local", deadline_ms=30_000, attempt_ms=10_000)
    )
    synthesize: OperationPolicy = field(
        default_factory=lambda: OperationPolicy(provider="local", deadline_ms=20_000, attempt_ms=8_000)
    )
    tool: OperationPolicy = field(
        default_factory=lambda: OperationPolicy(provider="local", deadline_ms=60_000, attempts_max=2)
    )

    def of(self, request: OperationRequest) -> OperationPolicy:
        """The policy for this request."""
        match request:
            case Transcribe():
                return self.transcribe
            case DetectEnd():
                return self.detect_end
            case Generate():
                return self.generate
            case Synthesize():
                return self.synthesize
            case CallTool():
                return self.tool
            case _:
                assert_never(request)


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpec:
    """One version of one agent."""

    name: str
    version: str = "1"
    model: str = "segue"
    """Echoed as `session.model`."""
    instructions: str = ""
    greeting: str | None = None
    """Said as it is when a new session begins."""
    voice: str = "heart"
    voices: tuple[str, ...] = ()
    """Names a client may choose, `voice` among them; empty: any name is passed on to the provider."""
    tools: tuple[ServerTool, ...] = ()
    policies: OperationPolicies = field(default_factory=OperationPolicies)
    session: Mapping[str, Any] = field(default_factory=dict)
    """A partial session object merged over the defaults before what the client asks for."""

    def tool(self, name: str) -> ServerTool | None:
        """The agent's own tool of this name."""
        return next((tool for tool in self.tools if tool.name == name), None)
