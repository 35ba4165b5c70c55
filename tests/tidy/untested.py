"""Modules without a test file of their own, each with the reason. A stale line fails `test_layout.py`."""

UNTESTED: dict[str, str] = {}
