from segue.adapters.trunk.port import ClockSample
from segue.adapters.trunk.pulse import Pulse
from segue.model.limits import HEARTBEAT_MS, SUSPECT_AFTER_MS
from segue.model.time import MonoNs, ms
from segue.wire.trunk import Beat


def at(value_ms: int) -> MonoNs:
    return MonoNs(ms(value_ms))


def ticks(pulse: Pulse, start_ms: int, end_ms: int) -> list[int]:
    """Silences reported by ticks at every beat of the span."""
    found = (pulse.suspect(at(now_ms)) for now_ms in range(start_ms, end_ms + 1, HEARTBEAT_MS))
    return [silent_ns for silent_ns in found if silent_ns is not None]


def test_a_beat_echoes_the_last_one_received_once() -> None:
    pulse = Pulse(at(0))
    assert pulse.beat(at(1)) == Beat(sent_ns=at(1))

    pulse.keep(Beat(sent_ns=77), at(2))

    assert pulse.beat(at(3)) == Beat(sent_ns=at(3), echo_sent_ns=77, received_ns=at(2))
    assert pulse.beat(at(4)) == Beat(sent_ns=at(4))


def test_an_echo_makes_a_clock_sample() -> None:
    pulse = Pulse(at(0))

    assert pulse.keep(Beat(sent_ns=5), at(1)) is None
    sample = pulse.keep(Beat(sent_ns=30, echo_sent_ns=10, received_ns=20), MonoNs(40))

    assert sample == ClockSample(t0_ns=10, t1_ns=20, t2_ns=30, t3_ns=40)


def test_silence_is_reported_once_when_it_is_too_long() -> None:
    pulse = Pulse(at(0))

    assert ticks(pulse, 50, SUSPECT_AFTER_MS) == []
    assert ticks(pulse, SUSPECT_AFTER_MS + 50, 2_000) == [ms(SUSPECT_AFTER_MS + 50)]
    assert pulse.hear(at(2_001))
    assert not pulse.hear(at(2_002))
    assert len(ticks(pulse, 2_050, 3_000)) == 1


def test_whoever_is_heard_is_not_suspected() -> None:
    pulse = Pulse(at(0))

    for now_ms in range(50, 5_000, 50):
        pulse.hear(at(now_ms))
        assert pulse.suspect(at(now_ms)) is None


def test_a_late_tick_says_that_this_process_stood_still() -> None:
    pulse = Pulse(at(0))
    assert ticks(pulse, 50, 100) == []

    assert pulse.suspect(at(1_000)) is None

    assert pulse.heard_ns == at(1_000)
    assert ticks(pulse, 1_050, 1_250) == []
    assert ticks(pulse, 1_300, 1_300) == [ms(300)]
