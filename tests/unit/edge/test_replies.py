import msgspec

from segue.edge.replies import Denial, deny, error_reply, json_reply
from segue.wire.realtime.errors import WireErrorCode


def test_an_error_is_openais_envelope() -> None:
    reply = error_reply(deny(401, WireErrorCode.INVALID_API_KEY, "who are you?", param="Authorization"))

    assert reply.status == 401
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert reply.headers["Cache-Control"] == "no-store"
    assert isinstance(reply.body, bytes)
    assert msgspec.json.decode(reply.body) == {
        "error": {
            "message": "who are you?",
            "type": "authentication_error",
            "code": "invalid_api_key",
            "param": "Authorization",
        }
    }


def test_a_code_of_a_newer_core_passes() -> None:
    reply = error_reply(Denial(status=503, code="something_new", message="later", retry_after_s=7))

    assert reply.headers["Retry-After"] == "7"
    assert isinstance(reply.body, bytes)
    assert msgspec.json.decode(reply.body)["error"]["code"] == "something_new"


def test_json_is_not_cached() -> None:
    assert json_reply({"a": 1}).headers["Cache-Control"] == "no-store"
