"""A stage for the voice machine: a scripted user, recogniser, model, voice, tools and speaker, in virtual time.

It drives the machine as a core does, numbers its rows, projects them, and can crash it: a new machine that has only the
rows. After every input it holds the live state against the replayed one.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from segue.model.errors import PeerProtocolError
from segue.model.ids import Epoch, OperationKey, Seq, SessionId, UplinkIndex
from segue.model.time import MonoNs, ms
from segue.session.kind import Effect, Gate, Write
from segue.session.rows import Row
from segue.voice import effects, inputs, results, rows
from segue.voice.agent import AgentSpec
from segue.voice.machine import VoiceMachine
from segue.voice.projection import is_aware_only, project
from segue.voice.state import Conversation
from segue.wire.realtime.client import ClientEvent, decode_client_event
from segue.wire.realtime.server import ServerEvent

SESSION = SessionId("sess_aaaaaaaaaaaaa")
WINDOW_MS = 32

ModelScript = Callable[[results.Generate], Iterable[results.OperationDelta]]
ToolScript = Callable[[results.CallTool], results.ToolReturned]


@dataclass
class Speaker:
    """Sends what was made, in order, at once; says so."""

    queue: list[effects.Speak] = field(default_factory=list)
    made: dict[OperationKey, int] = field(default_factory=dict)
    sent_ms: dict[str, int] = field(default_factory=dict)
    ending: set[str] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    is_held: bool = False
    """Held by the test, whatever the machine says."""

    def poll(self) -> inputs.SpeechSent | None:
        if self.is_held or (self.queue and self.queue[0].item_id in self.held):
            return None
        if self.queue and self.queue[0].key in self.made:
            speak = self.queue.pop(0)
            begun = self.sent_ms.get(speak.item_id, 0)
            self.sent_ms[speak.item_id] = begun + self.made[speak.key]
            return inputs.SpeechSent(item_id=speak.item_id, sent_ms=self.sent_ms[speak.item_id], is_drained=False)
        for item_id in list(self.ending):
            if not any(speak.item_id == item_id for speak in self.queue):
                self.ending.discard(item_id)
                return inputs.SpeechSent(
                    item_id=speak_id(item_id), sent_ms=self.sent_ms.get(item_id, 0), is_drained=True
                )
        return None


def speak_id(item_id: str) -> Any:
    return item_id


class Stage:
    """One session on a stage. `words` answers the recogniser, `model` the dialogue model, `tool` the tools."""

    def __init__(self, agent: AgentSpec | None = None, *, is_aware: bool = False) -> None:
        self.agent = agent or AgentSpec(name="test")
        self.is_aware = is_aware
        self.machine = VoiceMachine(SESSION, self.agent)
        self.now = MonoNs(ms(1_000))
        self.rows: list[Row] = []
        self.bodies: list[rows.VoiceRow] = []
        self.events: list[ServerEvent] = []
        self.effects: list[effects.VoiceEffect] = []
        self.gates: list[tuple[effects.VoiceEffect, Gate]] = []
        self.pending: list[effects.StartOperation] = []
        self.cancelled: set[OperationKey] = set()
        self.speaker = Speaker()
        self.index = 0
        self.audio_ms = 0
        self.uplink: list[inputs.VoiceInput] = []
        self.released = effects.ReleaseUplink(audio_ms=0, control_through=0)
        self.is_automatic = True
        self.is_checked = True
        self.given = 0
        self.eventful: list[int] = []
        """Inputs that something came of."""
        self.crash_at: int | None = None
        """Crash after this many inputs (of any kind, the world's answers too)."""
        self.started: list[effects.StartOperation] = []
        self.words: Callable[[int, int], str] = lambda _from, _to: "what time is it?"
        self.end_probability = 0.9
        self.model: ModelScript = lambda _request: [results.TextDelta(text="It is noon. Anything else?")]
        self.tool: ToolScript = lambda call: results.ToolReturned(output=f"{call.name} done")
        self.fail: Callable[[effects.StartOperation], inputs.OperationFailed | None] = lambda _start: None
        self.ms_per_letter = 50

    # Driving.

    def begin(self, patch: str = "{}", *, greet: bool = False) -> "Stage":
        self.beginning = inputs.Begin(subject="tester", session_patch=patch.encode())
        self.give(self.beginning)
        self.attach()
        return self

    def attach(self, cursor: str = "", *, is_resumed: bool = False) -> None:
        self.give(inputs.Attached(attachment=1, is_aware=self.is_aware, is_resumed=is_resumed, cursor=cursor))

    def give(self, event: inputs.VoiceInput) -> None:
        """One input, all its outputs, and whatever the world answers at once."""
        self._hand(event)
        if self.is_automatic:
            self.work()

    def send(self, json: str) -> None:
        self.index += 1
        event = decode_client_event(json.encode())
        self.feed(event)

    def feed(self, event: ClientEvent) -> None:
        sent = inputs.ClientSent(index=UplinkIndex(self.index), event=event, audio_ms=self.audio_ms)
        self.uplink.append(sent)
        self.give(sent)

    def audio(self, duration_ms: int, *, speech: bool) -> None:
        """User audio in real time."""
        end_ms = self.audio_ms + duration_ms
        while self.audio_ms < end_ms:
            self.audio_ms += WINDOW_MS
            heard = inputs.AudioHeard(audio_ms=self.audio_ms, probability=0.95 if speech else 0.02)
            self.uplink.append(heard)
            self.pass_ms(WINDOW_MS)
            self.give(heard)

    def say(self, text: str, speech_ms: int = 1_000, silence_ms: int = 1_000) -> None:
        """One spoken turn and the silence after it."""
        self.words = lambda _from, _to: text
        self.audio(speech_ms, speech=True)
        self.audio(silence_ms, speech=False)

    def pass_ms(self, duration_ms: int) -> None:
        """Let time pass; deadlines are kept."""
        until = MonoNs(self.now + ms(duration_ms))
        while (due := self.machine.next_deadline()) is not None and due.at <= until:
            self.now = max(self.now, due.at)
            self.machine.handle_deadline(self.now)
            self._drain()
            if self.is_automatic:
                self.work()
        self.now = until

    def work(self) -> None:
        """Answer every operation that waits, and speak."""
        while True:
            if self.pending:
                self.answer(self.pending.pop(0))
            elif (sent := self.speaker.poll()) is not None:
                self._hand(sent)
            else:
                return

    def answer(self, start: effects.StartOperation) -> None:
        """Answer one operation as scripted."""
        if start.key in self.cancelled:
            return
        failure = self.fail(start)
        if failure is not None:
            self._hand(failure)
            return
        match start.request:
            case results.Transcribe(from_ms=from_ms, to_ms=to_ms):
                self.complete(start, results.Transcribed(text=self.words(from_ms, to_ms)))
            case results.DetectEnd():
                self.complete(start, results.EndDetected(probability=self.end_probability))
            case results.Generate() as request:
                deltas = list(self.model(request))
                for delta in deltas:
                    self._hand(inputs.OperationProgressed(key=start.key, attempt=start.attempt, delta=delta))
                reason: Any = "stop"
                if any(isinstance(delta, results.ToolCallDelta) for delta in deltas):
                    reason = "tool_calls"
                self.complete(start, results.Generated(reason=reason, input_tokens=7, output_tokens=5))
            case results.Synthesize(text=text):
                duration_ms = len(text) * self.ms_per_letter
                self.speaker.made[start.key] = duration_ms
                self._hand(
                    inputs.OperationProgressed(
                        key=start.key, attempt=start.attempt, delta=results.SpeechDelta(generated_ms=duration_ms)
                    )
                )
                self.complete(start, results.Synthesized(duration_ms=duration_ms))
            case results.CallTool() as call:
                self.complete(start, self.tool(call))

    def complete(self, start: effects.StartOperation, result: results.OperationResult) -> None:
        self._hand(inputs.OperationCompleted(key=start.key, attempt=start.attempt, result=result))

    def crash(self, *, is_attached: bool = True, cursor: str = "") -> None:
        """A new owner that has only the journal; then the uplink that was not released, faster than real time."""
        self.machine = VoiceMachine(SESSION, self.agent)
        for row in self.rows:
            self.machine.apply_row(row)
        self.pending.clear()
        self.cancelled.clear()
        self.speaker = Speaker()
        replayed = [event for event in self.uplink if self._is_held(event)]
        self.machine.on_owned(self.now)
        self._drain()
        if not self.rows:
            self.give(self.beginning)
        if is_attached:
            self.attach(cursor, is_resumed=True)
        for event in replayed:
            self.give(event)
        if self.is_automatic:
            self.work()

    # Looking.

    def told(self, *, aware: bool = False) -> list[str]:
        """Types of all events so far."""
        return [type_of(event) for event in self.events if aware or not is_aware_only(event)]

    def of(self, kind: type) -> list[Any]:
        """Rows, events or effects of a type."""
        everything: list[object] = [*self.bodies, *self.events, *self.effects]
        return [one for one in everything if isinstance(one, kind)]

    def forget(self) -> None:
        """Look only at what comes from here on."""
        self.events.clear()
        self.effects.clear()
        self.bodies.clear()
        self.gates.clear()
        self.started.clear()

    @property
    def facts(self) -> Any:
        return self.machine.conversation.facts

    @property
    def history(self) -> list[tuple[str, str]]:
        from segue.voice.history import history

        conversation = self.machine.conversation
        last = conversation.facts.order[-1] if conversation.facts.order else None
        return [(entry.role, entry.text) for entry in history(conversation, through=last)]

    def _hand(self, event: inputs.VoiceInput) -> None:
        self.machine.handle(self.now, event)
        before = len(self.gates), len(self.rows)
        self._drain()
        self.given += 1
        if before != (len(self.gates), len(self.rows)):
            self.eventful.append(self.given)
        if self.given == self.crash_at:
            self.crash()

    def _drain(self) -> None:
        while (output := self.machine.poll_output()) is not None:
            match output:
                case Write():
                    self._write(output)
                case Effect(payload=payload, gate=gate):
                    self.effects.append(payload)
                    self.gates.append((payload, gate))
                    self._perform(payload)
        if self.is_checked:
            replayed = Conversation()
            for row in self.rows:
                body = rows.decode_row(row)
                assert body is not None
                replayed.apply(body)
            assert replayed.snapshot() == self.machine.snapshot(), "replay comes to the live state"

    def _write(self, write: Write) -> None:
        row = Row(
            session=SESSION,
            seq=Seq(len(self.rows) + 1),
            epoch=Epoch(1),
            kind=write.kind,
            body=write.body,
            version=self.machine.row_version,
        )
        self.rows.append(row)
        body = rows.decode_row(row)
        assert body is not None
        self.bodies.append(body)
        self.events.extend(project(body))

    def _perform(self, effect: effects.VoiceEffect) -> None:
        match effect:
            case effects.StartOperation():
                self.cancelled.discard(effect.key)
                self.pending.append(effect)
                self.started.append(effect)
            case effects.CancelOperation(key=key):
                self.cancelled.add(key)
                self.pending = [start for start in self.pending if start.key != key]
            case effects.Speak(item_id=item_id, segment=segment, key=key, skip_ms=skip_ms):
                known = [one.duration_ms or 0 for one in self.facts.speech.get(item_id, [])[: segment + 1]]
                if 0 < sum(known) <= skip_ms:
                    self.speaker.made[key] = known[-1]  # the client has it: only its length is needed
                self.speaker.queue.append(effect)
            case effects.EndSpeech(item_id=item_id):
                self.speaker.ending.add(item_id)
            case effects.CutSpeech(item_id=item_id):
                self.speaker.queue = [speak for speak in self.speaker.queue if speak.item_id != item_id]
                self.speaker.ending.discard(item_id)
                self.speaker.held.discard(item_id)
            case effects.HoldSpeech(item_id=item_id):
                self.speaker.held.add(item_id)
            case effects.GoOnSpeech(item_id=item_id):
                self.speaker.held.discard(item_id)
            case effects.Tell(event=event):
                self.events.append(event)
            case effects.ReleaseUplink():
                self.released = effects.ReleaseUplink(
                    audio_ms=max(effect.audio_ms, self.released.audio_ms),
                    control_through=max(effect.control_through, self.released.control_through),
                )
            case effects.ConfigureHearing() | effects.ForgetAudio() | effects.CloseSession():
                pass

    def _is_held(self, event: inputs.VoiceInput) -> bool:
        """Whether the edge still has it in its ring."""
        match event:
            case inputs.AudioHeard(audio_ms=audio_ms):
                return audio_ms > self.released.audio_ms
            case inputs.ClientSent(index=index):
                return index > self.released.control_through
            case _:
                return False


def type_of(event: ServerEvent) -> str:
    tag = event.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


def failing(start: effects.StartOperation, reason: str = "down", *, is_retryable: bool = True) -> Any:
    return inputs.OperationFailed(
        key=start.key, attempt=start.attempt, provider=start.provider, reason=reason, is_retryable=is_retryable
    )


__all__ = ["SESSION", "PeerProtocolError", "Speaker", "Stage", "failing", "type_of"]
