"""segue._native's G.711 against its Python twin, over all there is to code."""

import importlib
import sys
import warnings
from array import array

import pytest

from segue import _native
from tests.support import resampler as twin

CODES = bytes(range(256))
SAMPLES = list(range(-32_768, 32_768))
PCM = array("h", SAMPLES).tobytes()


def test_decodes_every_code_as_the_twin() -> None:
    assert list(array("h", _native.ulaw_decode(CODES))) == [twin.ulaw_decode_sample(code) for code in CODES]
    assert list(array("h", _native.alaw_decode(CODES))) == [twin.alaw_decode_sample(code) for code in CODES]


def test_encodes_every_sample_as_the_twin() -> None:
    assert list(_native.ulaw_encode(PCM)) == [twin.ulaw_encode_sample(sample) for sample in SAMPLES]
    assert list(_native.alaw_encode(PCM)) == [twin.alaw_encode_sample(sample) for sample in SAMPLES]


@pytest.mark.skipif(sys.version_info >= (3, 13), reason="audioop left the standard library in 3.13")
def test_agrees_with_the_reference_code_in_the_standard_library() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        audioop = importlib.import_module("audioop")
    assert _native.ulaw_encode(PCM) == audioop.lin2ulaw(PCM, 2)
    assert _native.alaw_encode(PCM) == audioop.lin2alaw(PCM, 2)
    assert _native.ulaw_decode(CODES) == audioop.ulaw2lin(CODES, 2)
    assert _native.alaw_decode(CODES) == audioop.alaw2lin(CODES, 2)


@pytest.mark.parametrize("encode", [_native.ulaw_encode, _native.alaw_encode])
def test_refuses_half_a_sample(encode: object) -> None:
    assert callable(encode)
    with pytest.raises(ValueError, match="5 bytes are not whole int16 samples"):
        encode(bytes(5))
