"""Python's cyclic collector, kept from standing in the way of a conversation."""

import gc

THRESHOLDS = (10_000, 20, 10)
"""Objects of the youngest generation, and collections of the younger one, that start a collection. The defaults start
one over everything that lives every few seconds of a hundred conversations, which then all wait for 90 to 150 ms
(`bench/plumbing.py`); with these it is about one a minute, of what the conversations themselves made: 25 ms."""


def settle_collector() -> None:
    """Take what is loaded by now out of every later collection: it stays as long as the process. Call once."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
