"""Pauses double up to their bound, and begin anew."""

from segue.model.ids import session_id_from_word
from segue.model.time import MonoNs, ms
from segue.session.backoff import Backoff
from segue.session.config import SessionConfig

CONFIG = SessionConfig(store_retry_ms=100, store_retry_max_ms=300)


def test_pauses() -> None:
    backoff = Backoff(session_id_from_word(1), CONFIG)
    pauses = [backoff.next(MonoNs(0)) for _ in range(4)]
    for pause, expected in zip(pauses, (100, 200, 300, 300), strict=True):
        assert ms(expected) <= pause < ms(expected * 1.25)
    backoff.reset()
    assert backoff.next(MonoNs(0)) == pauses[0]


def test_sessions_do_not_ask_all_at_once() -> None:
    assert len({Backoff(session_id_from_word(word), CONFIG).next(MonoNs(0)) for word in range(100)}) > 20
