"""What the operator decides about a core."""

from dataclasses import asdict, dataclass, field

from segue.adapters.trunk.port import FLEET_KEY_BYTES_MIN, TrunkAddress
from segue.model.errors import ConfigError
from segue.model.limits import CORE_SESSIONS_MAX, RESUME_TOKEN_TTL_S, SESSION_IDLE_MS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreConfig:
    """One core process. Texts that are secret do not print."""

    fleet_key: str = field(repr=False)
    """16 bytes or more, the same for every process of the fleet: proves the trunk's ends and signs resume tokens."""
    listen: str = "127.0.0.1:7070"
    """`host:port` where edges find it (port 0: any free one, reported when ready)."""
    ops: str = "127.0.0.1:7071"
    """`host:port` of /healthz, /readyz and /metrics (port 0: any free one). Empty: not served."""
    node: str = ""
    """Name of this process on the trunk and in the journal, up to 64 characters. Empty: a random one for each start."""
    trunk_cert: str | None = None
    """PEM file with a certificate chain; with `trunk_key` the trunk runs in TLS. Unset: plain TCP, for one machine or a
    network that is private already."""
    trunk_key: str | None = None
    """PEM file with its private key."""
    sessions_max: int = CORE_SESSIONS_MAX
    """1..CORE_SESSIONS_MAX live sessions; more are refused with 503. Each costs about 1 MB while somebody talks."""
    session_idle_ms: int = SESSION_IDLE_MS_MAX
    """1000..SESSION_IDLE_MS_MAX with no client attached, then a session is put to rest; a resume wakes it."""
    resume_ttl_s: int = RESUME_TOKEN_TTL_S
    """60..86400: how long a resume token is good, counted from each attachment."""
    stop_ms: int = 1_500
    """0..30000: what a stop waits for rows on their way to the journal. The conversation goes on at the next core."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, naming the field."""
        if len(self.fleet_key.encode()) < FLEET_KEY_BYTES_MIN:
            raise ConfigError("core.fleet_key", "is too short", hint=f"give {FLEET_KEY_BYTES_MIN} bytes or more")
        TrunkAddress.parse(self.listen, "core.listen")
        if self.ops:
            TrunkAddress.parse(self.ops, "core.ops")
        if len(self.node) > 64:
            raise ConfigError("core.node", "is longer than 64 characters")
        if (self.trunk_cert is None) != (self.trunk_key is None):
            raise ConfigError("core.trunk_cert", "and core.trunk_key go together", hint="give both or neither")
        values = asdict(self)
        for name, (low, high) in _RANGES.items():
            if not low <= values[name] <= high:
                raise ConfigError(f"core.{name}", f"{values[name]} is out of range", hint=f"{low}..{high}")


_RANGES = {
    "sessions_max": (1, CORE_SESSIONS_MAX),
    "session_idle_ms": (1_000, SESSION_IDLE_MS_MAX),
    "resume_ttl_s": (60, 86_400),
    "stop_ms": (0, 30_000),
}
