import base64
import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.model.errors import AccessDenied, LimitExceeded
from segue.model.ids import SessionId, session_id_from_word
from segue.wire.token import (
    CLIENT_SECRET_CHARS_MAX,
    ClientClaims,
    Denial,
    KeyRing,
    ResumeClaims,
    issue_client_secret,
    issue_resume_token,
    read_client_secret,
    read_resume_token,
)

NOW_S = 1_800_000_000
OLD, NEW = b"old key of the fleet, 32 bytes..", b"new key of the fleet, 32 bytes.."
RING = KeyRing({1: OLD, 2: NEW}, active=2)
OLD_RING = KeyRing({1: OLD}, active=1)
CLAIMS = ClientClaims(
    subject="key:ab12",
    session={"type": "realtime", "instructions": "Sei höflich. 你好", "audio": {"output": {"voice": "heart"}}},
    issued_at_s=NOW_S,
    expires_at_s=NOW_S + 600,
    model="segue",
)
SESSION = SessionId("sess_aaaaaaaaaaaac")
RESUME = ResumeClaims(session=SESSION, expires_at_s=NOW_S + 3600 - NOW_S % 60, region=3, core_hint=77)


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(payload: bytes, ring: KeyRing = RING) -> str:
    """A client secret with this payload, signed as ours are."""
    return "ek_" + jwt.api_jws.encode(payload, ring._secret_keys[2], "HS256", {"kid": "2"})


def refusal(token: str | None, now_s: int = NOW_S, ring: KeyRing = RING) -> str:
    with pytest.raises(AccessDenied) as caught:
        read_client_secret(ring, token, now_s)
    return caught.value.reason


def resume_refusal(token: str | None, now_s: int = NOW_S, ring: KeyRing = RING) -> str:
    with pytest.raises(AccessDenied) as caught:
        read_resume_token(ring, token, now_s)
    return caught.value.reason


def test_a_client_secret_says_what_it_was_issued_with() -> None:
    token = issue_client_secret(RING, CLAIMS)
    assert token.startswith("ek_")
    assert read_client_secret(RING, token, NOW_S) == CLAIMS


def test_a_client_secret_is_a_plain_jwt_fit_for_a_subprotocol() -> None:
    token = issue_client_secret(RING, CLAIMS)
    assert all(letter.isalnum() or letter in "._-" for letter in token)
    header = jwt.get_unverified_header(token.removeprefix("ek_"))
    assert header == {"alg": "HS256", "kid": "2", "typ": "JWT"}
    claims = jwt.decode(token.removeprefix("ek_"), options={"verify_signature": False})
    assert claims["sub"] == "key:ab12"
    assert claims["exp"] == NOW_S + 600


def test_a_model_may_be_left_out() -> None:
    claims = ClientClaims(subject="page", session={}, issued_at_s=NOW_S, expires_at_s=NOW_S + 10)
    assert read_client_secret(RING, issue_client_secret(RING, claims), NOW_S).model is None


def test_a_client_secret_is_good_until_the_second_it_expires() -> None:
    token = issue_client_secret(RING, CLAIMS)
    assert read_client_secret(RING, token, NOW_S + 599) == CLAIMS
    assert refusal(token, NOW_S + 600) == Denial.EXPIRED


def test_a_secret_of_a_key_being_retired_is_good_while_the_key_is_in_the_ring() -> None:
    token = issue_client_secret(OLD_RING, CLAIMS)
    assert read_client_secret(RING, token, NOW_S) == CLAIMS
    assert refusal(token, ring=KeyRing({2: NEW}, active=2)) == Denial.UNKNOWN_KEY


def test_another_fleets_key_under_the_same_id_is_a_forgery() -> None:
    token = issue_client_secret(KeyRing({2: OLD}, active=2), CLAIMS)
    assert refusal(token) == Denial.FORGED


def test_an_expired_forgery_is_a_forgery() -> None:
    token = issue_client_secret(KeyRing({2: OLD}, active=2), CLAIMS)
    assert refusal(token, NOW_S + 10_000) == Denial.FORGED


