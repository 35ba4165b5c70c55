"""Player: an exact 1x schedule through holds and cuts."""

import numpy as np

from segue.client.player import Player
from segue.model.time import NS_PER_MS, MonoNs

MS_BYTES = 48


def at(ms: float) -> MonoNs:
    return MonoNs(int(ms * NS_PER_MS))


def tone(ms: int, value: int = 1000) -> bytes:
    return np.full(ms * 24, value, "<i2").tobytes()


def test_chunks_play_back_to_back_at_1x() -> None:
    player = Player()
    player.play(at(100), "a", tone(200))
    player.play(at(110), "a", tone(200))

    report = player.report(at(350), "a")

    assert report.played_ms == 250
    assert report.buffered_ms == 150
    assert report.started_at_ns == at(100)
    assert report.received_at_ns == at(100)
    assert not report.is_done
    assert player.report(at(500), "a").is_done
    assert player.idle_at() == at(500)


def test_a_late_chunk_starts_when_it_arrives() -> None:
    player = Player()
    player.play(at(0), "a", tone(50))
    player.play(at(80), "a", tone(50))
    assert player.report(at(100), "a").played_ms == 70
    heard = player.timeline(at(0), at(130))
    assert not heard[50 * 24 : 80 * 24].any()
    assert heard[80 * 24 :].all()


def test_device_delay_moves_the_ear() -> None:
    player = Player(device_ms=40)
    player.play(at(0), "a", tone(50))
    assert player.report(at(30), "a").started_at_ns is None
    assert player.report(at(60), "a").started_at_ns == at(40)


def test_hold_stops_the_sound_and_resume_goes_on_at_the_same_sample() -> None:
    player = Player()
    player.play(at(0), "a", tone(300))
    player.hold(at(100))
    player.hold(at(120))
    assert player.report(at(200), "a").played_ms == 100

    player.play(at(210), "a", tone(100))
    player.go_on(at(250))

    assert player.report(at(300), "a").played_ms == 150
    assert player.report(at(600), "a").played_ms == 400
    heard = player.timeline(at(0), at(560))
    assert heard[: 100 * 24].all()
    assert not heard[100 * 24 : 250 * 24].any()
    assert heard[250 * 24 : 550 * 24].all()


def test_clear_cuts_at_the_hold_and_later_audio_of_the_item_is_dropped() -> None:
    player = Player()
    player.play(at(0), "a", tone(300))
    player.hold(at(100))
    player.clear(at(180), "a")
    player.play(at(190), "a", tone(300))

    report = player.report(at(500), "a")

    assert (report.played_ms, report.buffered_ms, report.is_done) == (100, 0, True)
    player.play(at(600), "b", tone(100))
    assert player.report(at(650), "b").played_ms == 50


def test_going_on_without_a_hold_and_unknown_items_are_harmless() -> None:
    player = Player()
    player.go_on(at(5))
    report = player.report(at(10), "nobody")
    assert (report.played_ms, report.is_done) == (0, True)
    assert player.idle_at() == 0
