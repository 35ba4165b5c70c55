"""What the rows of a voice session add up to. Replay and live writing fold by the same code, `Conversation.apply`.

Rules: nothing here is decided, everything is repeated; there is no clock, and nothing that a row did not say. What is
only of this process (the detector, running attempts, what was sent) lives in the machine's parts, not here.
"""

from typing import Final, Literal, assert_never

import msgspec

from segue.model.errors import JournalTooNew, PeerProtocolError
from segue.model.ids import OperationKey
from segue.model.limits import HISTORY_ITEMS_MAX
from segue.session.kind import SnapshotUnusable
from segue.session.operations import OperationLedger
from segue.telemetry.record import HopStats, decode_hop_stats
from segue.voice import rows
from segue.voice.facts import (
    AwaitedTranscript,
    CallState,
    Facts,
    ItemState,
    OpenTurn,
    OwedAnswer,
    ResponseState,
    SegmentState,
    Span,
)
from segue.wire.realtime.items import InputAudioPart, Message, OutputAudioPart, OutputText
from segue.wire.realtime.session import Session


class _Snapshot(msgspec.Struct, frozen=True):
    version: int
    facts: Facts
    ledger: bytes
    hop_stats: bytes


class Conversation:
    """The fold of one session's rows."""

    def __init__(self) -> None:
        self.facts = Facts()
        self.operations = OperationLedger()
        self.hop_stats = HopStats()

    @property
    def session(self) -> Session:
        """The effective session; only asked for once it has begun."""
        assert self.facts.session is not None, "the session has begun"
        return self.facts.session

    @property
    def last_item_id(self) -> str | None:
        """The last item a client knows of."""
        return next((i for i in reversed(self.facts.order) if not self.facts.items[i].is_own_call), None)

    def item_before(self, item_id: str) -> str | None:
        """The item before this one that a client knows of."""
        order = self.facts.order
        before = order[: order.index(item_id)] if item_id in self.facts.items else []
        return next((i for i in reversed(before) if not self.facts.items[i].is_own_call), None)

    @property
    def active(self) -> ResponseState | None:
        """The running response of the conversation (out-of-band ones run beside it)."""
        return next((r for r in self.facts.responses.values() if r.is_in_conversation), None)

    def apply(self, row: rows.VoiceRow) -> None:
        """Fold one row."""
        facts = self.facts
        facts.serial += 1
        match row:
            case rows.SessionOpened():
                facts.session, facts.agent, facts.subject = row.session, row.agent, row.subject
            case rows.SessionConfigured():
                facts.session = row.session
                self._answered(row.index)
            case (
                rows.TurnOpened() | rows.TurnHeard() | rows.TurnCommitted() | rows.TurnTranscribed()
                | rows.TranscriptionGivenUp() | rows.TurnDropped() | rows.BufferCleared()
            ):  # fmt: skip
                self._apply_turn(row)
            case rows.ItemCreated() | rows.ItemDeleted() | rows.ItemTruncated() | rows.ItemWasHeard():
                self._apply_item(row)
            case rows.OperationIntended() | rows.OperationSettled() | rows.OperationGivenUp():
                self._apply_operation(row)
            case rows.ResponseStarted():
                self._start_response(row)
            case rows.ResponseFinished():
                self._finish_response(row)
            case (
                rows.ItemStarted() | rows.SegmentAdded() | rows.SegmentSynthesized() | rows.ItemFinished()
                | rows.CallRequested() | rows.CallReturned()
            ):  # fmt: skip
                self._apply_answer(row)
            case rows.TurnTimed():
                self.hop_stats.add(row.record)
            case _:
                assert_never(row)

    def snapshot(self) -> bytes:
        """Encode all of it."""
        return _ENCODER.encode(
            _Snapshot(
                version=SNAPSHOT_VERSION,
                facts=self.facts,
                ledger=self.operations.snapshot(),
                hop_stats=self.hop_stats.encode(),
            )
        )

    @classmethod
    def restored(cls, snapshot: bytes) -> "Conversation":
        """What `snapshot` was taken of.

        Raises:
            SnapshotUnusable: Another version, or damage.
        """
        try:
            decoded = _DECODER.decode(snapshot)
            if decoded.version != SNAPSHOT_VERSION:
                raise SnapshotUnusable(f"voice snapshot of version {decoded.version}; this release reads 1")
            restored = cls()
            restored.facts = decoded.facts
            restored.operations.restore(decoded.ledger)
            restored.hop_stats = decode_hop_stats(decoded.hop_stats)
        except (msgspec.MsgspecError, PeerProtocolError, JournalTooNew) as error:
            raise SnapshotUnusable(f"voice snapshot cannot be read: {error}") from error
        return restored

    def _answered(self, index: int) -> None:
        self.facts.control_through = max(self.facts.control_through, index)

    def _apply_turn(
        self,
        row: rows.TurnOpened
        | rows.TurnHeard
        | rows.TurnCommitted
        | rows.TurnTranscribed
        | rows.TranscriptionGivenUp
        | rows.TurnDropped
        | rows.BufferCleared,
    ) -> None:
        facts = self.facts
        match row:
            case rows.TurnOpened():
                facts.turn = OpenTurn(row.turn_id, row.item_id, row.audio_start_ms)
            case rows.TurnHeard():
                facts.heard.append(Span(row.from_ms, row.to_ms, row.text))
            case rows.TurnCommitted():
                self._commit(row)
            case rows.TurnTranscribed() | rows.TranscriptionGivenUp():
                facts.awaited = [a for a in facts.awaited if a.item_id != row.item_id]
                state = facts.items.get(row.item_id)
                if state is not None and isinstance(row, rows.TurnTranscribed) and isinstance(state.item, Message):
                    state.item = msgspec.structs.replace(state.item, content=(InputAudioPart(transcript=row.text),))
            case rows.TurnDropped():
                self._close_turn(row.audio_end_ms)
            case rows.BufferCleared():
                self._close_turn(row.audio_ms)
                self._answered(row.index)
            case _:
                assert_never(row)

    def _commit(self, row: rows.TurnCommitted) -> None:
        facts = self.facts
        facts.awaited.append(
            AwaitedTranscript(row.turn_id, row.item_id, row.audio_start_ms, row.audio_end_ms, tuple(facts.heard))
        )
        self._close_turn(row.audio_end_ms)
        if row.is_answer_owed:
            facts.owed = OwedAnswer(origin=f"turn:{row.turn_id}", turn_id=row.turn_id)
        self._answered(row.index)
        item = Message(id=row.item_id, role="user", content=(InputAudioPart(),))
        self._insert(row.item_id, ItemState(item=item), self._end)

    def _close_turn(self, audio_ms: int) -> None:
        self.facts.turn = None
        self.facts.heard = []
        self.facts.decided_ms = max(self.facts.decided_ms, audio_ms)

    def _apply_item(self, row: rows.ItemCreated | rows.ItemDeleted | rows.ItemTruncated | rows.ItemWasHeard) -> None:
        match row:
            case rows.ItemCreated():
                self._insert(row.item.id, ItemState(item=row.item), row.previous_item_id)
                self._answered(row.index)
            case rows.ItemDeleted():
                if row.item_id in self.facts.items:
                    self.facts.order.remove(row.item_id)
                    self._forget(row.item_id)
                self._answered(row.index)
            case rows.ItemTruncated():
                self._hear(row.item_id, row.audio_end_ms, row.text, is_cut=True)
                self._answered(row.index)
            case rows.ItemWasHeard():
                self._hear(row.item_id, row.heard_ms, row.text, is_cut=row.is_cut)
            case _:
                assert_never(row)

    def _hear(self, item_id: str, heard_ms: int, text: str, *, is_cut: bool) -> None:
        state = self.facts.items.get(item_id)
        if state is None:
            return
        state.heard_ms = heard_ms
        if is_cut:
            state.heard_text = text

    def _apply_operation(self, row: rows.OperationIntended | rows.OperationSettled | rows.OperationGivenUp) -> None:
        key = OperationKey(row.key)
        match row:
            case rows.OperationIntended():
                self.operations.intend(key, row.kind, row.effect, row.request)
            case rows.OperationSettled():
                self.operations.complete(key, row.result)
            case rows.OperationGivenUp():
                self.operations.fail(key, row.error)
            case _:
                assert_never(row)

    def _apply_answer(
        self,
        row: rows.ItemStarted
        | rows.SegmentAdded
        | rows.SegmentSynthesized
        | rows.ItemFinished
        | rows.CallRequested
        | rows.CallReturned,
    ) -> None:
        match row:
            case rows.ItemStarted():
                self._start_item(row)
            case rows.SegmentAdded():
                self.facts.speech[row.item_id].append(SegmentState(row.text, row.key, row.voice))
            case rows.SegmentSynthesized():
                segments = self.facts.speech.get(row.item_id, [])
                if row.segment < len(segments):
                    segments[row.segment].duration_ms = row.duration_ms
            case rows.ItemFinished():
                self.facts.responses[row.response_id].item = row.item
                state = self.facts.items.get(row.item.id)
                if state is not None:
                    state.item = row.item
            case rows.CallRequested():
                response = self.facts.responses[row.response_id]
                response.calls.append(CallState(item=row.item, is_own=row.is_own))
                if row.is_in_conversation:
                    state = ItemState(item=row.item, is_own_call=row.is_own)
                    self._insert(row.item.id, state, self._end)
            case rows.CallReturned():
                self._return_call(row)
            case _:
                assert_never(row)

    def _return_call(self, row: rows.CallReturned) -> None:
        """A call may return after its response was cut: then only the model is told."""
        response = self.facts.responses.get(row.response_id)
        for call in response.calls if response is not None else ():
            if call.item.call_id == row.item.call_id:
                call.is_returned = True
        if response is None or response.is_in_conversation:
            self._insert(row.item.id, ItemState(item=row.item, is_own_call=True), self._end)

    def _start_item(self, row: rows.ItemStarted) -> None:
        self.facts.responses[row.response_id].is_item_started = True
        self.facts.speech[row.item_id] = []
        if row.is_in_conversation:
            content = (OutputAudioPart(),) if row.modality == "audio" else (OutputText(),)
            item = Message(id=row.item_id, role="assistant", content=content, status="in_progress")
            self._insert(row.item_id, ItemState(item=item), self._end)

    @property
    def _end(self) -> str | None:
        return self.facts.order[-1] if self.facts.order else None

    def _start_response(self, row: rows.ResponseStarted) -> None:
        facts = self.facts
        facts.responses[row.response_id] = ResponseState(started=row)
        facts.has_greeted = facts.has_greeted or row.script is not None
        if row.conversation_id is not None:
            facts.owed = None
        self._answered(row.index)

    def _finish_response(self, row: rows.ResponseFinished) -> None:
        response = self.facts.responses.pop(row.response.id, None)
        if response is not None and row.is_followed:
            begun = response.started
            self.facts.owed = OwedAnswer(
                origin=begun.origin, turn_id=begun.turn_id, round=begun.round + 1, params=begun.params
            )
        if response is not None and response.started.item_id not in self.facts.items:
            self.facts.speech.pop(response.started.item_id, None)
        self._answered(row.index)

    def _insert(self, item_id: str, state: ItemState, after: str | None) -> None:
        """Put an item behind another (None: at the front); calls no client sees stay with the item before them."""
        facts = self.facts
        if item_id in facts.items:  # A client may have taken the name of an item that was still to come.
            facts.order.remove(item_id)
            del facts.items[item_id]
        place = 0
        if after is not None:
            place = facts.order.index(after) + 1 if after in facts.items else len(facts.order)
            while not state.is_own_call and place < len(facts.order) and facts.items[facts.order[place]].is_own_call:
                place += 1
        facts.order.insert(place, item_id)
        facts.items[item_id] = state
        if len(facts.order) > HISTORY_ITEMS_MAX:
            self._forget(facts.order.pop(0))

    def _forget(self, item_id: str) -> None:
        del self.facts.items[item_id]
        running = {response.started.item_id for response in self.facts.responses.values()}
        if item_id not in running:
            self.facts.speech.pop(item_id, None)


SNAPSHOT_VERSION: Final = 1
Modality = Literal["audio", "text"]

_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(_Snapshot)