def test_a_changed_payload_is_a_forgery() -> None:
    head, _, signature = issue_client_secret(RING, CLAIMS).split(".")
    changed = part({"sub": "admin", "iat": NOW_S, "exp": NOW_S + 9**9, "session": {}})
    assert refusal(f"{head}.{changed}.{signature}") == Denial.FORGED


@pytest.mark.parametrize("algorithm", ["none", "HS384", "RS256"])
def test_no_other_algorithm_is_believed(algorithm: str) -> None:
    head = part({"alg": algorithm, "kid": "2"})
    payload = part({"sub": "admin", "iat": NOW_S, "exp": NOW_S + 600, "session": {}})
    assert refusal(f"ek_{head}.{payload}.") == Denial.MALFORMED


def test_the_fleet_key_itself_does_not_sign_client_secrets() -> None:
    payload = json.dumps({"sub": "admin", "iat": NOW_S, "exp": NOW_S + 600, "session": {}}).encode()
    assert refusal("ek_" + jwt.api_jws.encode(payload, NEW, "HS256", {"kid": "2"})) == Denial.FORGED


@pytest.mark.parametrize("kid", [None, 2, "", "x", "-2", "256", "9" * 400, "\u0662", ["2"]])
def test_a_key_id_that_names_no_key_is_unknown_or_malformed(kid: Any) -> None:
    head = part({"alg": "HS256", "kid": kid})
    assert refusal(f"ek_{head}.{part({})}.{part(b'x')}") in (Denial.UNKNOWN_KEY, Denial.MALFORMED)


@pytest.mark.parametrize(
    "token",
    [
        "ek_", "ek_a", "ek_a.b", "ek_a.b.c", "ek_....", "ek_\ud800.a.b", "ek_é", "sk-123", "rt_abc", "eyJ.eyJ.abc",
        "ek_" + part(b"[" * 5000) + ".e30.e30", "ek_" + part([]) + ".e30.e30", "ek_" + part(b"\xff") + ".e30.e30",
        "ek_" + "a" * (CLIENT_SECRET_CHARS_MAX + 1),
    ],
)  # fmt: skip
def test_what_is_no_client_secret_is_malformed(token: str) -> None:
    assert refusal(token) == Denial.MALFORMED


@pytest.mark.parametrize(
    "payload",
    [b"", b"{}", b"[]", b"\xff", b"[" * 5000, b'{"sub":1,"iat":1,"exp":2,"session":{}}',
     b'{"sub":"a","iat":1,"exp":"never","session":{}}', b'{"sub":"a","iat":1,"exp":2,"session":[]}'],
)  # fmt: skip
def test_a_signed_payload_of_another_shape_is_malformed(payload: bytes) -> None:
    assert refusal(signed(payload)) == Denial.MALFORMED


@pytest.mark.parametrize("token", [None, ""])
def test_no_token_is_missing(token: str | None) -> None:
    assert refusal(token) == Denial.MISSING
    assert resume_refusal(token) == Denial.MISSING


def test_a_session_patch_too_long_for_a_header_is_refused_when_issued() -> None:
    claims = ClientClaims(
        subject="page", session={"instructions": "x" * 7000}, issued_at_s=NOW_S, expires_at_s=NOW_S + 10
    )
    with pytest.raises(LimitExceeded, match="CLIENT_SECRET_CHARS_MAX"):
        issue_client_secret(RING, claims)


def test_text_of_any_script_takes_the_room_of_its_bytes() -> None:
    claims = ClientClaims(
        subject="page", session={"instructions": "你" * 1500}, issued_at_s=NOW_S, expires_at_s=NOW_S + 10
    )
    assert len(issue_client_secret(RING, claims)) < 6_500


def test_a_resume_token_says_what_it_was_issued_with() -> None:
    token = issue_resume_token(RING, RESUME)
    assert token.startswith("rt_")
    assert len(token) == 51
    assert read_resume_token(RING, token, NOW_S) == RESUME


def test_a_resume_tokens_expiry_is_rounded_up_to_a_minute() -> None:
    token = issue_resume_token(RING, ResumeClaims(session=SESSION, expires_at_s=NOW_S + 1))
    expires_at_s = read_resume_token(RING, token, NOW_S).expires_at_s
    assert NOW_S + 1 <= expires_at_s < NOW_S + 61
    assert resume_refusal(token, expires_at_s + 61) == Denial.EXPIRED


