import pytest

from segue.adapters.clock.fake import FakeClock
from segue.edge.tokens import EdgeTokens
from segue.model.errors import AccessDenied
from segue.model.ids import SessionId, session_id_from_word
from segue.wire.token import KeyRing, ResumeClaims, issue_resume_token

RING = KeyRing.single("f" * 32)
SESSION = session_id_from_word(7)
NOW_S = 1_800_000_000


def tokens() -> tuple[EdgeTokens, FakeClock]:
    clock = FakeClock(wall_ms=NOW_S * 1000)
    return EdgeTokens(RING, clock), clock


def test_a_client_secret_says_what_it_was_minted_with_until_it_expires() -> None:
    edge, clock = tokens()

    secret, expires_at = edge.mint_client_secret("key:1", {"instructions": "é"}, 60)
    bearer = edge.verify_client_secret(secret)

    assert expires_at == NOW_S + 60
    assert (bearer.subject, bearer.session, bearer.is_api_key) == ("key:1", None, False)
    assert bearer.claims == '{"instructions":"é"}'.encode()
    clock.step_wall(60_000)
    with pytest.raises(AccessDenied, match="expired"):
        edge.verify_client_secret(secret)


def test_a_resume_token_names_its_session_as_subject() -> None:
    edge, _ = tokens()

    bearer = edge.verify_resume_token(issue_resume_token(RING, ResumeClaims(session=SESSION, expires_at_s=NOW_S + 60)))

    assert (bearer.session, bearer.subject) == (SESSION, f"resume:{SESSION}")


def test_one_kind_is_not_the_other() -> None:
    edge, _ = tokens()
    resume = issue_resume_token(RING, ResumeClaims(session=SessionId(SESSION), expires_at_s=NOW_S + 60))

    with pytest.raises(AccessDenied):
        edge.verify_client_secret("ek_" + resume.removeprefix("rt_"))
