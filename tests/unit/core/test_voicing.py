"""From 24 kHz to what a client asked for."""

import pytest

from segue._native import alaw_decode, ulaw_decode
from segue.core.voicing import Voicing, audio_format_of
from segue.model.audio import PCM_16K, PCM_24K, PCMA_8K, PCMU_8K
from segue.wire.realtime.session import PcmaFormat, PcmFormat, PcmuFormat


@pytest.mark.parametrize(
    ("wire", "audio_format"),
    [(PcmFormat(), PCM_24K), (PcmFormat(rate=16_000), PCM_16K), (PcmuFormat(), PCMU_8K), (PcmaFormat(), PCMA_8K)],
)
def test_formats_of_the_wire_are_ours(wire, audio_format):
    assert audio_format_of(wire) == audio_format


def test_the_same_rate_passes_untouched():
    assert Voicing(PCM_24K).encode(b"abcd") == b"abcd"


@pytest.mark.parametrize(("audio_format", "decode"), [(PCMU_8K, ulaw_decode), (PCMA_8K, alaw_decode)])
def test_g711_keeps_the_length_and_the_silence(audio_format, decode):
    voicing = Voicing(audio_format)
    out = b"".join(voicing.encode(bytes(48 * 20)) for _ in range(5))
    assert len(out) == 8 * 100
    decoded = decode(out)
    assert (
        max(abs(int.from_bytes(decoded[at : at + 2], "little", signed=True)) for at in range(0, len(decoded), 2)) < 16
    )