def test_a_resume_token_of_another_key_is_refused() -> None:
    token = issue_resume_token(OLD_RING, RESUME)
    assert read_resume_token(RING, token, NOW_S) == RESUME
    assert resume_refusal(token, ring=KeyRing({2: NEW}, active=2)) == Denial.UNKNOWN_KEY
    assert resume_refusal(token, ring=KeyRing({1: NEW}, active=1)) == Denial.FORGED


@pytest.mark.parametrize(
    "token", ["rt_", "rt_abc", "rt_" + "a" * 48, "rt_é", "rt_\ud800", "ek_abc", "rt_" + "A" * 9000]
)
def test_what_is_no_resume_token_is_malformed(token: str) -> None:
    assert resume_refusal(token) == Denial.MALFORMED


def test_a_client_secret_does_not_resume_and_a_resume_token_does_not_open() -> None:
    assert resume_refusal(issue_client_secret(RING, CLAIMS)) == Denial.MALFORMED
    assert refusal(issue_resume_token(RING, RESUME)) == Denial.MALFORMED


def test_a_ring_of_one_key_tells_other_keys_apart() -> None:
    one, same, other = (
        KeyRing.single("a fleet key 0001"),
        KeyRing.single(b"a fleet key 0001"),
        KeyRing.single(b"y" * 16),
    )
    token = issue_client_secret(one, CLAIMS)
    assert read_client_secret(same, token, NOW_S) == CLAIMS
    assert refusal(token, ring=other) == Denial.UNKNOWN_KEY
    assert read_resume_token(same, issue_resume_token(one, RESUME), NOW_S) == RESUME


def test_keys_do_not_print() -> None:
    assert repr(RING) == "KeyRing(ids=[1, 2], active=2)"
    assert "key of" not in str(RING)


@pytest.mark.parametrize(("keys", "active"), [({}, 0), ({1: OLD}, 2), ({256: OLD}, 256), ({1: b"short"}, 1)])
def test_a_ring_that_cannot_sign_is_our_bug(keys: dict[int, bytes], active: int) -> None:
    with pytest.raises(AssertionError):
        KeyRing(keys, active)


def test_refusals_repeat_nothing_of_the_token() -> None:
    for token in ("ek_" + "abcdef" * 10, "rt_" + "abcdef" * 8):
        with pytest.raises(AccessDenied) as caught:
            (read_client_secret if token.startswith("ek_") else read_resume_token)(RING, token, NOW_S)
        assert "abc" not in str(caught.value)


@given(st.integers(0, 2**64 - 1), st.integers(0, 255), st.integers(0, 65535))
def test_any_session_can_be_resumed(word: int, region: int, core_hint: int) -> None:
    claims = ResumeClaims(session=session_id_from_word(word), expires_at_s=NOW_S, region=region, core_hint=core_hint)
    assert read_resume_token(RING, issue_resume_token(RING, claims), NOW_S) == claims


@given(st.text(max_size=80), st.sampled_from(["", "ek_", "rt_", "ek_" + part({"alg": "HS256", "kid": "2"}) + "."]))
def test_any_text_is_refused_and_nothing_else(text: str, prefix: str) -> None:
    for read in (read_client_secret, read_resume_token):
        with pytest.raises(AccessDenied):
            read(RING, prefix + text, NOW_S)


@given(st.data())
def test_no_changed_letter_goes_unnoticed(data: st.DataObject) -> None:
    for token, read in (
        (issue_client_secret(RING, CLAIMS), read_client_secret),
        (issue_resume_token(RING, RESUME), read_resume_token),
    ):
        # The last letter of a base64 part has spare bits, which some decoders ignore; it is left alone.
        place = data.draw(st.integers(0, len(token) - 2))
        letter = data.draw(st.sampled_from("abcxyz234ABC_-."))
        if letter == token[place] or token[place + 1] == ".":
            continue
        with pytest.raises(AccessDenied):
            read(RING, token[:place] + letter + token[place + 1 :], NOW_S)
