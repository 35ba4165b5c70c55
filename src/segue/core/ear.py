"""What a client message becomes: audio for the detector, an event for the machine, an answer at once, or a fault."""

from collections.abc import Iterable, Iterator
from typing import Final

from segue.core.downlink import Downlink
from segue.core.events import Arrived
from segue.core.hearing import Arrival, Hearing
from segue.core.parts import CoreParts
from segue.core.speaker import Speaker
from segue.model.errors import LimitExceeded, PeerProtocolError
from segue.model.ids import ItemId, UplinkIndex
from segue.model.limits import APPEND_BYTES_MAX
from segue.telemetry.clock import EXCHANGE_NS_MAX
from segue.voice.inputs import ClientFault, ClientSent, VoiceInput
from segue.wire.realtime.client import (
    AudioAppend,
    ClientEvent,
    ClockPing,
    ClockSample,
    Playout,
    decode_client_event,
    describe_fault,
)
from segue.wire.realtime.errors import WireErrorCode
from segue.wire.realtime.server import ClockPong


class Ear:
    """Reads the messages of one session, each once."""

    def __init__(self, parts: CoreParts, hearing: Hearing, speaker: Speaker, downlink: Downlink) -> None:
        self._parts = parts
        self._hearing = hearing
        self._speaker = speaker
        self._downlink = downlink

    def admit(self, index: int) -> bool:
        """Whether this message is to be read: a repeated one is not.

        Raises:
            PeerProtocolError: Messages before it are missing.
        """
        is_new = self._hearing.take(index)
        if not is_new:
            self._parts.metrics.repeated.inc()
        return is_new

    def read(self, arrived: Arrived) -> Iterable[VoiceInput]:
        """What the machine is to be told of an admitted message, in order; iterate it, the hearing may move with it.

        A `ClientSent` is to be noted with the hearing once it was handled; everything else is.
        """
        frame = arrived.frame
        try:
            event = decode_client_event(frame.payload)
        except PeerProtocolError as error:
            fault = describe_fault(frame.payload, error)
            self._hearing.skip(frame.index)
            return [self._fault(frame.index, fault.code, fault.message, fault.param, fault.event_id)]
        if isinstance(event, AudioAppend):
            return self._audio(arrived, event)
        return self._control(arrived, event)

    def _audio(self, arrived: Arrived, event: AudioAppend) -> Iterable[VoiceInput]:
        index, stamp = arrived.frame.index, event.segue
        arrival = Arrival(
            captured_at_ns=stamp.captured_at_ns if stamp is not None else None,
            sent_at_ns=stamp.sent_at_ns if stamp is not None else None,
            edge_in_ns=arrived.frame.edge_in_ns,
            core_in_ns=arrived.in_ns,
        )
        if len(event.audio) > APPEND_BYTES_MAX:
            message = f"{len(event.audio)} bytes of audio in one append; at most {APPEND_BYTES_MAX}"
            self._hearing.skip(index)
            return [self._fault(index, WireErrorCode.AUDIO_TOO_LARGE, message, "audio", event.event_id)]
        try:
            return self._hearing.append(index, event.audio, arrival)
        except PeerProtocolError as error:
            return [self._fault(index, WireErrorCode.INVALID_VALUE, error.what, error.param, event.event_id)]
        except LimitExceeded as error:
            return [self._fault(index, WireErrorCode.LIMIT_EXCEEDED, str(error), "audio", event.event_id)]

    def _control(self, arrived: Arrived, event: ClientEvent) -> Iterator[VoiceInput]:
        match event:
            case ClockPing(t0_ns=t0_ns):
                now = self._parts.clock.mono_ns()
                self._downlink.tell_now(ClockPong(t0_ns=t0_ns, t1_ns=arrived.in_ns, t2_ns=now))
                self._hearing.skip(arrived.frame.index)
                return
            case Playout(item_id=item_id, played_ms=played_ms):
                self._speaker.hear(ItemId(item_id), played_ms)
            case ClockSample(t0_ns=t0_ns, t3_ns=t3_ns) if t3_ns - t0_ns > EXCHANGE_NS_MAX:
                self._parts.metrics.late_samples.inc()
            case _:
                pass
        yield ClientSent(index=UplinkIndex(arrived.frame.index), event=event, audio_ms=self._hearing.audio_ms)

    def _fault(self, index: int, code: str, message: str, param: str | None, event_id: str | None) -> ClientFault:
        self._parts.metrics.faults.labels(code=code).inc()
        return ClientFault(index=UplinkIndex(index), code=code, message=message, param=param, event_id=event_id)


WINDOWS_PER_BREATH: Final = 16
"""Detector windows after which a long message lets other sessions have their turn: about 2 ms with Silero."""
