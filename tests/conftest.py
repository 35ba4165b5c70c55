"""What every tier shares: Hypothesis profiles, and the skipping of tests whose system package is absent."""

import shutil

import pytest
from hypothesis import HealthCheck, settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# No deadline: the machine is shared, and how long a case takes says nothing about the code.
settings.register_profile("default", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("fuzz", deadline=None, max_examples=10_000, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if any(shutil.which(name) for name in BROWSERS):
        return
    waits = pytest.mark.skip(reason="no Chromium: run `make browser`, which installs it or says how")
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(waits)
