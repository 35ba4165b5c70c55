"""Windows are written as letters: `.` silence, `-` a murmur between the thresholds, `#` speech."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.voice.endpointing import (
    PREFIX_PADDING_MS_MAX,
    EndpointConfig,
    Endpointer,
    EndpointEvent,
    EndpointSnapshot,
    Onset,
    Pause,
    Silence,
    SpeechResumed,
    endpoint_config,
)
from segue.wire.realtime.session import SemanticVad, ServerVad

WINDOW = 32
P = {".": 0.1, "-": 0.42, "#": 0.9}
CONFIG = EndpointConfig(prefix_padding_ms=100)
patterns = st.text(alphabet=".-#", max_size=60)


def hear(endpointer: Endpointer, pattern: str, after: int = 0) -> list[EndpointEvent]:
    events: list[EndpointEvent] = []
    for index, letter in enumerate(pattern, start=after + 1):
        events += endpointer.handle(index * WINDOW, P[letter])
    return events


def events_of(pattern: str, config: EndpointConfig = CONFIG) -> list[EndpointEvent]:
    return hear(Endpointer(config), pattern)


def test_three_loud_windows_are_an_onset_with_padding() -> None:
    assert events_of("....." + "##") == []
    assert events_of("....." + "###") == [Onset(at_ms=60, speech_ms=160)]


def test_a_click_is_no_onset() -> None:
    assert events_of("..#..#..##..#.#.#.#....") == []


def test_a_murmur_between_loud_windows_does_not_undo_them() -> None:
    assert events_of("#-#-#") == [Onset(at_ms=0, speech_ms=0)]
    assert events_of("#.#.#") == []


def test_a_murmur_with_a_click_now_and_then_is_no_onset() -> None:
    assert events_of("#-----------#-----------#-----------#----------") == []


def test_a_murmur_keeps_speech_going_but_does_not_begin_it() -> None:
    assert events_of("-" * 40) == []
    assert events_of("###" + "-" * 40) == [Onset(at_ms=0, speech_ms=0)]


def test_a_pause_is_reported_once_and_then_its_length() -> None:
    assert events_of("####" + "....") == [
        Onset(at_ms=0, speech_ms=0),
        Pause(at_ms=128, spoken_ms=128),
        Silence(at_ms=128, silence_ms=64, spoken_ms=128),
        Silence(at_ms=128, silence_ms=96, spoken_ms=128),
        Silence(at_ms=128, silence_ms=128, spoken_ms=128),
    ]


def test_one_silent_window_is_no_pause() -> None:
    assert events_of("###.#.#.##.###") == [Onset(at_ms=0, speech_ms=0)]


def test_speech_that_goes_on_is_told_from_a_click_in_the_pause() -> None:
    clicked = events_of("###" + "...." + "#" + "..")
    assert not any(isinstance(event, SpeechResumed) for event in clicked)
    assert clicked[-1] == Silence(at_ms=96, silence_ms=224, spoken_ms=96)

    resumed = events_of("###" + "...." + "##" + "..")
    assert SpeechResumed(at_ms=224) in resumed
    assert resumed[-2:] == [Pause(at_ms=288, spoken_ms=160), Silence(at_ms=288, silence_ms=64, spoken_ms=160)]


def test_silence_does_not_grow_while_speech_may_be_going_on() -> None:
    assert events_of("###" + "..." + "#")[-1] == Silence(at_ms=96, silence_ms=96, spoken_ms=96)


def test_after_the_turn_ends_the_next_one_does_not_reach_back_into_it() -> None:
    endpointer = Endpointer(EndpointConfig(prefix_padding_ms=500))
    hear(endpointer, "###" + "..........")
    assert endpointer.is_in_turn

    endpointer.end_turn(at_ms=300)

    assert not endpointer.is_in_turn
    assert hear(endpointer, "..###", after=13) == [Onset(at_ms=300, speech_ms=480)]


def test_a_turn_ended_in_mid_speech_is_followed_by_another_at_once() -> None:
    endpointer = Endpointer(CONFIG)
    hear(endpointer, "#####")
    endpointer.end_turn(at_ms=170)
    assert hear(endpointer, "####", after=5) == [Onset(at_ms=170, speech_ms=170)]


def test_speech_that_was_rising_when_the_turn_ended_is_not_forgotten() -> None:
    endpointer = Endpointer(CONFIG)
    hear(endpointer, "###" + "....." + "#")
    endpointer.end_turn(at_ms=96)
    assert hear(endpointer, "##", after=9) == [Onset(at_ms=156, speech_ms=256)]


def test_a_replayed_window_changes_nothing() -> None:
    endpointer = Endpointer(CONFIG)
    hear(endpointer, "###")
    before = endpointer.snapshot()
    assert hear(endpointer, "...") == []
    assert endpointer.snapshot() == before


def test_an_open_turn_of_a_dead_process_is_taken_up_from_its_replay() -> None:
    endpointer = Endpointer(CONFIG)
    endpointer.reopen(from_ms=320)
    assert endpointer.is_in_turn
    assert hear(endpointer, "..", after=10) == [
        Pause(at_ms=320, spoken_ms=0),
        Silence(at_ms=320, silence_ms=64, spoken_ms=0),
    ]


def test_each_threshold_is_met_exactly() -> None:
    endpointer = Endpointer(CONFIG)
    events = [event for index in range(1, 4) for event in endpointer.handle(index * WINDOW, CONFIG.onset_threshold)]
    assert events == [Onset(at_ms=0, speech_ms=0)]
    assert endpointer.handle(4 * WINDOW, CONFIG.offset_threshold) == ()
    assert endpointer.handle(5 * WINDOW, CONFIG.offset_threshold - 0.01) == ()
    assert endpointer.handle(6 * WINDOW, 0.0)[0] == Pause(at_ms=128, spoken_ms=128)


def test_a_gap_in_the_audio_counts_as_silence_only_if_the_next_window_is_silent() -> None:
    endpointer = Endpointer(CONFIG)
    hear(endpointer, "###")
    assert endpointer.handle(1000, 0.9) == ()
    assert endpointer.handle(2000, 0.0)[0] == Pause(at_ms=1000, spoken_ms=128)


@pytest.mark.parametrize(
    ("detection", "onset", "offset", "padding"),
    [
        (SemanticVad(), 0.5, 0.35, 300),
        (ServerVad(), 0.5, 0.35, 300),
        (ServerVad(threshold=0.8, prefix_padding_ms=5000), 0.8, 0.65, PREFIX_PADDING_MS_MAX),
        (ServerVad(threshold=0.0, prefix_padding_ms=0), 0.02, 0.01, 0),
        (ServerVad(threshold=1.0), 1.0, 0.85, 300),
    ],
)
def test_the_session_says_how_sure_is_sure(
    detection: ServerVad | SemanticVad, onset: float, offset: float, padding: int
) -> None:
    config = endpoint_config(detection)
    assert (config.onset_threshold, config.prefix_padding_ms) == (onset, padding)
    assert config.offset_threshold == pytest.approx(offset)


def test_thresholds_the_wrong_way_round_are_our_bug() -> None:
    with pytest.raises(AssertionError):
        EndpointConfig(onset_threshold=0.3, offset_threshold=0.5)


@given(patterns, st.integers(0, 60))
def test_restored_at_any_window_it_goes_on_the_same(pattern: str, cut: int) -> None:
    whole = events_of(pattern)
    first = Endpointer(CONFIG)
    events = hear(first, pattern[:cut])
    stored = msgspec.msgpack.encode(first.snapshot())

    second = Endpointer(CONFIG)
    second.restore(msgspec.msgpack.decode(stored, type=EndpointSnapshot))
    events += hear(second, pattern[cut:], after=len(pattern[:cut]))

    assert events == whole


@given(patterns)
def test_events_alternate_and_never_go_back(pattern: str) -> None:
    state, last_ms = "quiet", 0
    for event in events_of(pattern):
        match event:
            case Onset():
                assert state == "quiet"
                assert event.at_ms <= event.speech_ms
                state, last_ms = "speaking", event.speech_ms
            case Pause():
                assert state == "speaking"
                assert event.at_ms >= last_ms
                assert 0 < event.spoken_ms <= event.at_ms
                state, last_ms = "pausing", event.at_ms
            case Silence():
                assert state == "pausing"
                assert event.at_ms == last_ms
                assert event.silence_ms >= 0
            case SpeechResumed():
                assert state == "pausing"
                assert event.at_ms >= last_ms
                state, last_ms = "speaking", event.at_ms


@given(st.lists(st.tuples(st.sampled_from(".-#"), st.booleans()), max_size=60))
def test_turns_do_not_overlap_whenever_they_are_ended(steps: list[tuple[str, bool]]) -> None:
    endpointer, ended_ms = Endpointer(EndpointConfig(prefix_padding_ms=500)), 0
    for index, (letter, is_ended) in enumerate(steps, start=1):
        for event in endpointer.handle(index * WINDOW, P[letter]):
            if isinstance(event, Onset):
                assert event.at_ms >= ended_ms
        if is_ended and endpointer.is_in_turn:
            ended_ms = index * WINDOW
            endpointer.end_turn(ended_ms)
