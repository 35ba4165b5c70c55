"""The voice machine inside its session machine, over a journal that answers when it likes; one seed decides all.

Rows are published when the gate releases them, effects are performed when it lets them out, and a crash forgets all
that is not in the journal: an append whose answer is outstanding may have landed or not.
"""

from collections import deque
from random import Random
from typing import Any

from segue.model.ids import NodeId, OperationKey
from segue.model.time import MonoNs, ms
from segue.session.config import SessionConfig
from segue.session.inputs import Appended, Claim, Happened, Input, RowsRead, SnapshotRead, Tick
from segue.session.machine import SessionMachine
from segue.session.outputs import (
    Append,
    Owned,
    Perform,
    ReadRows,
    ReadSnapshot,
    RowReleased,
    SaveSnapshot,
    Stopped,
    StoreNoticed,
)
from segue.voice import effects, inputs, results, rows
from segue.voice.agent import AgentSpec
from segue.voice.machine import VoiceMachine
from segue.voice.projection import project
from tests.support.session_owner import Journal
from tests.support.voice_stage import SESSION, Speaker, Stage

LAG_INPUTS_MAX = 3
"""An append is answered at the latest after so many inputs."""


class SimStage(Stage):
    """A stage whose machine is owned, journalled and gated."""

    def __init__(self, agent: AgentSpec, seed: int) -> None:
        super().__init__(agent)
        self.is_checked = False
        self.seed = seed
        self.random = Random(seed)
        self.journal = Journal(SESSION)
        self.crash_steps: set[int] = set()
        self.crashes = 0
        self.requests: deque[Append | ReadRows | ReadSnapshot] = deque()
        self._own()

    def _own(self) -> None:
        self.machine = VoiceMachine(SESSION, self.agent)
        self.session: SessionMachine[inputs.VoiceInput, effects.VoiceEffect] = SessionMachine(
            SESSION, self.machine, SessionConfig(snapshot_rows=20)
        )
        self.requests.clear()
        self.is_owner = False
        self._tell(Claim(node=NodeId("node"), claim=f"claim-number-{self.crashes:08d}", subject="tester"))
        while not self.is_owner:
            self._answer_store()

    def _hand(self, event: inputs.VoiceInput) -> None:
        self._tell(Happened(event=event))
        while self.requests and (len(self.requests) > 1 or self.random.randrange(LAG_INPUTS_MAX) == 0):
            self._answer_store()
        self.given += 1
        if self.given in self.crash_steps:
            self.crash()

    def pass_ms(self, duration_ms: int) -> None:
        until = MonoNs(self.now + ms(duration_ms))
        while (due := self.session.next_deadline()) is not None and due.at <= until:
            self.now = max(self.now, due.at)
            self._tell(Tick())
            self.work()
        self.now = until

    def crash(self, *, is_attached: bool = True, cursor: str = "") -> None:
        """The core is gone. Whatever the store has not answered may have landed, or not."""
        self.crashes += 1
        for request in self.requests:
            if isinstance(request, Append) and self.random.random() < 0.5:
                self.journal.put(request.rows)
        self.pending.clear()
        self.cancelled.clear()
        self.speaker = Speaker()
        replayed = [event for event in self.uplink if self._is_held(event)]
        self._own()
        if self.machine.conversation.facts.session is None:
            self.give(self.beginning)
        self.attach(is_resumed=True)
        for event in replayed:
            self.give(event)
        self.work()

    def journalled(self) -> list[rows.VoiceRow]:
        """What the journal holds, in order."""
        return [body for row in self.journal.rows if (body := rows.decode_row(row)) is not None]

    def of(self, kind: type) -> list[Any]:
        return [body for body in self.journalled() if isinstance(body, kind)]

    def finish(self) -> None:
        """Let the store answer everything."""
        while self.requests:
            self._answer_store()
            self.work()

    def _tell(self, event: Input[inputs.VoiceInput]) -> None:
        self.session.handle(self.now, event)
        while (output := self.session.poll_output()) is not None:
            match output:
                case Append() | ReadRows() | ReadSnapshot():
                    self.requests.append(output)
                case SaveSnapshot(snapshot=snapshot):
                    self.journal.snapshot = snapshot
                case Owned():
                    self.is_owner = True
                case Perform(effect=effect):
                    self._check_gate(effect)
                    self._perform(effect)
                case RowReleased(row=row):
                    body = rows.decode_row(row)
                    if body is not None:
                        self.events.extend(project(body))
                case StoreNoticed():
                    pass
                case Stopped(reason=reason, error=error):
                    raise AssertionError(f"seed {self.seed}: stopped, {reason}: {error}")

    def _check_gate(self, effect: effects.VoiceEffect) -> None:
        """A `once` tool is started only when its intent is in the journal."""
        if isinstance(effect, effects.StartOperation) and isinstance(effect.request, results.CallTool):
            intended = {OperationKey(row.key) for row in self.of(rows.OperationIntended)}
            assert effect.key in intended, f"seed {self.seed}: a tool ran ahead of its intent"

    def _answer_store(self) -> None:
        request = self.requests.popleft()
        match request:
            case Append(rows=appended):
                self.journal.put(appended)
                self._tell(Appended(through=appended[-1].seq))
            case ReadRows(from_seq=from_seq, limit=limit):
                found = tuple(self.journal.rows[from_seq - 1 : from_seq - 1 + limit])
                self._tell(RowsRead(rows=found, at_end=len(found) < limit))
            case ReadSnapshot():
                self._tell(SnapshotRead(snapshot=self.journal.snapshot))
