"""What the operator decides about an edge."""

from dataclasses import asdict, dataclass, field, fields

from segue.adapters.trunk.port import FLEET_KEY_BYTES_MIN, TrunkAddress
from segue.model.errors import ConfigError
from segue.model.limits import EDGE_FLOWS_MAX, SUSPECT_AFTER_MS

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeConfig:
    """One edge process. Texts that are secret do not print."""

    fleet_key: str = field(repr=False)
    """16 bytes or more, the same for every process of the fleet: proves the trunk's ends and signs client tokens."""
    host: str = "127.0.0.1"
    """Address to listen on. Loopback, so that nothing is offered to a network without being asked for."""
    port: int = 8080
    """0..65535 (0: any free one, reported when ready)."""
    cores: tuple[str, ...] = ("127.0.0.1:7070",)
    """`host:port` of each core's trunk listener, at least one. Costs one TCP link each."""
    node: str = ""
    """Name of this process on the trunk, up to 64 characters. Empty: a random one for each start."""
    api_keys: tuple[str, ...] = field(default=(), repr=False)
    """Keys that may open sessions and mint client secrets. None: only the page and `ek_` tokens get in."""
    open_page: bool | None = None
    """Whether the page served here may talk without a key. Unset: yes on loopback, no elsewhere."""
    tls_cert: str | None = None
    """PEM file with the certificate chain; with `tls_key` the edge speaks https and wss only."""
    tls_key: str | None = None
    """PEM file with its private key."""
    trunk_ca: str | None = None
    """PEM file with the authority of the cores' certificates; set, the trunk runs in TLS. Unset: plain TCP, for one
    machine or a network that is private already."""
    upgrade_wait_ms: int = 2_000
    """0..30000: how long a new connection waits for a core's answer before the upgrade, so that a refusal is an HTTP
    status. After it the socket is accepted and goes on waiting."""
    core_wait_s: int = 60
    """1..3600 without any core that takes a flow, then its socket is closed with 1013. A restart takes seconds, a
    minute covers a machine's. Costs what the client says meanwhile (its ring)."""
    core_dead_after_ms: int = 1_500
    """Over SUSPECT_AFTER_MS: silence of a core's link after which the edge gives it up and opens its flows elsewhere. A
    busy core may stall for some hundred milliseconds; leaving it then would cost a takeover for nothing."""
    client_stall_s: int = 20
    """1..600 during which a client's socket takes nothing, then it is closed with 1008."""
    client_silence_s: int = 30
    """5..3600 in which a client sends nothing, not even the answer to a ping (sent at half of it); then it is gone."""
    flows_max: int = EDGE_FLOWS_MAX
    """1..EDGE_FLOWS_MAX connections; more get 503. Each costs about 25 kB, and up to a ring while a core is away."""
    rings_bytes_max: int = 1 << 30
    """1 MiB or more held in all replay rings together; over it new connections get 503. One GiB is ten thousand clients
    talking for two seconds without a core, or two hundred for a minute."""
    drain_ms: int = 2_000
    """0..60000 for clients to answer the close at a stop; then their sockets are cut."""
    secret_ttl_s: int = 600
    """10..7200: life of a client secret that does not ask for one. OpenAI's default."""

    def __post_init__(self) -> None:
        """Refuse what cannot work, naming the field."""
        if len(self.fleet_key.encode()) < FLEET_KEY_BYTES_MIN:
            raise ConfigError("edge.fleet_key", "is too short", hint=f"give {FLEET_KEY_BYTES_MIN} bytes or more")
        if not self.cores:
            raise ConfigError("edge.cores", "is empty", hint="name at least one core, for example 127.0.0.1:7070")
        if len(set(self.cores)) != len(self.cores):
            raise ConfigError("edge.cores", "names a core twice")
        for address in self.cores:
            TrunkAddress.parse(address, "edge.cores")
        if len(self.node) > 64:
            raise ConfigError("edge.node", "is longer than 64 characters")
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ConfigError("edge.tls_cert", "and edge.tls_key go together", hint="give both or neither")
        if any(len(key) < API_KEY_CHARS_MIN for key in self.api_keys):
            raise ConfigError(
                "edge.api_keys", "holds a key that can be guessed", hint=f"{API_KEY_CHARS_MIN}+ characters"
            )
        if any(key.startswith(("ek_", "rt_")) for key in self.api_keys):
            raise ConfigError("edge.api_keys", "holds a key beginning with ek_ or rt_", hint="those name other tokens")
        values = asdict(self)
        for name, (low, high) in _RANGES.items():
            if not low <= values[name] <= high:
                raise ConfigError(f"edge.{name}", f"{values[name]} is out of range", hint=f"{low}..{high}")

    @property
    def is_page_open(self) -> bool:
        return self.host in LOOPBACK_HOSTS if self.open_page is None else self.open_page


API_KEY_CHARS_MIN = 8

_RANGES = {
    "port": (0, 65_535),
    "upgrade_wait_ms": (0, 30_000),
    "core_wait_s": (1, 3_600),
    "core_dead_after_ms": (SUSPECT_AFTER_MS + 1, 600_000),
    "client_stall_s": (1, 600),
    "client_silence_s": (5, 3_600),
    "flows_max": (1, EDGE_FLOWS_MAX),
    "rings_bytes_max": (1 << 20, 1 << 40),
    "drain_ms": (0, 60_000),
    "secret_ttl_s": (10, 7_200),
}
assert set(_RANGES) <= {item.name for item in fields(EdgeConfig)}, "the table names fields that exist"
