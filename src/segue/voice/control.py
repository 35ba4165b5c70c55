"""What a client asks for, event by event, and what it is told when that cannot be done.

Rules: an event that changes something writes a row with its uplink index, in the same step; one at or below the fold's
watermark was done before a takeover and is skipped. A refusal is an `error` with the client's own event id; the session
stays up. The codes are those clients branch on (`wire.realtime.errors`).
"""

from typing import assert_never

import msgspec

from segue.model.errors import PeerProtocolError
from segue.model.ids import ItemId
from segue.model.limits import HISTORY_ITEMS_MAX, INSTRUCTIONS_CHARS_MAX, ITEM_TEXT_CHARS_MAX, TOOLS_MAX
from segue.telemetry.clock import ClockSample as Exchange
from segue.voice import rows
from segue.voice.agent import AgentSpec
from segue.voice.answers import Answers
from segue.voice.effects import ConfigureHearing, CutSpeech
from segue.voice.endings import cancelled
from segue.voice.facts import ItemState
from segue.voice.floor import Floor
from segue.voice.inputs import ClientSent
from segue.voice.projection import spoken_text, with_text
from segue.voice.requests import voice_of
from segue.voice.scribe import Scribe
from segue.voice.timing import TurnTimes
from segue.voice.turns import Turns
from segue.wire.realtime import client
from segue.wire.realtime.errors import CANCEL_NOT_ACTIVE_MESSAGE, WireErrorCode
from segue.wire.realtime.items import FunctionCall, FunctionCallOutput, InputAudioPart, Item, Message, OutputAudioPart
from segue.wire.realtime.merge import merge_session
from segue.wire.realtime.server import ItemRetrieved, OutputBufferCleared
from segue.wire.realtime.session import PcmFormat, Session


