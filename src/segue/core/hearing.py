"""The ear of one session: client audio in, detector windows out, and the map between messages and audio.

Audio is decoded to 16 kHz and kept until it is forgotten. Positions count from the session's beginning in units of
1/48000 s, exact for every format (24 kHz: 2 a sample, 16 kHz: 3, 8 kHz: 6); a position as text names the place from
which a replay goes on. It knows messages by their index only and decides nothing about turns.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
import numpy as np

from segue._native import Resampler, alaw_decode, ulaw_decode
from segue.adapters.vad.port import FloatArray16k, Vad, VadFactory
from segue.model.audio import FORMATS, HEARD_RATE_HZ, PCM_24K, AudioFormat, Encoding
from segue.model.errors import LimitExceeded, PeerProtocolError
from segue.model.ids import ItemId, Seq
from segue.model.time import NS_PER_MS, ClockDomain
from segue.telemetry.marks import Mark, MarkName
from segue.voice.inputs import AudioHeard, Marked

UNITS_PER_S: Final = 48_000
UNITS_PER_MS: Final = UNITS_PER_S // 1000
HELD_AUDIO_MS_MAX: Final = 120_000
"""User audio kept for the recogniser: six times what may stay undecided. Full: the append is refused with an error."""

STAMPS_MAX: Final = 4_096
"""Messages whose stamps are kept for hop records, oldest dropped: over a minute of 20 ms messages."""


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """When one audio message was where: at the client (if it says so), the edge, and here."""

    captured_at_ns: int | None
    sent_at_ns: int | None
    edge_in_ns: int
    core_in_ns: int


class _Message(msgspec.Struct, frozen=True):
    index: int
    end_units: int
    row: Seq
    """The last row it caused: until that is durable the message is not decided."""


class _Stamped(msgspec.Struct, frozen=True):
    end_units: int
    arrival: Arrival


class Hearing:
    """One session's ear.

    Args:
        vad: Makes the detector.
        received: Index of the last message that is decided and durable already; the next one expected follows it.
        units: Where the audio goes on.
    """

    def __init__(self, vad: VadFactory, *, received: int = 0, units: int = 0) -> None:
        self._vad: Vad = vad.create()
        self._window_samples = self._vad.window_samples
        self._is_detecting = True
        self._decode_as(PCM_24K)
        self._units = units
        self._ring = bytearray()
        self._ring_at = units // _UNITS_PER_HEARD
        self._window_at = self._ring_at
        self._messages: deque[_Message] = deque()
        self._stamps: deque[_Stamped] = deque(maxlen=STAMPS_MAX)
        self.received = received
        self.released = received
        self._released_units = units

    @property
    def audio_ms(self) -> int:
        """User audio received since the session began."""
        return self._units // UNITS_PER_MS

    @property
    def audio_from_ms(self) -> int:
        """The first audio that is still here."""
        return -(-self._ring_at // _HEARD_PER_MS)

    @property
    def position(self) -> str:
        """Where audio goes on after the last released message."""
        return encode_position(self.released, self._released_units)

    def configure(self, format_type: str, rate_hz: int, *, is_detecting: bool) -> None:
        """Decode what comes from now on like this; run the detector on it, or only count windows."""
        wanted = AudioFormat(encoding=Encoding(format_type), rate_hz=rate_hz)
        assert wanted in FORMATS, "the session's formats are checked where they are configured"
        if wanted != self._format:
            self._decode_as(wanted)
        if is_detecting and not self._is_detecting:
            self._vad.reset()
        self._is_detecting = is_detecting

    def take(self, index: int) -> bool:
        """Whether the message `index` is new; a repeated one is not.

        Raises:
            PeerProtocolError: Messages before it are missing.
        """
        if index <= self.received:
            return False
        if index != self.received + 1:
            raise PeerProtocolError(f"uplink message {index} came after {self.received}: some are missing")
        self.received = index
        return True

    def note_control(self, index: int, row: Seq) -> None:
        """Message `index` is no audio; it is decided once the journal is durable through `row`."""
        self._messages.append(_Message(index, self._units, row))

    def skip(self, index: int) -> None:
        """Message `index` says nothing that could be decided on."""
        self._messages.append(_Message(index, self._units, Seq(0)))

    def append(self, index: int, audio: bytes, arrival: Arrival) -> Iterable[AudioHeard]:
        """Take the audio of message `index`; gives the detector windows it completes.

        A message longer than a slice is heard only as far as it is iterated, so that it does not hold up the process.

        Raises:
            PeerProtocolError: Nothing in it, or half a sample: nothing of it was taken.
            LimitExceeded: Too much audio is waiting to be decided on.
        Cost: about 10 us per 20 ms of 24 kHz PCM, without the detector.
        """
        try:
            self._check(audio)
        except (PeerProtocolError, LimitExceeded):
            self._messages.append(_Message(index, self._units, Seq(0)))
            raise
        end_units = self._units + len(audio) // self._sample_bytes * self._sample_units
        self._messages.append(_Message(index, end_units, Seq(0)))
        self._stamps.append(_Stamped(end_units, arrival))
        return self._hear(audio) if len(audio) <= self._ms_bytes * _SLICE_MS else self._hear_long(audio)

    def audio(self, from_ms: int, to_ms: int) -> FloatArray16k:
        """What was heard between two positions, as far as it is still here."""
        low = max(0, from_ms * _HEARD_PER_MS - self._ring_at)
        high = min(to_ms * _HEARD_PER_MS - self._ring_at, len(self._ring) // 2)
        return _as_floats(self._ring, low * 2, high - low) if low < high else _NOTHING

    def forget(self, audio_ms: int) -> None:
        """Audio before this position is not needed again."""
        until = min(audio_ms * _HEARD_PER_MS, self._window_at)
        count = until - self._ring_at
        if count > 0:
            del self._ring[: count * 2]
            self._ring_at = until

    def release(self, audio_ms: int, durable: Seq) -> tuple[int, str] | None:
        """Audio before `audio_ms` is decided, and the journal is durable through `durable`.

        Returns the last message before which nothing is undecided, and the position behind it; None if that is no news.
        """
        limit = audio_ms * UNITS_PER_MS
        before = self.released
        while self._messages and self._messages[0].end_units <= limit and self._messages[0].row <= durable:
            message = self._messages.popleft()
            self.released, self._released_units = message.index, message.end_units
        return (self.released, self.position) if self.released > before else None

    def marks(
        self, item: ItemId, audio_end_ms: int, client: ClockDomain, edge: ClockDomain, core: ClockDomain
    ) -> list[Marked]:
        """Stamps of the message that holds the sample at `audio_end_ms`, the end of the user's speech."""
        end_units = audio_end_ms * UNITS_PER_MS
        found = next((stamped for stamped in self._stamps if stamped.end_units >= end_units), None)
        if found is None:
            return []
        arrival = found.arrival
        marks = [
            Mark(name=MarkName.EDGE_IN, domain=edge, at_ns=arrival.edge_in_ns),
            Mark(name=MarkName.CORE_IN, domain=core, at_ns=arrival.core_in_ns),
        ]
        if arrival.captured_at_ns is not None and arrival.sent_at_ns is not None:
            early_ns = (found.end_units - end_units) * NS_PER_MS // UNITS_PER_MS
            marks.append(Mark(name=MarkName.MIC, domain=client, at_ns=arrival.captured_at_ns - early_ns))
            marks.append(Mark(name=MarkName.CLIENT_SENT, domain=client, at_ns=arrival.sent_at_ns))
        return [Marked(item_id=item, mark=mark) for mark in marks]

    def _decode_as(self, wanted: AudioFormat) -> None:
        """What each message needs to know of the format, worked out once."""
        self._format = wanted
        self._resampler = Resampler(wanted.rate_hz, HEARD_RATE_HZ)
        self._sample_bytes = wanted.bytes_per_sample
        self._sample_units = UNITS_PER_S // wanted.rate_hz
        self._ms_bytes = wanted.bytes_per_ms

    def _check(self, audio: bytes) -> None:
        if not audio:
            raise PeerProtocolError("the append holds no audio", param="audio")
        if len(audio) % self._sample_bytes:
            raise PeerProtocolError(
                f"{len(audio)} bytes are not whole samples; {self._format.encoding} at {self._format.rate_hz} Hz is "
                f"configured, {self._sample_bytes} bytes a sample",
                param="audio",
            )
        held = len(self._ring) // 2
        if held > HEARD_RATE_HZ:
            held_ms = held // _HEARD_PER_MS + len(audio) // self._ms_bytes
            if held_ms > HELD_AUDIO_MS_MAX:
                raise LimitExceeded("HELD_AUDIO_MS_MAX", held_ms, HELD_AUDIO_MS_MAX)

    def _hear_long(self, audio: bytes) -> Iterator[AudioHeard]:
        step = self._ms_bytes * _SLICE_MS
        for at in range(0, len(audio), step):
            yield from self._hear(audio[at : at + step])

    def _hear(self, piece: bytes) -> list[AudioHeard]:
        """Decode at most a slice, and run the detector on each window that is whole now."""
        self._ring += self._resampler.process(self._as_pcm(piece))
        self._units += len(piece) // self._sample_bytes * self._sample_units
        heard: list[AudioHeard] = []
        size, end_at = self._window_samples, self._ring_at + len(self._ring) // 2
        while end_at - self._window_at >= size:
            at = (self._window_at - self._ring_at) * 2
            self._window_at += size
            probability = 0.0
            if self._is_detecting:
                probability = self._vad.probability(_as_floats(self._ring, at, size))
            heard.append(AudioHeard(audio_ms=self._window_at // _HEARD_PER_MS, probability=probability))
        return heard

    def _as_pcm(self, piece: bytes) -> bytes:
        match self._format.encoding:
            case Encoding.PCM:
                return piece
            case Encoding.PCMU:
                return ulaw_decode(piece)
            case Encoding.PCMA:
                return alaw_decode(piece)


def encode_position(through: int, units: int) -> str:
    """`<message>.<units>`: opaque to everybody else."""
    return f"{through}.{units}"


def decode_position(text: str) -> tuple[int, int]:
    """The message that was released last and the audio units behind it.

    Raises:
        PeerProtocolError: It is none of ours.
    """
    through, found, units = text.partition(".")
    if not found or not all(part.isascii() and part.isdigit() and len(part) <= 18 for part in (through, units)):
        raise PeerProtocolError(f"not an uplink position of this server: {text[:40]!r}", param="position")
    return int(through), int(units)


def _as_floats(ring: bytearray, at: int, samples: int) -> FloatArray16k:
    """A copy: the ring may move as soon as this returns."""
    floats = np.frombuffer(ring, _INT16, samples, at).astype(np.float32)
    floats *= _SCALE
    return floats


_INT16 = np.dtype("<i2")
_SCALE = np.float32(1 / 32768)
_NOTHING: FloatArray16k = np.zeros(0, np.float32)


_UNITS_PER_HEARD = UNITS_PER_S // HEARD_RATE_HZ
_HEARD_PER_MS = HEARD_RATE_HZ // 1000
_SLICE_MS = 200
