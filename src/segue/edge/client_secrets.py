"""`POST /v1/realtime/client_secrets`, and the page's own way to one.

A secret is a signed token that carries the session fields it was minted with; nothing is stored. The page served here
may fetch one without a key where the operator left the page open, but only from this very origin.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from segue.edge.access import PAGE_SUBJECT, Gatekeeper, Tokens
from segue.edge.config import LOOPBACK_HOSTS, EdgeConfig
from segue.edge.replies import Denial, deny, error_reply, json_reply
from segue.model.errors import LimitExceeded, PeerProtocolError
from segue.wire.realtime.bounds import check_json
from segue.wire.realtime.errors import WireErrorCode


class ExpiresAfter(msgspec.Struct, frozen=True, kw_only=True):
    """When the secret ends, counted from its making."""

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int, msgspec.Meta(ge=10, le=7200)] | None = None


class SecretRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the request; unknown fields are ignored, as OpenAI does."""

    expires_after: ExpiresAfter | None = None
    session: dict[str, Any] | None = None


_decoder = msgspec.json.Decoder(SecretRequest)


@dataclass(frozen=True, slots=True)
class ClientSecrets:
    """The two endpoints."""

    config: EdgeConfig
    gatekeeper: Gatekeeper
    tokens: Tokens

    def add_routes(self, app: web.Application) -> None:
        app.router.add_post("/v1/realtime/client_secrets", self.create)
        app.router.add_post("/page/client_secret", self.create_for_page)

    async def create(self, request: web.Request) -> web.Response:
        """Mint one for whoever holds an API key."""
        try:
            bearer = self.gatekeeper.admit(request)
            if not bearer.is_api_key:
                raise deny(401, WireErrorCode.INVALID_API_KEY, "client secrets are minted with an API key only")
            return self._mint(bearer.subject, await request.read())
        except Denial as denial:
            return error_reply(denial)

    async def create_for_page(self, request: web.Request) -> web.Response:
        """Mint one for the page of this edge, if the operator left it open."""
        try:
            self._check_page(request)
            return self._mint(PAGE_SUBJECT, await request.read())
        except Denial as denial:
            return error_reply(denial)

    def _mint(self, subject: str, body: bytes) -> web.Response:
        wanted = _decode(body)
        try:
            check_json(wanted.session, "session")
        except PeerProtocolError as error:
            raise deny(400, WireErrorCode.INVALID_VALUE, error.what, param=error.param) from error
        expiry = wanted.expires_after
        ttl_s = expiry.seconds if expiry is not None and expiry.seconds is not None else self.config.secret_ttl_s
        session = {"type": "realtime"} | (wanted.session or {})
        if session["type"] != "realtime":
            what = f"session.type {session['type']!r} is not served; only 'realtime' is"
            raise deny(400, WireErrorCode.INVALID_VALUE, what, param="session.type")
        try:
            value, expires_at = self.tokens.mint_client_secret(subject, session, ttl_s)
        except LimitExceeded as error:
            what = f"these session fields do not fit a secret ({error}); send them by session.update"
            raise deny(400, WireErrorCode.LIMIT_EXCEEDED, what, param="session") from error
        return json_reply({"value": value, "expires_at": expires_at, "session": session})

    def _check_page(self, request: web.Request) -> None:
        if not self.config.is_page_open:
            raise deny(
                401,
                WireErrorCode.INVALID_API_KEY,
                "the page of this edge is not open: set edge.open_page, or use an API key",
            )
        origin = request.headers.get("Origin")
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        if origin is None or urlsplit(origin).netloc != request.host or site != "same-origin":
            raise deny(403, WireErrorCode.INVALID_API_KEY, "only the page served by this edge may ask this")
        name = (urlsplit(f"//{request.host}").hostname or "").lower()
        if self.config.host in LOOPBACK_HOSTS and name not in LOOPBACK_HOSTS:
            # A name that somebody else points at this machine (DNS rebinding) is same-origin with itself.
            raise deny(403, WireErrorCode.INVALID_API_KEY, "open the page by the name localhost")


def _decode(body: bytes) -> SecretRequest:
    try:
        return _decoder.decode(body or b"{}")
    except RecursionError as error:
        raise deny(400, WireErrorCode.INVALID_VALUE, "the body is nested too deeply") from error
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$")
        param = path.strip("`.") or None
        what = f"{param}: {problem}" if param else problem
        raise deny(400, WireErrorCode.INVALID_VALUE, what, param=param) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise deny(400, WireErrorCode.INVALID_JSON, f"the body is not JSON: {error}") from error
