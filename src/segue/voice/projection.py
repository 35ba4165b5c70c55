"""What a client is told of each row: the OpenAI Realtime (GA) events, in the order its clients depend on.

Rules: no state, no clock: any core projects the same row to the same events, so that an event's place in the journal is
its id. Audio deltas are not here: the speaker sends them between a segment's row and the row that finishes its item.
Source: OpenAI Realtime (GA) event orders, mid-2026; `docs/protocol.md`.
"""

from typing import Literal, assert_never

import msgspec

from segue.model.time import NS_PER_MS
from segue.telemetry.record import TurnRecord
from segue.voice import rows
from segue.wire.realtime import server
from segue.wire.realtime.errors import WireErrorCode
from segue.wire.realtime.items import (
    FunctionCall,
    InputAudioPart,
    Item,
    Message,
    OutputAudioPart,
    OutputText,
    Response,
)


def project(row: rows.VoiceRow) -> list[server.ServerEvent]:
    """The events of one row, in order; the n-th one is part n of the row's cursor."""
    match row:
        case rows.SessionOpened():
            return [server.SessionCreated(session=row.session)]
        case rows.SessionConfigured():
            return [server.SessionUpdated(session=row.session)]
        case (
            rows.TurnOpened() | rows.TurnCommitted() | rows.TurnDropped() | rows.TurnTranscribed()
            | rows.TranscriptionGivenUp() | rows.BufferCleared()
        ):  # fmt: skip
            return _of_turn(row)
        case rows.ItemCreated():
            return _added_and_done(row.item, row.previous_item_id)
        case rows.ItemDeleted():
            return [server.ItemDeleted(item_id=row.item_id)]
        case rows.ItemTruncated():
            return [
                server.ItemTruncated(
                    item_id=row.item_id, content_index=row.content_index, audio_end_ms=row.audio_end_ms
                ),
                server.ItemHeard(item_id=row.item_id, heard_ms=row.audio_end_ms, heard_text=row.text, cut=True),
            ]
        case (
            rows.ResponseStarted() | rows.ItemStarted() | rows.SegmentAdded() | rows.ItemFinished()
            | rows.CallRequested() | rows.ResponseFinished()
        ):  # fmt: skip
            return _of_answer(row)
        case rows.ItemWasHeard():
            return [server.ItemHeard(item_id=row.item_id, heard_ms=row.heard_ms, heard_text=row.text, cut=row.is_cut)]
        case rows.TurnTimed():
            return [_hops(row.record, row.stats)]
        case (
            rows.TurnHeard() | rows.OperationIntended() | rows.OperationSettled() | rows.OperationGivenUp()
            | rows.SegmentSynthesized() | rows.CallReturned()
        ):  # fmt: skip
            return []
        case _:
            assert_never(row)


def running_response(started: rows.ResponseStarted) -> Response:
    """The `response` of `response.created`."""
    params = started.params
    return Response(
        id=started.response_id,
        status="in_progress",
        conversation_id=started.conversation_id,
        output_modalities=(started.modality,),
        metadata=params.metadata,
        max_output_tokens=params.max_output_tokens or "inf",
    )


def _of_turn(
    row: rows.TurnOpened
    | rows.TurnCommitted
    | rows.TurnDropped
    | rows.TurnTranscribed
    | rows.TranscriptionGivenUp
    | rows.BufferCleared,
) -> list[server.ServerEvent]:
    match row:
        case rows.TurnOpened():
            return [server.SpeechStarted(item_id=row.item_id, audio_start_ms=row.audio_start_ms)]
        case rows.TurnCommitted():
            stopped = server.SpeechStopped(item_id=row.item_id, audio_end_ms=row.audio_end_ms)
            item = Message(id=row.item_id, role="user", content=(InputAudioPart(),))
            return [
                *([] if row.is_manual else [stopped]),
                server.AudioCommitted(item_id=row.item_id, previous_item_id=row.previous_item_id),
                *_added_and_done(item, row.previous_item_id),
            ]
        case rows.TurnDropped():
            if not row.item_id:
                return []
            return [server.SpeechStopped(item_id=row.item_id, audio_end_ms=row.audio_end_ms)]
        case rows.TurnTranscribed():
            if not row.is_told:
                return []
            usage = server.DurationUsage(seconds=row.audio_ms / 1000)
            return [server.TranscriptionCompleted(item_id=row.item_id, transcript=row.text, usage=usage)]
        case rows.TranscriptionGivenUp():
            if not row.is_told:
                return []
            error = server.TranscriptionError(
                type="server_error", code=WireErrorCode.PROVIDER, message=f"transcription failed: {row.reason}"
            )
            return [server.TranscriptionFailed(item_id=row.item_id, error=error)]
        case rows.BufferCleared():
            return [server.AudioCleared()]
        case _:
            assert_never(row)


