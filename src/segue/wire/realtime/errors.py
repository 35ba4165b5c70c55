"""The error codes a client may meet in an `error` event, and which OpenAI error type each belongs to.

Rules: clients branch on some of these words (Pipecat, LiveKit and the agents SDKs ignore or survive exactly the ones
they know), so a code never changes its spelling, and `CANCEL_NOT_ACTIVE_MESSAGE` keeps its first words.
Source: clients' code, read mid-2026 (OpenAI Realtime GA).
"""

from enum import StrEnum
from typing import Final, assert_never

from segue.model.errors import ErrorCode, SegueError


class WireErrorType(StrEnum):
    """`error.type`: who has to act."""

    INVALID_REQUEST = "invalid_request_error"
    AUTHENTICATION = "authentication_error"
    RATE_LIMIT = "rate_limit_error"
    QUOTA = "insufficient_quota"
    SERVER = "server_error"


class WireErrorCode(StrEnum):
    """`error.code`."""

    INVALID_JSON = "invalid_json"
    INVALID_VALUE = "invalid_value"
    MISSING_PARAMETER = "missing_required_parameter"
    UNKNOWN_EVENT = "unknown_event"
    RESPONSE_CANCEL_NOT_ACTIVE = "response_cancel_not_active"
    RESPONSE_ACTIVE = "conversation_already_has_active_response"
    COMMIT_EMPTY = "input_audio_buffer_commit_empty"
    AUDIO_TOO_LARGE = "input_audio_buffer_append_too_large"
    RETRIEVE_UNKNOWN_ITEM = "item_retrieve_invalid_item_id"
    DELETE_UNKNOWN_ITEM = "item_delete_invalid_item_id"
    TRUNCATE_UNKNOWN_ITEM = "item_truncate_invalid_item_id"
    DUPLICATE_ITEM = "item_create_duplicate_item_id"
    UNKNOWN_PREVIOUS_ITEM = "item_create_invalid_previous_item_id"
    UNKNOWN_CALL = "item_create_invalid_call_id"
    BETA_DISABLED = "beta_api_shape_disabled"
    LIMIT_EXCEEDED = "limit_exceeded"
    INVALID_API_KEY = "invalid_api_key"
    INVALID_TOKEN = "invalid_token"  # noqa: S105 - the name of an error
    UNKNOWN_SESSION = "session_not_found"
    SESSION_EXPIRED = "session_expired"
    SUPERSEDED = "attachment_superseded"
    RATE_LIMITED = "rate_limit_exceeded"
    INSUFFICIENT_QUOTA = "insufficient_quota"
    OVERLOADED = "server_overloaded"
    PROVIDER = "provider_error"
    STORE_UNAVAILABLE = "store_unavailable"
    INTERNAL = "internal_error"


CANCEL_NOT_ACTIVE_MESSAGE: Final = "Cancellation failed: no active response found"
"""LiveKit ignores a failed cancel by this message's first words, Pipecat by its code; all else is an error to them."""

_TYPES: Final[dict[WireErrorCode, WireErrorType]] = {
    WireErrorCode.INVALID_API_KEY: WireErrorType.AUTHENTICATION,
    WireErrorCode.INVALID_TOKEN: WireErrorType.AUTHENTICATION,
    WireErrorCode.RATE_LIMITED: WireErrorType.RATE_LIMIT,
    WireErrorCode.INSUFFICIENT_QUOTA: WireErrorType.QUOTA,
    WireErrorCode.OVERLOADED: WireErrorType.SERVER,
    WireErrorCode.PROVIDER: WireErrorType.SERVER,
    WireErrorCode.STORE_UNAVAILABLE: WireErrorType.SERVER,
    WireErrorCode.INTERNAL: WireErrorType.SERVER,
}


def error_type(code: WireErrorCode) -> WireErrorType:
    """The type of a code; what is not in the table is the client's to mend."""
    return _TYPES.get(code, WireErrorType.INVALID_REQUEST)


def wire_code(error: SegueError) -> WireErrorCode:
    """The code a client is told for one of our errors; what it cannot act on is told as internal."""
    code = error.code
    match code:
        case ErrorCode.PEER_PROTOCOL:
            return WireErrorCode.INVALID_VALUE
        case ErrorCode.LIMIT_EXCEEDED:
            return WireErrorCode.LIMIT_EXCEEDED
        case ErrorCode.ACCESS_DENIED:
            return WireErrorCode.INVALID_TOKEN
        case ErrorCode.STORE_UNAVAILABLE:
            return WireErrorCode.STORE_UNAVAILABLE
        case ErrorCode.TRUNK_UNAVAILABLE:
            return WireErrorCode.OVERLOADED
        case ErrorCode.PROVIDER:
            return WireErrorCode.PROVIDER
        case (
            ErrorCode.LOCAL_PROTOCOL
            | ErrorCode.SLOT_TAKEN
            | ErrorCode.STALE_EPOCH
            | ErrorCode.JOURNAL_TOO_NEW
            | ErrorCode.CONFIG
        ):
            return WireErrorCode.INTERNAL
        case _:
            assert_never(code)
