"""Bounds: positive, and related so that no one of them makes another unreachable."""

from segue.model import limits
from segue.model.audio import PCM_24K


def bounds() -> dict[str, int]:
    return {name: value for name, value in vars(limits).items() if name.isupper()}


def test_every_bound_is_a_positive_whole_number() -> None:
    assert bounds()
    assert all(type(value) is int and value > 0 for value in bounds().values())


def test_an_utterance_that_is_being_decided_fits_a_ring_as_base64() -> None:
    as_sent = limits.UNRELEASED_AUDIO_MS_MAX * PCM_24K.bytes_per_ms * 4 // 3
    assert as_sent * 2 < limits.UPLINK_RING_BYTES_MAX


def test_the_largest_append_passes_every_hop() -> None:
    as_sent = limits.APPEND_BYTES_MAX * 4 // 3
    assert as_sent < limits.CLIENT_MESSAGE_BYTES_MAX < limits.TRUNK_FRAME_BYTES_MAX


def test_one_lost_heartbeat_is_no_death() -> None:
    assert limits.SUSPECT_AFTER_MS > 2 * limits.HEARTBEAT_MS
