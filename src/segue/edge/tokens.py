"""Client tokens as this edge checks and mints them: `wire.token` with the fleet's keys and this machine's wall clock.

Wall time, because a token's life is agreed between machines; being wrong by seconds makes one live seconds longer.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from segue.adapters.clock.port import Clock
from segue.edge.access import Bearer
from segue.wire.token import ClientClaims, KeyRing, issue_client_secret, read_client_secret, read_resume_token


class EdgeTokens:
    """`access.Tokens` with real signatures."""

    def __init__(self, keys: KeyRing, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    def verify_client_secret(self, token: str) -> Bearer:
        claims = read_client_secret(self._keys, token, self._now_s())
        return Bearer(subject=claims.subject, claims=msgspec.json.encode(claims.session))

    def verify_resume_token(self, token: str) -> Bearer:
        claims = read_resume_token(self._keys, token, self._now_s())
        return Bearer(subject=f"resume:{claims.session}", session=claims.session)

    def mint_client_secret(self, subject: str, session: Mapping[str, Any], ttl_s: int) -> tuple[str, int]:
        now_s = self._now_s()
        claims = ClientClaims(subject=subject, session=session, issued_at_s=now_s, expires_at_s=now_s + ttl_s)
        return issue_client_secret(self._keys, claims), claims.expires_at_s

    def _now_s(self) -> int:
        return self._clock.wall_ms() // 1000
