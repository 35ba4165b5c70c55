"""The route token again, slowly and in Python: the oracle of segue._native's codec.

Written from the layout in native/wire/src/route.rs; shares no code with it.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

EPOCH_S = 1_735_689_600
EXPIRY_S_MAX = EPOCH_S + (2**24 - 1) * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    key_id: int
    region: int
    core_hint: int
    session: int
    expires_at_s: int


class Refused(ValueError):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def encode(token: Token, key: bytes) -> str:
    minutes = -(-(token.expires_at_s - EPOCH_S) // 60)
    body = (
        bytes([1, token.key_id, token.region])
        + token.core_hint.to_bytes(2, "big")
        + token.session.to_bytes(8, "big")
        + minutes.to_bytes(3, "big")
    )
    return base64.b32encode(body + _mac(key, body)).decode().lower()


def decode(text: str, keys: Mapping[int, bytes], now_s: int) -> Token:
    if len(text) != 48 or not text.isascii() or text != text.lower():
        raise Refused("malformed")
    try:
        raw = base64.b32decode(text.upper())
    except ValueError:
        raise Refused("malformed") from None
    if len(raw) != 30 or raw[0] != 1:
        raise Refused("malformed")
    body, tag = raw[:16], raw[16:]
    if body[1] not in keys:
        raise Refused("unknown_key")
    if not hmac.compare_digest(_mac(keys[body[1]], body), tag):
        raise Refused("forged")
    token = Token(
        key_id=body[1],
        region=body[2],
        core_hint=int.from_bytes(body[3:5], "big"),
        session=int.from_bytes(body[5:13], "big"),
        expires_at_s=EPOCH_S + int.from_bytes(body[13:16], "big") * 60,
    )
    if now_s > token.expires_at_s:
        raise Refused("expired")
    return token


def _mac(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, b"segue.route\0" + body, hashlib.sha256)[:14]
