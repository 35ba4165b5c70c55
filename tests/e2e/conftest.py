"""One Segue with the local models for all tests that only talk to it; tests that kill or configure start their own."""

from collections.abc import Iterator

import pytest

from tests.support.processes import RunningSegue
from tests.support.speaking import Speaking
from tests.support.speech_fixtures import speaking  # noqa: F401 - a fixture


@pytest.fixture(scope="session")
def segue(speaking: Speaking, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSegue]:  # noqa: F811
    with RunningSegue(tmp_path_factory.mktemp("segue")) as running:
        yield running
