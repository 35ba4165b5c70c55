"""The local models, opened once; their tests wait for an install."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.adapters.models.catalog import CATALOG
from segue.adapters.models.local import LocalSpeech, open_local_speech
from segue.adapters.models.locate import Installed, ModelCache, default_cache
from segue.adapters.models.threads import ModelThreads


@pytest.fixture(scope="session")
def model_cache() -> ModelCache:
    cache = ModelCache(default_cache(os.environ, Path.home()))
    absent = [spec.name for spec in CATALOG if not isinstance(cache.state(spec), Installed)]
    if absent:
        pytest.skip(f"waits for the models {', '.join(absent)}: run `segue models install`")
    return cache


@pytest.fixture(scope="session")
def model_threads() -> Iterator[ModelThreads]:
    threads = ModelThreads()
    yield threads
    threads.close()


@pytest.fixture(scope="session")
def speech(model_cache: ModelCache, model_threads: ModelThreads) -> LocalSpeech:
    return open_local_speech(model_cache, model_threads)
