from pathlib import Path
from typing import Any

import numpy as np
import pytest

from segue.adapters.models.threads import ModelThreads
from segue.adapters.vad.silero import SileroVad, SileroVadFactory
from segue.model.errors import ProviderError


class Network:
    """Answers with how often its state went round."""

    def __init__(self) -> None:
        self.fed: list[dict[str, Any]] = []

    def run(self, _outputs: None, feed: dict[str, Any]) -> list[Any]:
        self.fed.append(feed)
        return [np.array([[feed["state"].max()]]), feed["state"] + 0.25]


def test_hands_on_state_and_the_last_64_samples() -> None:
    network = Network()
    vad = SileroVad(network)
    first = np.arange(512, dtype=np.float32)
    assert vad.probability(first) == 0.0
    assert vad.probability(first) == 0.25
    assert network.fed[0]["input"].shape == (1, 576)
    assert not network.fed[0]["input"][0, :64].any()
    assert (network.fed[1]["input"][0, :64] == first[-64:]).all()


def test_reset_forgets() -> None:
    vad = SileroVad(Network())
    vad.probability(np.ones(512, np.float32))
    vad.reset()
    assert vad.probability(np.ones(512, np.float32)) == 0.0


def test_a_window_of_another_length_is_refused() -> None:
    with pytest.raises(ProviderError, match="512 samples"):
        SileroVad(Network()).probability(np.zeros(320, np.float32))


async def test_a_missing_file_is_a_provider_error(tmp_path: Path) -> None:
    threads = ModelThreads()
    with pytest.raises(ProviderError, match="silero-vad"):
        await SileroVadFactory(tmp_path / "none.onnx", threads).warm()
    threads.close()
