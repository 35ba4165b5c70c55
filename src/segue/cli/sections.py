"""The sections of the configuration file: which component's dataclass each one is.

`[edge]`, `[core]`, `[journal]` belong to their components. `[use]` and `[providers.<name>]` say who does the speech and
language work. `[state]` says where this installation keeps what it made up for itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from segue.adapters.openai_compat.config import ChatConfig, Endpoint, Secret, SpeechConfig, TranscriptionConfig
from segue.adapters.store.schema import SqliteConfig
from segue.core.config import CoreConfig
from segue.edge.config import EdgeConfig
from segue.model.errors import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSection:
    """What this installation remembers."""

    dir: str = ".segue"
    """Folder of the journal and of the keys made at the first start; created with mode 0700. Beside the agent, so that
    two projects never share a journal by accident."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseSection:
    """Which configured provider does each kind of work, the first tried first; an agent that names its own wins."""

    stt: tuple[str, ...] = ("local",)
    eot: tuple[str, ...] = ("local",)
    llm: tuple[str, ...] = ("local",)
    tts: tuple[str, ...] = ("local",)
    vad: str = "local"
    """`local` (Silero) or `energy`: loudness only, for clean test audio and benches."""
    warm: bool = True
    """Load the local models when a core starts, behind its first connections. Off: with the first turn that needs them,
    which then waits about a second."""

    @property
    def wants_local_speech(self) -> bool:
        """Whether any of the models between sound and words is a local one."""
        return LOCAL in (*self.stt, *self.eot, *self.tts, self.vad)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSection:
    """One OpenAI-compatible service. It offers each kind of work for which a model is named."""

    base_url: str = ""
    """http(s) address up to and including the version, e.g. `http://localhost:11434/v1`."""
    api_key: str = field(default="", repr=False)
    """Sent as a bearer; better given as `SEGUE_PROVIDERS__<NAME>__API_KEY` or `api_key_env`."""
    api_key_env: str = ""
    """Name of the environment variable that holds the key."""
    chat_model: str = ""
    transcription_model: str = ""
    speech_model: str = ""
    voices: tuple[str, ...] = ()
    """Voices a client may choose, the default first; none: any name is passed on."""
    temperature: float | None = None
    connect_timeout_ms: int = 2_000
    read_timeout_ms: int = 10_000

    def endpoint(self, name: str, environment: Mapping[str, str]) -> Endpoint:
        """Where and with which key.

        Raises:
            ConfigError: The variable that should hold the key does not; the address is none.
        """
        key = self.api_key
        if self.api_key_env:
            key = environment.get(self.api_key_env, "")
            if not key:
                problem = f"{self.api_key_env} is not set"
                raise ConfigError(f"providers.{name}.api_key_env", problem, hint=f"export {self.api_key_env}=…")
        return Endpoint(
            name=name,
            base_url=self.base_url,
            api_key=Secret(key),
            connect_timeout_ms=self.connect_timeout_ms,
            read_timeout_ms=self.read_timeout_ms,
        )

    def chat(self, endpoint: Endpoint) -> ChatConfig | None:
        if not self.chat_model:
            return None
        return ChatConfig(endpoint=endpoint, model=self.chat_model, temperature=self.temperature)

    def transcription(self, endpoint: Endpoint) -> TranscriptionConfig | None:
        if not self.transcription_model:
            return None
        return TranscriptionConfig(endpoint=endpoint, model=self.transcription_model)

    def speech(self, endpoint: Endpoint) -> SpeechConfig | None:
        if not self.speech_model:
            return None
        return SpeechConfig(endpoint=endpoint, model=self.speech_model, voices=self.voices)


LOCAL = "local"
"""The provider that is always there: the models of `segue models`, and for `llm` the rules of the local responder."""

SECTIONS: dict[str, type] = {
    "state": StateSection,
    "use": UseSection,
    "edge": EdgeConfig,
    "core": CoreConfig,
    "journal": SqliteConfig,
}
"""Sections with fixed fields; beside them `[providers.<name>]`, each a `ProviderSection`."""
