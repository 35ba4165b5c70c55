import pytest

from segue.model import errors
from segue.model.ids import Epoch, Seq, SessionId
from segue.wire.realtime.errors import (
    CANCEL_NOT_ACTIVE_MESSAGE,
    WireErrorCode,
    WireErrorType,
    error_type,
    wire_code,
)


def test_words_that_clients_branch_on_keep_their_spelling() -> None:
    assert {code.value for code in WireErrorCode} >= {
        "response_cancel_not_active",
        "conversation_already_has_active_response",
        "item_retrieve_invalid_item_id",
        "input_audio_buffer_commit_empty",
        "item_create_duplicate_item_id",
        "insufficient_quota",
        "beta_api_shape_disabled",
    }
    assert CANCEL_NOT_ACTIVE_MESSAGE.startswith("Cancellation failed")


@pytest.mark.parametrize("code", list(WireErrorCode))
def test_every_code_has_a_type(code: WireErrorCode) -> None:
    assert error_type(code) in WireErrorType


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (WireErrorCode.COMMIT_EMPTY, "invalid_request_error"),
        (WireErrorCode.INVALID_TOKEN, "authentication_error"),
        (WireErrorCode.RATE_LIMITED, "rate_limit_error"),
        (WireErrorCode.INSUFFICIENT_QUOTA, "insufficient_quota"),
        (WireErrorCode.PROVIDER, "server_error"),
        (WireErrorCode.INTERNAL, "server_error"),
    ],
)
def test_the_type_says_who_must_act(code: WireErrorCode, kind: str) -> None:
    assert error_type(code) == kind


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.PeerProtocolError("x"), WireErrorCode.INVALID_VALUE),
        (errors.LimitExceeded("X_MAX", 2, 1), WireErrorCode.LIMIT_EXCEEDED),
        (errors.AccessDenied("expired"), WireErrorCode.INVALID_TOKEN),
        (errors.StoreUnavailable("locked"), WireErrorCode.STORE_UNAVAILABLE),
        (errors.ProviderError("llm", "timed out", retryable=True), WireErrorCode.PROVIDER),
        (errors.LocalProtocolError("x"), WireErrorCode.INTERNAL),
        (errors.SlotTaken(SessionId("sess_a"), Seq(1)), WireErrorCode.INTERNAL),
        (errors.StaleEpoch(seen=Epoch(1), current=Epoch(2)), WireErrorCode.INTERNAL),
        (errors.JournalTooNew(found=2, supported=1, where="j.db"), WireErrorCode.INTERNAL),
        (errors.ConfigError("voice", "none"), WireErrorCode.INTERNAL),
    ],
)
def test_each_error_of_ours_has_a_code_for_the_client(error: errors.SegueError, code: WireErrorCode) -> None:
    assert wire_code(error) is code
