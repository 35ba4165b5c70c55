from segue.model.ids import SessionId
from segue.session.kind import Effect, Gate
from segue.voice.effects import ForgetAudio, ReleaseUplink
from segue.voice.releasing import RELEASE_STEP_MS, Releasing
from segue.voice.scribe import Scribe


def drained(scribe: Scribe) -> list[object]:
    outputs = []
    while (output := scribe.poll()) is not None:
        assert isinstance(output, Effect)
        assert output.gate is Gate.DURABLE
        outputs.append(output.payload)
    return outputs


def test_audio_is_released_in_steps_and_never_taken_back() -> None:
    scribe = Scribe(SessionId("sess_x"))
    releasing = Releasing(scribe)
    releasing.release(RELEASE_STEP_MS - 1, None)
    assert drained(scribe) == []
    releasing.release(RELEASE_STEP_MS, None)
    assert drained(scribe) == [
        ReleaseUplink(audio_ms=RELEASE_STEP_MS, control_through=0),
        ForgetAudio(audio_ms=RELEASE_STEP_MS),
    ]
    releasing.release(10, 4)
    assert drained(scribe) == [ReleaseUplink(audio_ms=RELEASE_STEP_MS, control_through=4)]


def test_a_control_event_is_released_at_once() -> None:
    scribe = Scribe(SessionId("sess_x"))
    Releasing(scribe).release(0, 1)
    assert drained(scribe) == [ReleaseUplink(audio_ms=0, control_through=1)]
