from pathlib import Path

import numpy as np
import pytest

from segue.adapters.eot.smart_turn import SmartTurn
from segue.adapters.models.threads import ModelThreads
from segue.model.errors import ProviderError


async def test_a_missing_file_is_a_provider_error(tmp_path: Path) -> None:
    threads = ModelThreads()
    with pytest.raises(ProviderError, match="smart-turn"):
        await SmartTurn(tmp_path / "none.onnx", threads).probability(np.zeros(16_000, np.float32))
    threads.close()
