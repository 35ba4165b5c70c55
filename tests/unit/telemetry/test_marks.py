"""The names of the points of a turn."""

from segue.telemetry.marks import PATH, MarkName


def test_the_path_runs_from_microphone_to_ear() -> None:
    assert PATH[0] is MarkName.MIC
    assert PATH[-1] is MarkName.EAR
    assert PATH.index(MarkName.CORE_IN) < PATH.index(MarkName.ENDPOINT) < PATH.index(MarkName.CORE_OUT)
