import numpy as np
import pytest

from segue.adapters.vad.fake import EnergyVadConfig, EnergyVadFactory


def tone(amplitude: float) -> np.ndarray:
    return (np.sin(np.arange(512) / 5) * amplitude).astype(np.float32)


@pytest.mark.parametrize(("amplitude", "speech"), [(0.0, False), (0.001, False), (0.3, True), (1.0, True)])
async def test_loud_is_speech(amplitude: float, speech: bool) -> None:
    factory = EnergyVadFactory()
    await factory.warm()
    vad = factory.create()
    assert vad.window_samples == 512
    assert (vad.probability(tone(amplitude)) > 0.5) is speech
    vad.reset()


def test_threshold_is_where_the_odds_are_even() -> None:
    window = np.full(512, 0.1, np.float32)
    vad = EnergyVadFactory(EnergyVadConfig(threshold_dbfs=-20.0)).create()
    assert vad.probability(window) == pytest.approx(0.5, abs=1e-3)