class Control:
    """The client's side of one session's conversation."""

    def __init__(
        self, scribe: Scribe, agent: AgentSpec, turns: Turns, answers: Answers, floor: Floor, times: TurnTimes
    ) -> None:
        self._scribe = scribe
        self._agent = agent
        self._turns = turns
        self._answers = answers
        self._floor = floor
        self._times = times

    def handle(self, sent: ClientSent) -> None:
        """Do what one event asks for."""
        if sent.index <= self._scribe.fold.facts.control_through:
            return
        event, index = sent.event, sent.index
        match event:
            case client.SessionUpdate():
                self._configure(event, index)
            case client.AudioCommit():
                self._commit(event, index, sent.audio_ms)
            case client.AudioClear():
                self._turns.clear(sent.audio_ms, index)
            case client.ItemCreate() | client.ItemDelete() | client.ItemTruncate() | client.ItemRetrieve():
                self._handle_item(event, index)
            case client.ResponseCreate():
                self._create(event, index)
            case client.ResponseCancel():
                self._cancel(event, index)
            case client.OutputAudioClear():
                self._clear_output(index)
            case client.Playout():
                self._floor.handle_playout(event)
            case client.ClockSample():
                self._sample(event)
            case client.AudioAppend() | client.ClockPing():
                pass
            case _:
                assert_never(event)

    def configure_hearing(self) -> None:
        """Tell the core how to hear this session."""
        self._scribe.perform(hearing_of(self._scribe.fold.session))

    def _configure(self, event: client.SessionUpdate, index: int) -> None:
        before = self._scribe.fold.session
        try:
            session = merge_session(before, event.session)
            self._check_voice(before, session)
        except PeerProtocolError as error:
            self._refuse(WireErrorCode.INVALID_VALUE, error.what, event, param=error.param)
            return
        if len(msgspec.json.encode(session)) > SESSION_BYTES_MAX:
            self._refuse(
                WireErrorCode.LIMIT_EXCEEDED,
                f"session: over {SESSION_BYTES_MAX} bytes as a whole; shorten the tools' descriptions and schemas",
                event,
                param="session",
            )
            return
        self._scribe.write(rows.SessionConfigured(session=session, index=index))
        if session.audio.input != before.audio.input:
            self.configure_hearing()
            self._turns.configure()

    def _check_voice(self, before: Session, session: Session) -> None:
        voice, known = session.audio.output.voice, self._agent.voices
        if voice != before.audio.output.voice and known and voice not in known:
            raise PeerProtocolError(
                f"session.audio.output.voice: there is no voice {voice[:60]!r}; choose one of {', '.join(known)}",
                param="session.audio.output.voice",
            )

    def _commit(self, event: client.AudioCommit, index: int, audio_ms: int) -> None:
        facts = self._scribe.fold.facts
        start_ms = facts.turn.audio_start_ms if facts.turn is not None else facts.decided_ms
        if audio_ms - start_ms < COMMIT_MS_MIN:
            self._refuse(
                WireErrorCode.COMMIT_EMPTY,
                f"Error committing input audio buffer: buffer too small. Expected at least {COMMIT_MS_MIN}ms of audio, "
                f"but buffer only has {max(audio_ms - start_ms, 0)}ms of audio.",
                event,
            )
            return
        self._turns.commit_now(audio_ms, index)

    # Items.

    def _handle_item(
        self,
        event: client.ItemCreate | client.ItemDelete | client.ItemTruncate | client.ItemRetrieve,
        index: int,
    ) -> None:
        match event:
            case client.ItemCreate():
                self._create_item(event, index)
            case client.ItemDelete(item_id=item_id):
                if self._found(item_id, WireErrorCode.DELETE_UNKNOWN_ITEM, event) is not None:
                    self._hush(item_id)
                    self._scribe.write(rows.ItemDeleted(item_id=item_id, index=index))
            case client.ItemTruncate():
                self._truncate(event, index)
            case client.ItemRetrieve(item_id=item_id):
                state = self._found(item_id, WireErrorCode.RETRIEVE_UNKNOWN_ITEM, event)
                if state is not None:
                    self._scribe.tell(ItemRetrieved(item=self._as_heard(item_id, state)))
            case _:
                assert_never(event)

    def _create_item(self, event: client.ItemCreate, index: int) -> None:
        facts, item = self._scribe.fold.facts, event.item
        coming = {running.started.item_id for running in facts.responses.values()}
        if facts.turn is not None:
            coming.add(facts.turn.item_id)
        if item.id and (item.id in facts.items or item.id in coming):
            message = f"Item with item_id already exists: {item.id}"
            self._refuse(WireErrorCode.DUPLICATE_ITEM, message, event, param="item.id")
            return
        after = event.previous_item_id
        if after not in (None, ROOT) and after not in facts.items:
            message = f"Previous item with item_id not found: {after}"
            self._refuse(WireErrorCode.UNKNOWN_PREVIOUS_ITEM, message, event, param="previous_item_id")
            return
        problem = self._problem_of(item)
        if problem is not None:
            code, message, param = problem
            self._refuse(code, message, event, param=param)
            return
        previous = self._scribe.fold.last_item_id if after is None else (None if after == ROOT else after)
        named = msgspec.structs.replace(item, id=item.id or self._scribe.fresh_name("item"), status="completed")
        self._scribe.write(rows.ItemCreated(item=named, previous_item_id=previous, index=index))

    def _problem_of(self, item: Item) -> tuple[WireErrorCode, str, str] | None:
        """Why an item cannot be taken: code, message and parameter."""
        facts = self._scribe.fold.facts
        if len(facts.order) >= HISTORY_ITEMS_MAX:
            message = f"the conversation holds {HISTORY_ITEMS_MAX} items; delete some first"
            return WireErrorCode.LIMIT_EXCEEDED, message, "item"
        if len(item.id) > ITEM_ID_CHARS_MAX:
            return WireErrorCode.INVALID_VALUE, f"item.id: at most {ITEM_ID_CHARS_MAX} characters", "item.id"
        match item:
            case Message(content=content):
                if not content:
                    return WireErrorCode.INVALID_VALUE, "item.content: expected at least one part", "item.content"
                if any(isinstance(part, InputAudioPart) and part.audio for part in content):
                    message = (
                        "item.content: audio inside an item is not heard here; send it with input_audio_buffer.append "
                        "and commit it, or give its transcript"
                    )
                    return WireErrorCode.INVALID_VALUE, message, "item.content"
                size, where = len(msgspec.json.encode(content)), "item.content"
            case FunctionCall(name=name, call_id=call_id, arguments=arguments):
                size = len(name) + len(call_id) + len(arguments)
                where = "item.arguments" if len(arguments) * 2 > size else "item"
            case FunctionCallOutput(call_id=call_id, output=output):
                if not any(self._is_call(state.item, call_id) for state in facts.items.values()):
                    message = f"no function_call with call_id {call_id[:60]!r} is in the conversation"
                    return WireErrorCode.UNKNOWN_CALL, message, "item.call_id"
                size, where = len(output), "item.output"
            case _:
                assert_never(item)
        if size > ITEM_TEXT_CHARS_MAX:
            message = f"{where}: {size} characters; at most {ITEM_TEXT_CHARS_MAX}"
            return WireErrorCode.LIMIT_EXCEEDED, message, where
        return None

    @staticmethod
    def _is_call(item: Item, call_id: str) -> bool:
        return isinstance(item, FunctionCall) and item.call_id == call_id

    def _truncate(self, event: client.ItemTruncate, index: int) -> None:
        state = self._found(event.item_id, WireErrorCode.TRUNCATE_UNKNOWN_ITEM, event)
        if state is None:
            return
        if not _is_spoken(state.item):
            message = "Only model output audio messages can be truncated"
            self._refuse(WireErrorCode.TRUNCATE_UNKNOWN_ITEM, message, event, param="item_id")
            return
        length_ms = self._floor.length_ms(event.item_id)
        end_ms = min(max(event.audio_end_ms, 0), length_ms) if length_ms else 0
        text = self._floor.text_heard(event.item_id, end_ms)
        self._hush(event.item_id)
        self._scribe.write(
            rows.ItemTruncated(
                item_id=event.item_id, content_index=event.content_index, audio_end_ms=end_ms, text=text, index=index
            )
        )

    def _hush(self, item_id: str) -> None:
        """Nothing more of an item is to be heard."""
        active = self._answers.active
        if active is not None and active.item_id == item_id:
            self._answers.stop(active, cancelled("client_cancelled"))
        self._floor.forget(item_id)

    def _as_heard(self, item_id: str, state: ItemState) -> Item:
        """An item as it stands: agent speech with the words that were heard, or those said so far."""
        item = state.item
        if not isinstance(item, Message) or item.role != "assistant":
            return item
        if state.heard_text is not None:
            return with_text(item, state.heard_text)
        said = "".join(segment.text for segment in self._scribe.fold.facts.speech.get(item_id, []))
        return item if spoken_text(item) else with_text(item, said)

    def _found(self, item_id: str, code: WireErrorCode, event: client.ClientEventBase) -> ItemState | None:
        state = self._scribe.fold.facts.items.get(item_id)
        if state is None or state.is_own_call:
            self._refuse(code, f"Item with item_id not found: {item_id[:80]}", event, param="item_id")
            return None
        return state

    # Responses.

    def _create(self, event: client.ResponseCreate, index: int) -> None:
        params = event.response or client.ResponseParams()
        active = self._answers.active
        if params.conversation != "none" and active is not None:
            message = (
                f"Conversation already has an active response in progress: {active.response_id}. "
                "Wait until the response is finished before creating a new one."
            )
            self._refuse(WireErrorCode.RESPONSE_ACTIVE, message, event)
            return
        if len(self._scribe.fold.facts.responses) >= RESPONSES_MAX:
            message = f"{RESPONSES_MAX} responses are in progress; wait for one to finish"
            self._refuse(WireErrorCode.LIMIT_EXCEEDED, message, event)
            return
        problem = self._problem_with(params)
        if problem is not None:
            param, message = problem
            self._refuse(WireErrorCode.INVALID_VALUE, message, event, param=param)
            return
        self._answers.create(params, index)

    def _problem_with(self, params: client.ResponseParams) -> tuple[str, str] | None:
        """What is wrong with the overrides of one response: parameter and message."""
        if params.output_modalities is not None and params.output_modalities not in (("audio",), ("text",)):
            return "response.output_modalities", "response.output_modalities: expected ['audio'] or ['text'], not both"
        if len(params.instructions or "") > INSTRUCTIONS_CHARS_MAX:
            return "response.instructions", f"response.instructions: at most {INSTRUCTIONS_CHARS_MAX} characters"
        voice, known = voice_of(params), self._agent.voices
        if voice is not None and known and voice not in known:
            message = f"response.audio.output.voice: there is no voice {voice[:60]!r}; choose one of {', '.join(known)}"
            return "response.audio.output.voice", message
        if params.tools is not None:
            if len(params.tools) > TOOLS_MAX:
                return "response.tools", f"response.tools: {len(params.tools)} tools; at most {TOOLS_MAX}"
            if not all(isinstance(tool.get("name"), str) and tool["name"] for tool in params.tools):
                return "response.tools", "response.tools: each tool needs a name"
        if params.input is not None and len(params.input) > HISTORY_ITEMS_MAX:
            return "response.input", f"response.input: at most {HISTORY_ITEMS_MAX} items"
        if len(msgspec.json.encode(params)) > SESSION_BYTES_MAX:
            return "response", f"response: over {SESSION_BYTES_MAX} bytes as a whole"
        return None

    def _cancel(self, event: client.ResponseCancel, index: int) -> None:
        if event.response_id is not None:
            answer = self._answers.find(event.response_id)
        else:
            answer = self._answers.active
        if answer is None:
            self._refuse(WireErrorCode.RESPONSE_CANCEL_NOT_ACTIVE, CANCEL_NOT_ACTIVE_MESSAGE, event)
            return
        self._answers.stop(answer, cancelled("client_cancelled"), index)

    def _clear_output(self, index: int) -> None:
        """Be silent at once: what is being said is cancelled, what sounds is cut."""
        active = self._answers.active
        response_id = active.response_id if active is not None else ""
        said = active.item_id if active is not None and active.is_spoken and active.published else None
        if said is not None:
            self._scribe.perform(CutSpeech(item_id=ItemId(said)))
        self._floor.cut(said)
        if active is not None and active.is_spoken:
            self._answers.stop(active, cancelled("client_cancelled"), index)
        self._scribe.tell(OutputBufferCleared(response_id=response_id))

    def _sample(self, event: client.ClockSample) -> None:
        error = self._times.sample(Exchange(t0_ns=event.t0_ns, t1_ns=event.t1_ns, t2_ns=event.t2_ns, t3_ns=event.t3_ns))
        if error is not None:
            self._refuse(WireErrorCode.INVALID_VALUE, error.what, event, param=error.param)

    def _refuse(
        self, code: WireErrorCode, message: str, event: client.ClientEventBase, *, param: str | None = None
    ) -> None:
        self._scribe.complain(code, message, param=param, event_id=event.event_id)


def hearing_of(session: Session) -> ConfigureHearing:
    """How this session's audio is to be heard."""
    audio = session.audio.input
    kind = audio.format.__struct_config__.tag
    assert isinstance(kind, str)
    return ConfigureHearing(
        format_type=kind,
        rate_hz=audio.format.rate if isinstance(audio.format, PcmFormat) else 8_000,
        is_detecting=audio.turn_detection is not None,
    )


def _is_spoken(item: Item) -> bool:
    """Whether it is agent speech; nothing else has an audio end."""
    return (
        isinstance(item, Message)
        and item.role == "assistant"
        and any(isinstance(part, OutputAudioPart) for part in item.content)
    )


ROOT = "root"
"""`previous_item_id` of an item that goes to the front."""
COMMIT_MS_MIN = 100
ITEM_ID_CHARS_MAX = 64
RESPONSES_MAX = 16
"""Responses at once, nearly all of them beside the conversation; their operations fit the ledger many times over."""
SESSION_BYTES_MAX = 512 * 1024
"""One session or response object in a row: half of what a row may hold."""
