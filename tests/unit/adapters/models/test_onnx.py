from pathlib import Path

import pytest

from segue.adapters.models.onnx import Lazy, open_network
from segue.adapters.models.threads import guarded
from segue.model.errors import ProviderError


def test_loads_once() -> None:
    made: list[int] = []
    lazy = Lazy("m", lambda: made.append(1) or len(made))
    assert (lazy.get(), lazy.get(), made) == (1, 1, [1])


def test_a_failed_load_is_tried_again() -> None:
    answers = iter([OSError("gone"), "model"])

    def load() -> str:
        answer = next(answers)
        if isinstance(answer, OSError):
            raise answer
        return answer

    lazy = Lazy("m", load)
    with pytest.raises(ProviderError, match="m: OSError: gone"):
        lazy.get()
    assert lazy.get() == "model"


def test_a_file_that_is_no_network(tmp_path: Path) -> None:
    path = tmp_path / "garbage.onnx"
    path.write_bytes(b"garbage")
    with pytest.raises(ProviderError):
        guarded("m", lambda: open_network(path))
