"""A detector that goes by loudness alone: deterministic, no model; for tests and for benches of the plumbing."""

import math
from dataclasses import dataclass

import numpy as np

from segue.adapters.vad.port import VAD_WINDOW_SAMPLES, FloatArray16k


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyVadConfig:
    """Where loudness becomes speech."""

    threshold_dbfs: float = -40.0
    """RMS at which P(speech) is 0.5; -90..0. Test speech and tones lie above -30, test silence below -60."""
    slope_db: float = 3.0
    """Decibels that move the log-odds by one; > 0. Small: nearly a switch."""


class EnergyVad:
    """Stateless in truth, so equal windows have equal probabilities."""

    window_samples = VAD_WINDOW_SAMPLES

    def __init__(self, config: EnergyVadConfig | None = None) -> None:
        self._config = config or EnergyVadConfig()

    def probability(self, window: FloatArray16k) -> float:
        mean_square = float(np.dot(window, window)) / len(window)
        dbfs = 10.0 * math.log10(mean_square + _FLOOR)
        odds = (dbfs - self._config.threshold_dbfs) / self._config.slope_db
        return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, odds))))

    def reset(self) -> None:
        """Nothing to forget."""


class EnergyVadFactory:
    """Makes `EnergyVad`s."""

    name = "energy"

    def __init__(self, config: EnergyVadConfig | None = None) -> None:
        self._config = config or EnergyVadConfig()

    async def warm(self) -> None:
        """Nothing to load."""

    def create(self) -> EnergyVad:
        return EnergyVad(self._config)


_FLOOR = 1e-9
"""-90 dBFS: keeps digital silence finite."""
