"""Who may connect: API keys, client secrets (`ek_`) and resume tokens (`rt_`), all checked without a lookup.

A *subject* names the bearer to the core: `key:<digest of the API key>`, whatever a client secret was minted for, or
`resume:<session>` for a resume token, which is good for that one session and nothing else.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from segue.edge.replies import Denial, deny
from segue.model.errors import AccessDenied
from segue.model.ids import SessionId
from segue.wire.realtime.errors import WireErrorCode
from segue.wire.token import CLIENT_SECRET_PREFIX, RESUME_TOKEN_PREFIX

SUBPROTOCOL = "realtime"
KEY_SUBPROTOCOL_PREFIX = "openai-insecure-api-key."
PAGE_SUBJECT = "page"
CREDENTIAL_CHARS_MAX = 16_384
"""A client secret carries a session's configuration; headers are bounded by the HTTP parser at 8 kB each anyway."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """What a credential proved. `session`: the only one it is good for. `claims`: session fields a secret carries."""

    subject: str
    is_api_key: bool = False
    session: SessionId | None = None
    claims: bytes | None = None


class Tokens(Protocol):
    """Verifies and mints. Verifying raises AccessDenied with a reason that may be shown."""

    def verify_client_secret(self, token: str) -> Bearer: ...

    def verify_resume_token(self, token: str) -> Bearer: ...

    def mint_client_secret(self, subject: str, session: Mapping[str, Any], ttl_s: int) -> tuple[str, int]:
        """The secret, and when it expires in seconds since the Unix epoch.

        Raises:
            LimitExceeded: The session fields do not fit one.
        """
        ...


class Gatekeeper:
    """Checks the credentials of requests."""

    def __init__(self, api_keys: Sequence[str], tokens: Tokens) -> None:
        self._api_keys = [(key.encode(), f"key:{hashlib.sha256(key.encode()).hexdigest()[:16]}") for key in api_keys]
        self._tokens = tokens

    def admit(self, request: web.Request) -> Bearer:
        """Who is asking.

        Raises:
            Denial: 401, saying what is missing or wrong.
        """
        credential = _credential_of(request)
        if credential is None:
            raise deny(
                401,
                WireErrorCode.INVALID_API_KEY,
                "no credential: send `Authorization: Bearer <key>`, or from a browser the subprotocols "
                f"`{SUBPROTOCOL}` and `{KEY_SUBPROTOCOL_PREFIX}<key>`",
            )
        try:
            return self._verify(credential)
        except AccessDenied as error:
            raise deny(401, WireErrorCode.INVALID_TOKEN, error.reason) from error

    def _verify(self, credential: str) -> Bearer:
        if len(credential) > CREDENTIAL_CHARS_MAX:
            raise deny(401, WireErrorCode.INVALID_TOKEN, f"a credential of over {CREDENTIAL_CHARS_MAX} characters")
        if credential.startswith(CLIENT_SECRET_PREFIX):
            return self._tokens.verify_client_secret(credential)
        if credential.startswith(RESUME_TOKEN_PREFIX):
            return self._tokens.verify_resume_token(credential)
        given = credential.encode(errors="surrogateescape")  # Headers hold whatever bytes were sent.
        subject = None
        for key, name in self._api_keys:  # All of them, so that time tells nothing.
            if hmac.compare_digest(key, given):
                subject = name
        if subject is None:
            raise _wrong_key(credential)
        return Bearer(subject=subject, is_api_key=True)


def offered_subprotocols(request: web.Request) -> list[str]:
    """What the client offered, in order."""
    offers = request.headers.getall("Sec-WebSocket-Protocol", [])
    return [name.strip() for line in offers for name in line.split(",") if name.strip()]


def _credential_of(request: web.Request) -> str | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value.strip():
        return value.strip()
    for name in offered_subprotocols(request):
        if name.startswith(KEY_SUBPROTOCOL_PREFIX):
            return name.removeprefix(KEY_SUBPROTOCOL_PREFIX)
    return None


def _wrong_key(credential: str) -> Denial:
    shown = f"{credential[:3]}…{credential[-2:]}" if len(credential) >= 12 and credential.isascii() else "…"
    return deny(401, WireErrorCode.INVALID_API_KEY, f"incorrect API key: {shown}; use one of `edge.api_keys`")
