"""Client secrets (`ek_`) and resume tokens (`rt_`): what lets any edge check a client without a look-up.

A client secret is `ek_` and a JWT (HS256, `kid` in its header); it says who may open a session and with what fields. A
resume token is `rt_` and a route token (native codec); it names one session, and whoever bears it may go on with it.
Rules: the fleet's keys are never used as they are but for the route token, whose codec labels its MAC; a client
secret's key is derived, so that neither kind of token can be made from the other. Time comes in. A refusal says which
of a few fixed things is wrong, and nothing of what the token holds.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import jwt
import msgspec
from jwt.api_jws import PyJWS

from segue._native import RouteTokenError, decode_route_token, encode_route_token
from segue.model.errors import AccessDenied, LimitExceeded
from segue.model.ids import SessionId, session_id_from_word, session_word


class Denial(StrEnum):
    """Why a token was refused: the `reason` of an AccessDenied."""

    MISSING = "no token was given"
    MALFORMED = "the token is damaged or of another kind"
    UNKNOWN_KEY = "the token was signed by a key that is not in use; get a new one"
    FORGED = "the token's signature is wrong"
    EXPIRED = "the token has expired; get a new one"


class KeyRing:
    """The fleet's signing keys by id: one signs, all verify, so that a key can be replaced while its tokens live."""

    __slots__ = ("_active", "_keys", "_secret_keys")

    def __init__(self, keys: Mapping[int, bytes], active: int) -> None:
        assert active in keys, "the key that signs is in the ring"
        assert all(0 <= key_id <= KEY_ID_MAX and len(key) >= KEY_BYTES_MIN for key_id, key in keys.items())
        self._keys = dict(keys)
        self._active = active
        self._secret_keys = {
            key_id: hmac.digest(key, _CLIENT_SECRET_LABEL, hashlib.sha256) for key_id, key in keys.items()
        }

    @classmethod
    def single(cls, key: str | bytes) -> "KeyRing":
        """A ring of one key, its id made from the key: a token of another key is mostly told from a forged one."""
        raw = key.encode() if isinstance(key, str) else key
        key_id = hmac.digest(raw, b"segue.key-id", hashlib.sha256)[0]
        return cls({key_id: raw}, key_id)

    def __repr__(self) -> str:
        return f"KeyRing(ids={sorted(self._keys)}, active={self._active})"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientClaims:
    """What a client secret says. Times are seconds since the Unix epoch; `session` is a patch of the session object."""

    subject: str
    session: Mapping[str, Any]
    issued_at_s: int
    expires_at_s: int
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeClaims:
    """What a resume token says: good for `session` until the end of its minute `expires_at_s`, whoever bears it."""

    session: SessionId
    expires_at_s: int
    region: int = 0
    core_hint: int = 0


def issue_client_secret(ring: KeyRing, claims: ClientClaims) -> str:
    """Sign a client secret.

    Raises:
        LimitExceeded: The session patch makes it too long for one HTTP header line.
    """
    payload = msgspec.json.encode(
        _Payload(
            sub=claims.subject,
            iat=claims.issued_at_s,
            exp=claims.expires_at_s,
            session=dict(claims.session),
            model=claims.model,
        )
    )
    headers = {"kid": str(ring._active)}
    token = CLIENT_SECRET_PREFIX + _JWS.encode(payload, ring._secret_keys[ring._active], _ALGORITHM, headers)
    if len(token) > CLIENT_SECRET_CHARS_MAX:
        raise LimitExceeded("CLIENT_SECRET_CHARS_MAX", len(token), CLIENT_SECRET_CHARS_MAX)
    return token


def read_client_secret(ring: KeyRing, token: str | None, now_s: int) -> ClientClaims:
    """Verify a client secret and return what it says.

    Raises:
        AccessDenied: It is missing, malformed, of an unknown key, forged or expired (checked in this order).
    """
    text = _after_prefix(token, CLIENT_SECRET_PREFIX)
    if len(text) > CLIENT_SECRET_CHARS_MAX:
        raise AccessDenied(Denial.MALFORMED)
    try:
        key = ring._secret_keys.get(_key_id(_JWS.get_unverified_header(text).get("kid")))
        if key is None:
            raise AccessDenied(Denial.UNKNOWN_KEY)
        payload = _payload_decoder.decode(_JWS.decode(text, key, [_ALGORITHM]))
    except jwt.InvalidSignatureError as error:
        raise AccessDenied(Denial.FORGED) from error
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        # msgspec's errors and bad text are ValueErrors; a header nested without end exhausts the JSON parser's stack.
        raise AccessDenied(Denial.MALFORMED) from error
    if now_s >= payload.exp:
        raise AccessDenied(Denial.EXPIRED)
    return ClientClaims(
        subject=payload.sub,
        session=payload.session,
        issued_at_s=payload.iat,
        expires_at_s=payload.exp,
        model=payload.model,
    )


def issue_resume_token(ring: KeyRing, claims: ResumeClaims) -> str:
    """Sign a resume token; its expiry is rounded up to a whole minute."""
    return RESUME_TOKEN_PREFIX + encode_route_token(
        ring._keys[ring._active],
        ring._active,
        session=session_word(claims.session),
        region=claims.region,
        core_hint=claims.core_hint,
        expires_at_s=claims.expires_at_s,
    )


def read_resume_token(ring: KeyRing, token: str | None, now_s: int) -> ResumeClaims:
    """Verify a resume token and return what it says.

    Raises:
        AccessDenied: It is missing, malformed, of an unknown key, forged or expired (checked in this order).
    """
    text = _after_prefix(token, RESUME_TOKEN_PREFIX)
    try:
        route = decode_route_token(text, ring._keys, now_s)
    except RouteTokenError as error:
        raise AccessDenied(_ROUTE_DENIALS[error.reason]) from error
    return ResumeClaims(
        session=session_id_from_word(route.session),
        expires_at_s=route.expires_at_s,
        region=route.region,
        core_hint=route.core_hint,
    )


class _Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    sub: str
    iat: int
    exp: int
    session: dict[str, Any]
    model: str | None = None


def _after_prefix(token: str | None, prefix: str) -> str:
    if not token:
        raise AccessDenied(Denial.MISSING)
    if not token.startswith(prefix) or not token.isascii():
        raise AccessDenied(Denial.MALFORMED)
    return token.removeprefix(prefix)


def _key_id(kid: object) -> int:
    if not isinstance(kid, str) or not (kid.isascii() and kid.isdigit()) or len(kid) > len(str(KEY_ID_MAX)):
        raise AccessDenied(Denial.UNKNOWN_KEY)
    return int(kid)


CLIENT_SECRET_PREFIX: Final = "ek_"  # noqa: S105 - how one begins
RESUME_TOKEN_PREFIX: Final = "rt_"  # noqa: S105 - how one begins
CLIENT_SECRET_CHARS_MAX: Final = 8_000
"""It travels in one HTTP header line, and parsers take 8190 bytes of those."""
KEY_BYTES_MIN: Final = 16
KEY_ID_MAX: Final = 255

_ALGORITHM: Final = "HS256"
_CLIENT_SECRET_LABEL: Final = b"segue.client-secret"
_JWS: Final = PyJWS(algorithms=[_ALGORITHM])
"""Signatures only: PyJWT's claim checks read the clock, ours are given the time."""
_payload_decoder: Final = msgspec.json.Decoder(_Payload)
_ROUTE_DENIALS: Final = {
    "malformed": Denial.MALFORMED,
    "unknown_key": Denial.UNKNOWN_KEY,
    "forged": Denial.FORGED,
    "expired": Denial.EXPIRED,
}
