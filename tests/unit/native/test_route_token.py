"""segue._native's route token against its Python twin, and the reasons it refuses."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue import _native
from tests.support import route_token as twin

KEY = b"a key of the fleet, thirty-two b"
NOW_S = 1_800_000_000

tokens = st.builds(
    twin.Token,
    key_id=st.integers(0, 255),
    region=st.integers(0, 255),
    core_hint=st.integers(0, 2**16 - 1),
    session=st.integers(0, 2**64 - 1),
    expires_at_s=st.integers(twin.EPOCH_S, twin.EXPIRY_S_MAX),
)
keys = st.binary(min_size=16, max_size=80)


def encode(token: twin.Token, key: bytes = KEY) -> str:
    return _native.encode_route_token(
        key,
        token.key_id,
        session=token.session,
        region=token.region,
        core_hint=token.core_hint,
        expires_at_s=token.expires_at_s,
    )


def a_token(expires_at_s: int = NOW_S + 3_600) -> str:
    return encode(twin.Token(key_id=3, region=7, core_hint=513, session=2**63 + 1, expires_at_s=expires_at_s))


def outcome(decode: Callable[..., Any], *arguments: object) -> int | str:
    """The session that was read, or the reason for the refusal."""
    try:
        return decode(*arguments).session
    except (_native.RouteTokenError, twin.Refused) as refused:
        return refused.reason


def reason(token: str, ring: dict[int, bytes], now_s: int = NOW_S) -> str:
    with pytest.raises(_native.RouteTokenError) as refused:
        _native.decode_route_token(token, ring, now_s)
    return refused.value.reason


@given(tokens, keys)
def test_writes_what_the_twin_writes_and_reads_what_it_reads(token: twin.Token, key: bytes) -> None:
    text = encode(token, key)
    assert text == twin.encode(token, key)
    ring = {token.key_id: key}
    read, expected = _native.decode_route_token(text, ring, NOW_S % 2), twin.decode(text, ring, 0)
    assert (read.key_id, read.region, read.core_hint) == (expected.key_id, expected.region, expected.core_hint)
    assert (read.session, read.expires_at_s) == (expected.session, expected.expires_at_s)


@given(tokens, st.data())
def test_refuses_for_the_reason_the_twin_gives(token: twin.Token, data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([encode(token), encode(token).upper(), ""]) | st.text(max_size=60))
    at = data.draw(st.integers(0, max(len(text) - 1, 0)))
    text = text[:at] + data.draw(st.sampled_from(["", "a", "7", "1", "é"])) + text[at + 1 :]
    ring = data.draw(st.sampled_from([{token.key_id: KEY}, {}, {token.key_id: b"some other key here"}]))
    now_s = data.draw(st.integers(0, 2**33))
    assert outcome(_native.decode_route_token, text, ring, now_s) == outcome(twin.decode, text, ring, now_s)


def test_reasons() -> None:
    token = a_token()
    assert reason("", {3: KEY}) == "malformed"
    assert reason("not a token", {3: KEY}) == "malformed"
    assert reason(token, {4: KEY}) == "unknown_key"
    assert reason(token, {3: KEY[::-1]}) == "forged"
    assert reason(token, {3: KEY}, NOW_S + 3_601) == "expired"
    assert _native.decode_route_token(token, {3: KEY}, NOW_S + 3_600).core_hint == 513


def test_keys_rotate_by_id() -> None:
    ring = {3: KEY, 4: b"the next key of the fleet"}
    newer = encode(twin.Token(key_id=4, region=0, core_hint=0, session=9, expires_at_s=NOW_S), ring[4])
    assert _native.decode_route_token(newer, ring, NOW_S).key_id == 4
    assert _native.decode_route_token(a_token(), ring, NOW_S).key_id == 3


def test_fits_an_ice_ufrag_a_subprotocol_and_a_url() -> None:
    text = a_token()
    assert len(text) == 48
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_what_cannot_be_written_is_named() -> None:
    with pytest.raises(ValueError, match="key: 5 bytes; expected at least 16"):
        encode(twin.Token(key_id=0, region=0, core_hint=0, session=0, expires_at_s=NOW_S), b"short")
    with pytest.raises(ValueError, match="expires_at_s: 1000; expected"):
        a_token(expires_at_s=1_000)
    with pytest.raises(OverflowError):
        encode(twin.Token(key_id=0, region=256, core_hint=0, session=0, expires_at_s=NOW_S))


def test_a_read_token_is_a_frozen_value() -> None:
    read, again = (_native.decode_route_token(a_token(), {3: KEY}, NOW_S) for _ in range(2))
    assert read == again
    assert hash(read) == hash(again)
    assert "session=9223372036854775809" in repr(read)
    with pytest.raises(AttributeError):
        read.session = 1  # type: ignore[misc]


def test_a_ring_that_fails_is_not_a_missing_key() -> None:
    class Broken(dict[int, bytes]):
        def __contains__(self, key: object) -> bool:
            raise LookupError("key store is away")

    with pytest.raises(LookupError, match="key store is away"):
        _native.decode_route_token(a_token(), Broken(), NOW_S)
