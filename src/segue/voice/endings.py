"""How responses end, and the `response` a client is told of then."""

from dataclasses import dataclass
from typing import Final

from segue.voice import answer as made
from segue.voice.answer import Answer
from segue.voice.rows import ResponseFailure
from segue.voice.state import Conversation
from segue.voice.usage import response_usage, text_tokens
from segue.wire.realtime.items import Item, Response, ResponseStatus, StatusDetails, StatusError


@dataclass(frozen=True, slots=True)
class Ending:
    """The status of a response, why, and what the client is told beside it."""

    status: ResponseStatus
    details: StatusDetails | None = None
    failure: ResponseFailure | None = None

    @property
    def is_complete(self) -> bool:
        return self.status == "completed"


COMPLETED: Final = Ending("completed")
CUT_OFF: Final = Ending("incomplete", StatusDetails(type="incomplete", reason="max_output_tokens"))


def cancelled(reason: str) -> Ending:
    """Cancelled by the user's turn (`turn_detected`) or by the client (`client_cancelled`)."""
    return Ending("cancelled", StatusDetails(type="cancelled", reason=reason))


def failed(code: str, message: str) -> Ending:
    """Given up; the client is told why."""
    error = StatusError(type="server_error", code=code)
    return Ending("failed", StatusDetails(type="failed", error=error), ResponseFailure(code=code, message=message))


def finished_response(conversation: Conversation, answer: Answer, ending: Ending) -> Response:
    """The response as it is when it ends, its items and calls as rows have them."""
    plan, state = answer.plan, conversation.facts.responses[answer.response_id]
    output: list[Item] = [state.item] if state.item is not None else []
    output += [call.item for call in state.calls if not call.is_own]
    end = answer.mind.end if isinstance(answer.mind, made.Decided) else None
    known = conversation.facts.speech.get(answer.item_id, [])
    return Response(
        id=plan.response_id,
        status=ending.status,
        output=tuple(output),
        conversation_id=plan.conversation_id,
        output_modalities=(plan.modality,),
        metadata=plan.params.metadata,
        status_details=ending.details,
        usage=response_usage(
            input_text_tokens=end.input_tokens if end is not None else 0,
            output_text_tokens=(end.output_tokens if end is not None else 0) or text_tokens(answer.published_text),
            output_audio_ms=sum(segment.duration_ms or 0 for segment in known),
        ),
        max_output_tokens=plan.params.max_output_tokens or conversation.session.max_output_tokens,
    )
