"""Oracles and fakes the tests share; nothing here ships."""
