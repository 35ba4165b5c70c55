"""Audio formats on the wire and inside.

Inside a core there are two: what the recognisers hear (mono float32, 16 kHz) and what is spoken (mono int16, 24 kHz).
"""

from dataclasses import dataclass
from enum import StrEnum

HEARD_RATE_HZ = 16_000
SPOKEN_RATE_HZ = 24_000


class Encoding(StrEnum):
    """Names of OpenAI Realtime (GA) `audio.*.format.type`."""

    PCM = "audio/pcm"
    PCMU = "audio/pcmu"
    PCMA = "audio/pcma"


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioFormat:
    """One mono stream's encoding. PCM is little-endian int16; G.711 is one byte a sample at 8 kHz."""

    encoding: Encoding
    rate_hz: int

    @property
    def bytes_per_sample(self) -> int:
        return 2 if self.encoding is Encoding.PCM else 1

    @property
    def bytes_per_ms(self) -> int:
        return self.rate_hz * self.bytes_per_sample // 1000


PCM_24K = AudioFormat(encoding=Encoding.PCM, rate_hz=24_000)
PCM_16K = AudioFormat(encoding=Encoding.PCM, rate_hz=16_000)
PCMU_8K = AudioFormat(encoding=Encoding.PCMU, rate_hz=8_000)
PCMA_8K = AudioFormat(encoding=Encoding.PCMA, rate_hz=8_000)
FORMATS = (PCM_24K, PCM_16K, PCMU_8K, PCMA_8K)
