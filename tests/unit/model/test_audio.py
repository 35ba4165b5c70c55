"""Audio formats: sizes of samples and milliseconds."""

import pytest

from segue.model.audio import FORMATS, PCM_16K, PCM_24K, PCMA_8K, PCMU_8K, AudioFormat, Encoding


@pytest.mark.parametrize(
    ("form", "per_sample", "per_ms"), [(PCM_24K, 2, 48), (PCM_16K, 2, 32), (PCMU_8K, 1, 8), (PCMA_8K, 1, 8)]
)
def test_sizes(form: AudioFormat, per_sample: int, per_ms: int) -> None:
    assert form.bytes_per_sample == per_sample
    assert form.bytes_per_ms == per_ms


def test_the_known_formats_are_told_apart() -> None:
    assert len(set(FORMATS)) == len(FORMATS) == 4
    assert {form.encoding for form in FORMATS} == set(Encoding)