def _of_answer(
    row: rows.ResponseStarted
    | rows.ItemStarted
    | rows.SegmentAdded
    | rows.ItemFinished
    | rows.CallRequested
    | rows.ResponseFinished,
) -> list[server.ServerEvent]:
    match row:
        case rows.ResponseStarted():
            return [server.ResponseCreated(response=running_response(row))]
        case rows.ItemStarted():
            return _item_started(row)
        case rows.SegmentAdded():
            delta = server.AudioTranscriptDelta if row.modality == "audio" else server.OutputTextDelta
            return [delta(response_id=row.response_id, item_id=row.item_id, delta=row.text)]
        case rows.ItemFinished():
            return _item_finished(row)
        case rows.CallRequested():
            return [] if row.is_own else _call_requested(row)
        case rows.ResponseFinished():
            done = server.ResponseDone(response=row.response)
            if row.failure is None:
                return [done]
            return [done, server.error_event(WireErrorCode(row.failure.code), row.failure.message)]
        case _:
            assert_never(row)


def _item_started(row: rows.ItemStarted) -> list[server.ServerEvent]:
    item = Message(id=row.item_id, role="assistant", content=(), status="in_progress")
    added = server.ItemAdded(item=item, previous_item_id=row.previous_item_id)
    return [
        server.OutputItemAdded(response_id=row.response_id, item=item),
        *([added] if row.is_in_conversation else []),
        server.ContentPartAdded(response_id=row.response_id, item_id=row.item_id, part=_part(row.modality, "")),
    ]


def _item_finished(row: rows.ItemFinished) -> list[server.ServerEvent]:
    response_id, item_id, text = row.response_id, row.item.id, spoken_text(row.item)
    ends: list[server.ServerEvent]
    if row.modality == "audio":
        ends = [
            server.OutputAudioDone(response_id=response_id, item_id=item_id),
            server.AudioTranscriptDone(response_id=response_id, item_id=item_id, transcript=text),
        ]
    else:
        ends = [server.OutputTextDone(response_id=response_id, item_id=item_id, text=text)]
    done = server.ItemDone(item=row.item, previous_item_id=row.previous_item_id)
    return [
        *ends,
        server.ContentPartDone(response_id=response_id, item_id=item_id, part=_part(row.modality, text)),
        server.OutputItemDone(response_id=response_id, item=row.item),
        *([done] if row.is_in_conversation else []),
    ]


def _call_requested(row: rows.CallRequested) -> list[server.ServerEvent]:
    response_id, call, index = row.response_id, row.item, row.output_index
    begun = FunctionCall(id=call.id, name=call.name, call_id=call.call_id, status="in_progress")
    added = server.ItemAdded(item=begun, previous_item_id=row.previous_item_id)
    done = server.ItemDone(item=call, previous_item_id=row.previous_item_id)
    return [
        server.OutputItemAdded(response_id=response_id, item=begun, output_index=index),
        *([added] if row.is_in_conversation else []),
        server.ArgumentsDelta(
            response_id=response_id, item_id=call.id, output_index=index, call_id=call.call_id, delta=call.arguments
        ),
        server.ArgumentsDone(
            response_id=response_id,
            item_id=call.id,
            output_index=index,
            call_id=call.call_id,
            name=call.name,
            arguments=call.arguments,
        ),
        server.OutputItemDone(response_id=response_id, item=call, output_index=index),
        *([done] if row.is_in_conversation else []),
    ]


def _added_and_done(item: Item, previous_item_id: str | None) -> list[server.ServerEvent]:
    return [
        server.ItemAdded(item=item, previous_item_id=previous_item_id),
        server.ItemDone(item=item, previous_item_id=previous_item_id),
    ]


def spoken_text(item: Message) -> str:
    """What an agent's message says."""
    texts: list[str] = []
    for part in item.content:
        match part:
            case OutputAudioPart(transcript=transcript):
                texts.append(transcript)
            case OutputText(text=text):
                texts.append(text)
            case _:
                pass
    return "".join(texts)


def _part(modality: Literal["audio", "text"], text: str) -> server.AudioPart | server.TextPart:
    return server.AudioPart(transcript=text) if modality == "audio" else server.TextPart(text=text)


def _hops(record: TurnRecord, stats: dict[str, server.HopStats]) -> server.TurnHops:
    def bound(value_ns: int | None) -> float | None:
        return None if value_ns is None else round(value_ns / NS_PER_MS, 3)

    bounds = [hop.bound_ns for hop in record.hops if hop.bound_ns is not None]
    return server.TurnHops(
        turn_id=record.turn_id,
        item_id=record.item_id,
        hops=tuple(
            server.HopRecord(
                name=hop.name,
                start_ms=round(hop.start_ns / NS_PER_MS, 3),
                duration_ms=round(hop.duration_ns / NS_PER_MS, 3),
                bound_ms=bound(hop.bound_ns),
            )
            for hop in record.hops
        ),
        stats=stats,
        voice_to_voice_ms=bound(record.voice_to_voice_ns),
        bound_ms=bound(max(bounds)) if bounds and record.voice_to_voice_ns is None else None,
    )


def is_aware_only(event: server.ServerEvent) -> bool:
    """Whether only clients that asked for `segue.*` events are sent it."""
    return isinstance(event, server.SegueEvent)


def with_text(item: Message, text: str) -> Message:
    """An agent's message that says only `text`: what of it was heard."""
    content = tuple(
        OutputAudioPart(transcript=text) if isinstance(part, OutputAudioPart) else part for part in item.content
    )
    return msgspec.structs.replace(item, content=content)
