"""The error tree: a stable code each, messages built from typed attributes, and who is above whom."""

import inspect

import pytest

from segue.model import errors
from segue.model.ids import Epoch, Seq, SessionId

EXAMPLES = [
    errors.LocalProtocolError("handle called before its outputs were drained"),
    errors.PeerProtocolError("type: unknown event 'x'", param="type"),
    errors.LimitExceeded("APPEND_BYTES_MAX", 20, 10),
    errors.AccessDenied("token has expired"),
    errors.SlotTaken(SessionId("sess_a"), Seq(4)),
    errors.StaleEpoch(seen=Epoch(4), current=Epoch(5)),
    errors.StoreUnavailable("disk is full"),
    errors.TrunkUnavailable("localhost:7000", "refused"),
    errors.ProviderError("llm", "answered 500", retryable=True),
    errors.JournalTooNew(found=9, supported=1, where="segue.db"),
    errors.ConfigError("port", "in use", hint="name another with --port"),
]


def test_every_error_has_a_code_of_its_own() -> None:
    assert {error.code for error in EXAMPLES} == set(errors.ErrorCode)
    assert len({error.code for error in EXAMPLES}) == len(EXAMPLES)


def test_every_error_has_the_one_base() -> None:
    raised = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
    assert all(issubclass(kind, errors.SegueError) for kind in raised)
    with_code = {type(error) for error in EXAMPLES}
    assert set(raised) - with_code == {errors.SegueError, errors.FencedError}


@pytest.mark.parametrize("error", EXAMPLES[4:6])
def test_whoever_is_fenced_stops(error: errors.SegueError) -> None:
    assert isinstance(error, errors.FencedError)


def test_messages_name_what_was_wrong_and_what_to_do() -> None:
    said = {error.code: str(error) for error in EXAMPLES}
    code = errors.ErrorCode
    assert said[code.LIMIT_EXCEEDED] == "APPEND_BYTES_MAX: 20 is over the maximum of 10"
    assert said[code.SLOT_TAKEN] == "sess_a: slot 4 holds another owner's row"
    assert said[code.STALE_EPOCH] == "epoch 4 is older than 5, which is in force"
    assert said[code.STORE_UNAVAILABLE] == "store unavailable: disk is full"
    assert said[code.TRUNK_UNAVAILABLE] == "trunk to localhost:7000: refused"
    assert "journal version 9 is newer than 1" in said[code.JOURNAL_TOO_NEW]
    assert "--state" in said[code.JOURNAL_TOO_NEW]
    assert said[code.CONFIG] == "port: in use; name another with --port"
    assert str(errors.ConfigError("port", "in use")) == "port: in use"


def test_attributes_are_typed() -> None:
    provider = errors.ProviderError("llm", "timed out", retryable=False)
    assert (provider.provider, provider.reason, provider.retryable) == ("llm", "timed out", False)
    peer = errors.PeerProtocolError("audio: not base64")
    assert (peer.what, peer.param) == ("audio: not base64", None)
    limit = errors.LimitExceeded("TOOLS_MAX", 129, 128)
    assert (limit.limit, limit.value, limit.maximum) == ("TOOLS_MAX", 129, 128)
    slot = errors.SlotTaken(SessionId("sess_a"), Seq(4))
    assert (slot.session, slot.seq) == ("sess_a", 4)


def test_the_docstring_shows_the_tree() -> None:
    tree = errors.__doc__ or ""
    assert all(type(error).__name__ in tree for error in EXAMPLES)
