import gc

from segue.cli.collector import THRESHOLDS, settle_collector


def test_what_is_loaded_is_left_alone_and_what_comes_is_collected() -> None:
    before = gc.get_threshold()
    try:
        settle_collector()
        assert gc.get_threshold() == THRESHOLDS
        assert gc.get_freeze_count() > 1_000
        cycle: list[object] = []
        cycle.append(cycle)
        del cycle
        assert gc.collect() >= 1
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
