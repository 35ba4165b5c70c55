"""The record of a session's operations in its journal: what was intended, what came of it, what a repetition is told.

Rules: the record is rows and their fold, so whoever replays them knows the same. The request of a generate is not kept:
it is made again from the state. The sound of a segment is not kept either: it is made again, under the same key.
"""

from typing import Any, Final, assert_never

import msgspec

from segue.model.ids import OperationKey
from segue.session.operations import Completed, EffectClass, InDoubt, Intended, Standing
from segue.voice import results
from segue.voice.rows import OperationGivenUp, OperationIntended, OperationSettled, encode_data
from segue.voice.scribe import Scribe


class GeneratedRecord(msgspec.Struct, frozen=True):
    """A whole answer of the dialogue model, as kept in the journal."""

    text: str
    calls: tuple[results.ToolCallRecord, ...]
    end: results.Generated


class Record:
    """One session's record."""

    def __init__(self, scribe: Scribe) -> None:
        self._scribe = scribe

    def key(self, turn: str, request: results.OperationRequest) -> OperationKey:
        """The key under which this request of this turn is known."""
        return OperationKey(self._scribe.name("op", turn, kind_of(request), encode_data(request).hex()))

    def standing(self, key: OperationKey) -> Standing:
        """Where the operation of this key stands."""
        return self._scribe.fold.operations.lookup(key)

    def intend(self, key: OperationKey, request: results.OperationRequest, policy_version: int) -> None:
        """It is about to run; behind the intent of a `once` effect somebody waits."""
        is_repeatable = not is_once(request)
        intent = OperationIntended(
            key=key,
            kind=kind_of(request),
            effect=EffectClass.IDEMPOTENT if is_repeatable else EffectClass.ONCE,
            policy_version=policy_version,
            request=b"" if isinstance(request, results.Generate) else encode_data(request),
        )
        if is_repeatable:
            self._scribe.note(intent)
        else:
            self._scribe.write(intent)

    def settle(self, key: OperationKey, request: results.OperationRequest, result: object) -> None:
        """It completed."""
        if isinstance(self.standing(key), Intended | InDoubt):
            settled = OperationSettled(key=key, result=encode_data(result))
            if is_once(request):
                self._scribe.write(settled)
            else:
                self._scribe.note(settled)

    def close(self, key: OperationKey, reason: str) -> None:
        """It was given up, or nobody wants it."""
        if isinstance(self.standing(key), Intended | InDoubt):
            self._scribe.note(OperationGivenUp(key=key, error=reason))

    def open_keys(self) -> list[OperationKey]:
        """What was intended and has not ended."""
        return [operation.key for operation in self._scribe.fold.operations.open()]


def kept_news(
    request: results.OperationRequest, standing: Completed
) -> list[results.OperationDelta | results.OperationResult] | None:
    """What a repetition of the request is told from the record; None if it has to be made again."""
    match request:
        case results.Synthesize():
            return None
        case results.Generate():
            record = msgspec.msgpack.decode(standing.result, type=GeneratedRecord)
            calls = [
                results.ToolCallDelta(call_id=call.call_id, name=call.name, arguments=call.arguments)
                for call in record.calls
            ]
            return [*([results.TextDelta(text=record.text)] if record.text else []), *calls, record.end]
        case results.Transcribe() | results.DetectEnd() | results.CallTool():
            return [msgspec.msgpack.decode(standing.result, type=_RESULTS[kind_of(request)])]
        case _:
            assert_never(request)


def kind_of(request: results.OperationRequest) -> str:
    """The kind of an operation, as rows and keys name it."""
    match request:
        case results.Transcribe():
            return "transcribe"
        case results.DetectEnd():
            return "detect_end"
        case results.Generate():
            return "generate"
        case results.Synthesize():
            return "synthesize"
        case results.CallTool():
            return "tool"
        case _:
            assert_never(request)


def is_once(request: results.OperationRequest) -> bool:
    """Whether it must never run a second time."""
    return isinstance(request, results.CallTool) and request.effect == "once"


_RESULTS: Final[dict[str, Any]] = {
    "transcribe": results.Transcribed,
    "detect_end": results.EndDetected,
    "tool": results.ToolReturned,
}
