from pathlib import Path

import pytest

from segue.adapters.models.local import open_local_speech
from segue.adapters.models.locate import ModelCache
from segue.adapters.models.threads import ModelThreads
from segue.model.errors import ConfigError


def test_without_models_it_says_what_to_run(tmp_path: Path) -> None:
    threads = ModelThreads()
    with pytest.raises(ConfigError, match="segue models install"):
        open_local_speech(ModelCache(tmp_path), threads)
    threads.close()
