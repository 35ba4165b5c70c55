from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segue.model.errors import PeerProtocolError
from segue.wire.realtime.bounds import INTEGER_MAX, NESTING_MAX, check_json


def nested(depth: int) -> Any:
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"k": value}
    return value


def test_the_deepest_value_passes_and_one_deeper_does_not() -> None:
    check_json(nested(NESTING_MAX), "session")
    with pytest.raises(PeerProtocolError, match="nested deeper than 64 levels") as caught:
        check_json(nested(NESTING_MAX + 1), "session")
    assert (caught.value.param or "").startswith("session.k[0].k[0]")
    assert len(caught.value.param or "") < 60


@pytest.mark.parametrize("value", [INTEGER_MAX, -INTEGER_MAX, 0, True, None, "x", 1.5, [], {}])
def test_ordinary_values_pass(value: Any) -> None:
    check_json({"a": [value]}, "session")


@pytest.mark.parametrize("value", [INTEGER_MAX + 1, -INTEGER_MAX - 1, 10**40])
def test_integers_beyond_64_bits_are_refused(value: int) -> None:
    with pytest.raises(PeerProtocolError, match="64 bits") as caught:
        check_json({"a": ({"b": value},)}, "session")
    assert caught.value.param == "session.a[0].b"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(json_values)
def test_what_passes_can_be_journalled_and_echoed(value: Any) -> None:
    try:
        check_json(value, "x")
    except PeerProtocolError:
        return
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(value)) == value
    msgspec.json.encode(value)
