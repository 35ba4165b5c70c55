"""The native crates as Python sees them (native/py). Pure computation: no I/O, no clock."""

from collections.abc import Mapping
from typing import Self, final

__all__ = [
    "Resampler",
    "RouteToken",
    "RouteTokenError",
    "alaw_decode",
    "alaw_encode",
    "decode_route_token",
    "encode_route_token",
    "ulaw_decode",
    "ulaw_encode",
]

class RouteTokenError(ValueError):
    """A text is not a route token to be trusted.

    `reason` is one of `malformed`, `unknown_key`, `forged`, `expired`, and is safe to show.
    """

    reason: str

@final
class RouteToken:
    """What a verified route token says. `expires_at_s` is a whole minute; the token is good through it."""

    @property
    def session(self) -> int: ...
    @property
    def region(self) -> int: ...
    @property
    def core_hint(self) -> int: ...
    @property
    def expires_at_s(self) -> int: ...
    @property
    def key_id(self) -> int: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...

def encode_route_token(key: bytes, key_id: int, *, session: int, region: int, core_hint: int, expires_at_s: int) -> str:
    """Write and sign a token: 48 characters of `a-z2-7`, fit for a URL, a header, a subprotocol and an ICE ufrag.

    Args:
        key: At least 16 bytes.
        key_id: 0..255, names `key` in the ring of whoever verifies.
        session: 64 bits. region: 8 bits. core_hint: 16 bits.
        expires_at_s: Seconds since the Unix epoch, 2025..2056; rounded up to a whole minute.

    Raises:
        ValueError: The key is too short or the expiry cannot be written.
        OverflowError: A number does not fit its field.
    """

def decode_route_token(token: str, keys: Mapping[int, bytes], now_s: int) -> RouteToken:
    """Verify a token in constant time against the key its key id names, and return what it says.

    Raises:
        RouteTokenError: It is malformed, of an unknown key, forged or expired (checked in this order).
    """

@final
class Resampler:
    """One mono stream of little-endian int16 on its way between two of 8, 16, 24 and 48 kHz.

    Constant delay of 2 ms (0 when the rates are equal), flat to 1 kHz below the lower Nyquist frequency, images and
    aliases below -58 dB. One stream, one thread at a time.

    Raises:
        ValueError: A rate is not one of the four.
    """

    def __new__(cls, from_hz: int, to_hz: int) -> Self: ...
    @property
    def delay_ms(self) -> float: ...
    def process(self, pcm: bytes) -> bytes:
        """Resample a chunk; how a stream is cut into chunks does not change what comes out.

        Raises:
            ValueError: `pcm` ends in half a sample.
        """

    def reset(self) -> None:
        """Forget the stream so far, as if newly built."""

def ulaw_decode(data: bytes) -> bytes:
    """G.711 mu-law to little-endian int16."""

def ulaw_encode(pcm: bytes) -> bytes:
    """Little-endian int16 to G.711 mu-law. Raises ValueError for half a sample."""

def alaw_decode(data: bytes) -> bytes:
    """G.711 A-law to little-endian int16."""

def alaw_encode(pcm: bytes) -> bytes:
    """Little-endian int16 to G.711 A-law. Raises ValueError for half a sample."""
