"""Takes a session's clients in and lets them go: one attachment at a time, the newest one.

Owns who is attached and since when nobody is. A flow that is offered before the session is owned waits; one that comes
while another is attached supersedes it.
"""

from collections.abc import Callable

from segue.core.attachment import Attachment, refuse
from segue.core.body import Body
from segue.core.ear import Ear
from segue.core.events import FlowGone, HistoryRead, HostEvent, Opening
from segue.core.joining import received_for, uplink_start
from segue.core.journal import Journal
from segue.core.parts import CoreParts, Log
from segue.model.errors import PeerProtocolError
from segue.model.ids import Epoch, SessionId
from segue.model.time import MonoNs
from segue.voice.inputs import Attached, Begin, Detached, VoiceInput
from segue.voice.state import Conversation
from segue.wire.realtime.errors import WireErrorCode

SUPERSEDED_CLOSE = 4001


class Reception:
    """The clients of one session.

    Args:
        parts: The core's.
        session: Whose.
        log: Bound to the session.
        tell: Tells the machine something, at once.
        post: Tells the session's task something, later.
    """

    def __init__(
        self,
        parts: CoreParts,
        session: SessionId,
        log: Log,
        tell: Callable[[VoiceInput], None],
        post: Callable[[HostEvent], None],
    ) -> None:
        self._parts = parts
        self._session = session
        self._log = log
        self._tell = tell
        self._post = post
        self._waiting: list[Opening] = []
        self._count = 0
        self._detached_at = parts.clock.mono_ns()
        self.attachment: Attachment | None = None
        self.ear: Ear | None = None

    @property
    def idle_since(self) -> MonoNs | None:
        """Since when nobody is attached; None while somebody is, or wants to be."""
        is_alone = self.attachment is None and not self._waiting
        return self._detached_at if is_alone else None

    def wait(self, opening: Opening) -> None:
        """A flow is offered before the session is ours."""
        self._waiting.append(opening)

    def waited(self) -> list[Opening]:
        """The flows that waited; they wait no more."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def open(self, opening: Opening, body: Body, journal: Journal, epoch: Epoch, fold: Conversation) -> None:
        """Attach a client to the session, which is ours."""
        wanted, facts = opening.wanted, fold.facts
        try:
            start = uplink_start(wanted, control_through=facts.control_through, decided_ms=facts.decided_ms)
        except PeerProtocolError as error:
            refuse(opening.link, opening.flow, 400, WireErrorCode.INVALID_VALUE, error.what)
            return
        self._supersede(body)
        self._tell(Begin(subject=wanted.subject, session_patch=wanted.session_patch))
        hearing = body.hearing
        if hearing is None or self.ear is None:
            hearing = body.begin_hearing(start)
            self.ear = Ear(self._parts, hearing, body.speaker, body.downlink)
        self._count += 1
        attachment = Attachment(opening.link, opening.flow, epoch, self._count, wanted, received_for(wanted, hearing))
        self.attachment = attachment
        attachment.opened(hearing.released, hearing.position)
        if body.attach(attachment):
            self._bring_up_to_date(attachment, body, journal)
        cursor = str(wanted.cursor) if wanted.cursor.seq else ""
        is_aware, is_resumed = wanted.is_aware, bool(cursor)
        self._tell(Attached(attachment=self._count, is_aware=is_aware, is_resumed=is_resumed, cursor=cursor))
        self._log.info("core.flow.attached", aware=is_aware, resumed=is_resumed, edge=opening.link.peer_node)

    def lose(self, gone: FlowGone, body: Body) -> None:
        """A client's connection is gone, or one that waited."""
        self._waiting = [it for it in self._waiting if (it.link, it.flow) != (gone.link, gone.flow)]
        attachment = self.attachment
        if attachment is not None and attachment.link is gone.link and attachment.flow == gone.flow:
            attachment.drop()
            self.detach(body)

    def detach(self, body: Body) -> None:
        """Nobody is attached any more."""
        attachment, self.attachment = self.attachment, None
        body.downlink.detach()
        self._detached_at = self._parts.clock.mono_ns()
        if attachment is not None:
            self._tell(Detached(attachment=attachment.number))
            self._log.info("core.flow.detached")

    def look_after(self, body: Body) -> None:
        """A connection that was closed here (its client does not read) is nobody's any more."""
        if self.attachment is not None and not self.attachment.is_open:
            self.detach(body)

    def abandon(self, code: int, reason: str) -> None:
        """The session ends here: whoever is attached or waits is told."""
        if self.attachment is not None:
            self.attachment.close(code, reason)
        for opening in self.waited():
            refuse(opening.link, opening.flow, 503, WireErrorCode.INTERNAL, reason, retry=True)

    def _bring_up_to_date(self, attachment: Attachment, body: Body, journal: Journal) -> None:
        """Tell what was missed, from memory if all of it is there."""
        cursor, number = attachment.wanted.cursor, attachment.number
        if body.downlink.remembers(cursor):
            body.catch_up(HistoryRead(number=number, rows=None))
            return
        journal.read_history(self._session, cursor, lambda rows: self._post(HistoryRead(number=number, rows=rows)))

    def _supersede(self, body: Body) -> None:
        if self.attachment is not None:
            self.attachment.close(SUPERSEDED_CLOSE, "attachment_superseded: another connection resumed this session")
            self.detach(body)
