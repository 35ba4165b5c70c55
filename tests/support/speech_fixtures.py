"""Fixtures of the tiers that run real processes; a conftest imports what it uses."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from segue.adapters.models.catalog import CATALOG
from segue.adapters.models.local import open_local_speech
from segue.adapters.models.locate import Installed, ModelCache, default_cache
from segue.adapters.models.threads import ModelThreads
from tests.support.speaking import Speaking


@pytest.fixture(scope="session")
def speaking() -> Iterator[Speaking]:
    """The local models in the test process; its tests wait for an install."""
    cache = ModelCache(default_cache(os.environ, Path.home()))
    absent = [spec.name for spec in CATALOG if not isinstance(cache.state(spec), Installed)]
    if absent:
        pytest.skip(f"waits for the models {', '.join(absent)}: run `segue models install`")
    threads = ModelThreads()
    yield Speaking(open_local_speech(cache, threads))
    threads.close()
