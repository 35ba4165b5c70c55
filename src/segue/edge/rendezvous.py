"""Rendezvous hashing: every edge ranks the cores for a session alike, and losing one core moves only its sessions."""

import hashlib
from collections.abc import Iterable


def rank_cores(session: str, addresses: Iterable[str]) -> list[str]:
    """The addresses, best for `session` first. Cost: one short hash per address."""
    return sorted(addresses, key=lambda address: _weight(session, address), reverse=True)


def _weight(session: str, address: str) -> bytes:
    return hashlib.blake2b(address.encode(), key=session.encode()[:64], digest_size=8).digest()
