import msgspec

from segue.voice.facts import Facts
from tests.support.voice_stage import Stage


def test_facts_survive_encoding() -> None:
    stage = Stage().begin()
    stage.say("what time is it?")
    encoded = msgspec.msgpack.encode(stage.facts)
    assert msgspec.msgpack.decode(encoded, type=Facts) == stage.facts
