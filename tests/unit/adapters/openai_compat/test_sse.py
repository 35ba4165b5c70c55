import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.adapters.openai_compat.sse import SSE_EVENT_BYTES_MAX, SseOverflow, SseParser

STREAM = b'data: {"a": 1}\n\n: comment\r\nevent: x\r\ndata:two\r\ndata: lines\r\n\r\ndata: [DONE]\n\n'
EVENTS = ['{"a": 1}', "two\nlines", "[DONE]"]


@given(st.lists(st.integers(0, len(STREAM))))
def test_cut_anywhere(cuts: list[int]) -> None:
    parser = SseParser()
    places = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[start:end] for start, end in itertools.pairwise(places)]
    events = [event for piece in pieces for event in parser.feed(piece)] + list(parser.end())
    assert events == EVENTS


@given(st.binary(max_size=2_000))
def test_any_bytes_are_survived(noise: bytes) -> None:
    parser = SseParser()
    assert all(isinstance(event, str) for event in [*parser.feed(noise), *parser.end()])


def test_last_event_without_its_empty_line() -> None:
    parser = SseParser()
    assert list(parser.feed(b"data: last")) == []
    assert list(parser.end()) == ["last"]


@pytest.mark.parametrize("piece", [b"x" * (SSE_EVENT_BYTES_MAX + 1), b"data: " + b"y\ndata: " * SSE_EVENT_BYTES_MAX])
def test_endless_events_are_refused(piece: bytes) -> None:
    with pytest.raises(SseOverflow):
        list(SseParser().feed(piece))
