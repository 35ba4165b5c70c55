"""An agent: what it is told to be, what it may do, how it sounds, who does the work. Data, checked when it is made."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from segue.agent.tool import Tool, ToolContext, tool
from segue.model.errors import ConfigError
from segue.model.ids import OperationKey, SessionId
from segue.model.limits import INSTRUCTIONS_CHARS_MAX, ITEM_TEXT_CHARS_MAX, TOOLS_MAX
from segue.session.policy import OperationPolicy
from segue.voice.agent import AgentSpec, OperationPolicies, ServerTool
from segue.voice.results import CallTool, ToolReturned


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """Who does what: names configured for this installation, the first one tried first, the others when it fails.

    None leaves it to the installation.
    """

    stt: str | Sequence[str] | None = None
    eot: str | Sequence[str] | None = None
    llm: str | Sequence[str] | None = None
    tts: str | Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent.

    Raises:
        ConfigError: A field that cannot be used; the message names it.
    """

    name: str
    """What people call it; 1..64 characters."""
    instructions: str = ""
    """What the model is told before the conversation."""
    tools: Sequence[Tool | Callable[..., Any]] = ()
    """Functions the model may call: made by `@tool`, or typed functions that may run twice."""
    greeting: str | None = None
    """Said as it is when a new session begins; None: the person speaks first."""
    voice: str = "heart"
    version: str = "1"
    """Kept in each session's journal."""
    providers: Providers = field(default_factory=Providers)
    policies: OperationPolicies = field(default_factory=OperationPolicies)
    """Deadlines, attempts and pauses of each kind of operation; their providers are those of `providers`."""
    session: Mapping[str, Any] = field(default_factory=dict)
    """Partial session object, e.g. {"audio": {"input": {"turn_detection": {"type": "server_vad"}}}}."""

    def __post_init__(self) -> None:
        where = f"Agent {self.name!r}"
        _check_text("Agent", "name", self.name, _NAME_CHARS_MAX)
        if not self.name:
            raise ConfigError("Agent name", f"{self.name!r} is not 1..{_NAME_CHARS_MAX} characters")
        _check_text(where, "instructions", self.instructions, INSTRUCTIONS_CHARS_MAX)
        if self.greeting is not None:
            _check_text(where, "greeting", self.greeting, ITEM_TEXT_CHARS_MAX)
        made = tuple(_as_tool(where, each) for each in self.tools)
        names = [each.name for each in made]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ConfigError(f"{where} tools", f"several are called {repeated[0]}")
        if len(made) > TOOLS_MAX:
            raise ConfigError(f"{where} tools", f"{len(made)} are more than {TOOLS_MAX}")
        object.__setattr__(self, "tools", made)

    def spec(self, *, voices: tuple[str, ...] = (), defaults: Providers | None = None) -> AgentSpec:
        """The agent as sessions see it: without its code.

        Args:
            voices: Names a client may choose; empty if any is passed on to the provider.
            defaults: What this installation uses for what the agent leaves open; None: the local models.
        """
        policies, own, given = self.policies, self.providers, defaults or Providers()
        return AgentSpec(
            name=self.name,
            version=self.version,
            instructions=self.instructions,
            greeting=self.greeting,
            voice=self.voice,
            voices=voices,
            tools=tuple(_server_tool(each) for each in self.tools if isinstance(each, Tool)),
            policies=OperationPolicies(
                transcribe=_asked_of(policies.transcribe, "stt", own.stt, given.stt),
                detect_end=_asked_of(policies.detect_end, "eot", own.eot, given.eot),
                generate=_asked_of(policies.generate, "llm", own.llm, given.llm),
                synthesize=_asked_of(policies.synthesize, "tts", own.tts, given.tts),
                tool=policies.tool,
            ),
            session=dict(self.session),
        )

    async def call(self, call: CallTool, key: OperationKey, session: SessionId) -> ToolReturned:
        """Run one of its tools, or ask the tool's lookup. Never raises, except when cancelled."""
        found = next((each for each in self.tools if isinstance(each, Tool) and each.name == call.name), None)
        if found is None:
            return ToolReturned(output=f"Error: there is no tool {call.name}", outcome="raised")
        if call.is_lookup:
            return await found.look_up(key)
        return await found.run(call.arguments, ToolContext(key=key, session=session))


def _as_tool(where: str, given: object) -> Tool:
    if isinstance(given, Tool):
        return given
    if callable(given):
        return tool(given)
    raise ConfigError(f"{where} tools", f"{given!r} is not a function", hint="decorate a typed function with @tool")


def _check_text(where: str, name: str, text: object, maximum: int) -> None:
    if not isinstance(text, str):
        raise ConfigError(f"{where} {name}", f"{text!r} is not text")
    if len(text) > maximum:
        raise ConfigError(f"{where} {name}", f"{len(text)} characters are more than {maximum}")


def _server_tool(made: Tool) -> ServerTool:
    return ServerTool(
        name=made.name,
        description=made.description,
        parameters_json=msgspec.json.encode(made.parameters).decode(),
        effect=made.effect,
        has_lookup=made.lookup is not None,
    )


def _asked_of(policy: OperationPolicy, kind: str, *names: str | Sequence[str] | None) -> OperationPolicy:
    """The policy with the first providers that are named, `local` if none are."""
    named = next((each for each in names if each is not None), "local")
    listed = (named,) if isinstance(named, str) else tuple(named)
    if not listed:
        raise ConfigError(f"providers.{kind}", "is empty", hint='name at least one, e.g. "local"')
    return replace(policy, provider=listed[0], fallbacks=listed[1:])


_NAME_CHARS_MAX = 64
