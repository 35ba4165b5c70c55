import io
import wave

import numpy as np

from segue.adapters.openai_compat.transcription import wav_of


def test_wav_is_16k_mono_and_clipped() -> None:
    with wave.open(io.BytesIO(wav_of(np.array([0.0, 2.0, -2.0], np.float32)))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16_000, 1, 2)
        assert list(np.frombuffer(file.readframes(3), "<i2")) == [0, 32_767, -32_767]
