"""From 24 kHz samples to the format a client asked for."""

from segue._native import Resampler, alaw_encode, ulaw_encode
from segue.model.audio import SPOKEN_RATE_HZ, AudioFormat, Encoding
from segue.wire.realtime.session import PcmaFormat, PcmFormat, PcmuFormat, WireFormat


class Voicing:
    """One item's stream into one format; made anew when sending starts somewhere else."""

    def __init__(self, audio_format: AudioFormat) -> None:
        self._encoding = audio_format.encoding
        same = audio_format.rate_hz == SPOKEN_RATE_HZ
        self._resampler = None if same else Resampler(SPOKEN_RATE_HZ, audio_format.rate_hz)

    def encode(self, pcm: bytes) -> bytes:
        """The next whole milliseconds of the stream."""
        if self._resampler is not None:
            pcm = self._resampler.process(pcm)
        match self._encoding:
            case Encoding.PCM:
                return pcm
            case Encoding.PCMU:
                return ulaw_encode(pcm)
            case Encoding.PCMA:
                return alaw_encode(pcm)


def audio_format_of(wire: WireFormat) -> AudioFormat:
    """The format of a session object, as values."""
    match wire:
        case PcmFormat(rate=rate):
            return AudioFormat(encoding=Encoding.PCM, rate_hz=rate)
        case PcmuFormat():
            return AudioFormat(encoding=Encoding.PCMU, rate_hz=8_000)
        case PcmaFormat():
            return AudioFormat(encoding=Encoding.PCMA, rate_hz=8_000)
