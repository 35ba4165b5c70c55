import pytest

from segue.model.limits import HISTORY_ITEMS_MAX
from segue.session.kind import SnapshotUnusable
from segue.voice import rows
from segue.voice.state import Conversation
from segue.wire.realtime.items import InputText, Message
from tests.support.voice_stage import Stage


def item(name: str) -> Message:
    return Message(id=name, role="user", content=(InputText(text=name),))


def test_a_snapshot_is_the_state() -> None:
    stage = Stage().begin()
    stage.say("what time is it?")
    snapshot = stage.machine.snapshot()
    assert Conversation.restored(snapshot).snapshot() == snapshot


@pytest.mark.parametrize("snapshot", [b"", b"\x81", b"nonsense"])
def test_a_damaged_snapshot_is_not_used(snapshot: bytes) -> None:
    with pytest.raises(SnapshotUnusable):
        Conversation.restored(snapshot)


def test_a_snapshot_of_another_version_is_not_used() -> None:
    import msgspec

    fields = msgspec.msgpack.decode(Conversation().snapshot())
    fields["version"] = 99
    with pytest.raises(SnapshotUnusable, match="99"):
        Conversation.restored(msgspec.msgpack.encode(fields))


def test_items_go_where_the_client_put_them() -> None:
    fold = Conversation()
    for name, after in (("b", None), ("a", None), ("c", "b")):
        fold.apply(rows.ItemCreated(item=item(name), previous_item_id=after, index=1))
    assert fold.facts.order == ["a", "b", "c"]
    assert fold.last_item_id == "c"
    assert fold.item_before("b") == "a"
    assert fold.item_before("a") is None
    fold.apply(rows.ItemDeleted(item_id="b", index=2))
    fold.apply(rows.ItemDeleted(item_id="unknown", index=3))
    assert fold.facts.order == ["a", "c"]
    assert fold.facts.control_through == 3


def test_past_the_bound_the_oldest_item_is_forgotten() -> None:
    fold = Conversation()
    previous = None
    for number in range(HISTORY_ITEMS_MAX + 1):
        fold.apply(rows.ItemCreated(item=item(f"i{number}"), previous_item_id=previous, index=number))
        previous = f"i{number}"
    assert len(fold.facts.order) == len(fold.facts.items) == HISTORY_ITEMS_MAX
    assert fold.facts.order[0] == "i1"
