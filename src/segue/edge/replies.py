"""HTTP answers of the edge: OpenAI's error envelope, so that every client shows its user the reason."""

from dataclasses import dataclass

import msgspec
from aiohttp import web

from segue.wire.realtime.errors import WireErrorCode, error_type

NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial(Exception):
    """A request that is not served, and what its maker is told."""

    status: int
    code: str
    message: str
    param: str | None = None
    retry_after_s: int | None = None


def deny(status: int, code: WireErrorCode, message: str, *, param: str | None = None) -> Denial:
    """The usual one: `status` and a code of the table."""
    return Denial(status=status, code=code, message=message, param=param)


def error_reply(denial: Denial) -> web.Response:
    """The answer to a request that was denied."""
    known = denial.code in set(WireErrorCode)
    kind = error_type(WireErrorCode(denial.code)) if known else "invalid_request_error"
    error = {"message": denial.message, "type": str(kind), "code": str(denial.code), "param": denial.param}
    headers = dict(NO_STORE)
    if denial.retry_after_s is not None:
        headers["Retry-After"] = str(denial.retry_after_s)
    if denial.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return json_reply({"error": error}, status=denial.status, headers=headers)


def json_reply(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """A JSON answer that no cache keeps."""
    return web.Response(
        body=msgspec.json.encode(body), status=status, content_type="application/json", headers=headers or NO_STORE
    )
