"""What the operator says about a remote, OpenAI-compatible service."""

from dataclasses import dataclass, field

from segue.model.errors import ConfigError


class Secret:
    """A text that does not print; `reveal` is called only where it goes on the wire."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)" if self._text else "Secret(empty)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One service: where it is and how long it may be silent."""

    name: str
    """1..64 characters; the provider's name in errors, metrics and the turn's record."""
    base_url: str
    """http(s) address up to and including the version, e.g. `http://localhost:11434/v1`."""
    api_key: Secret = field(default_factory=lambda: Secret(""))
    """Sent as a bearer; empty sends none, which local servers want."""
    connect_timeout_ms: int = 2_000
    """1..60000: a host that does not answer in two round trips across the world will not; costs the turn this much."""
    read_timeout_ms: int = 10_000
    """1..600000 between two pieces of an answer: the slowest first token worth waiting for in a conversation. Callers
    have shorter deadlines of their own; this one ends what they forgot."""
    connections_max: int = 100
    """1..10000 open at once; more wait for one, within `connect_timeout_ms`. Each costs a socket."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not self.base_url.startswith(("http://", "https://")):
            hint = "write the whole address, e.g. https://api.example.com/v1"
            raise ConfigError(f"{self.name}.base_url", f"{self.base_url!r} is not an http(s) address", hint=hint)
        _in_range(self.name, "connect_timeout_ms", self.connect_timeout_ms, 60_000)
        _in_range(self.name, "read_timeout_ms", self.read_timeout_ms, 600_000)
        _in_range(self.name, "connections_max", self.connections_max, 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatConfig:
    """A dialogue model behind `/chat/completions`."""

    endpoint: Endpoint
    model: str
    """As the service names it."""
    temperature: float | None = None
    """0..2; None leaves it to the service."""
    max_tokens_field: str = "max_tokens"
    """`max_tokens`, which every server knows, or `max_completion_tokens`, which some newer models demand."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.temperature is not None and not 0.0 <= self.temperature <= 2.0:
            raise ConfigError(f"{self.endpoint.name}.temperature", f"{self.temperature} is not within 0..2")


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptionConfig:
    """A recogniser behind `/audio/transcriptions`."""

    endpoint: Endpoint
    model: str
    """As the service names it."""
    stream: bool = False
    """Ask for `stream=true` and read server-sent events; False reads one JSON answer, which every server gives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechConfig:
    """A voice behind `/audio/speech`."""

    endpoint: Endpoint
    model: str
    """As the service names it."""
    voices: tuple[str, ...] = ()
    """Names `synthesize` may be asked for, the default first; empty passes any name on."""
    speed: float | None = None
    """0.25..4; None leaves it to the service."""

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if self.speed is not None and not 0.25 <= self.speed <= 4.0:
            raise ConfigError(f"{self.endpoint.name}.speed", f"{self.speed} is not within 0.25..4")


def _in_range(name: str, field_name: str, value: int, maximum: int) -> None:
    if not 1 <= value <= maximum:
        raise ConfigError(f"{name}.{field_name}", f"{value} is not within 1..{maximum}")
