"""How much of the uplink is decided: told to the edge, which holds the rest for the next owner.

Rules: audio is released once what was decided about it is durable, in steps, and never taken back; what is still with
the recogniser, in an open turn, or could be the beginning of one is kept.
"""

from typing import Final

from segue.session.kind import Gate
from segue.voice.effects import ForgetAudio, ReleaseUplink
from segue.voice.scribe import Scribe


class Releasing:
    """The release mark of one session, as this owner told it."""

    def __init__(self, scribe: Scribe) -> None:
        self._scribe = scribe
        self._audio_ms = 0
        self._control = 0

    def release(self, kept_from_ms: int, control_through: int | None) -> None:
        """User audio before one position and control events up to another are decided: tell, if it is news."""
        control = self._control if control_through is None else max(control_through, self._control)
        is_step = kept_from_ms - self._audio_ms >= RELEASE_STEP_MS
        if control == self._control and not is_step:
            return
        audio_ms = max(kept_from_ms, self._audio_ms)
        self._scribe.perform(ReleaseUplink(audio_ms=audio_ms, control_through=control), Gate.DURABLE)
        if audio_ms > self._audio_ms:
            self._scribe.perform(ForgetAudio(audio_ms=audio_ms), Gate.DURABLE)
        self._audio_ms, self._control = audio_ms, control


RELEASE_STEP_MS: Final = 500
"""Audio is released in steps of this."""
