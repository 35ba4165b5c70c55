import numpy as np

from segue.adapters.eot.fake import FixedEndOfTurn


async def test_answers_in_turn_then_the_last_for_ever() -> None:
    eot = FixedEndOfTurn([0.2, 0.9])
    await eot.warm()
    audio = np.zeros(16, np.float32)
    assert [await eot.probability(audio) for _ in range(3)] == [0.2, 0.9, 0.9]
    assert eot.calls == 3
