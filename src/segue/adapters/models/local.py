"""The local models of one process, opened from the cache onto one pool of threads."""

from dataclasses import dataclass

from segue.adapters.eot.smart_turn import SmartTurn
from segue.adapters.models.catalog import HIBARI, MOONSHINE, SILERO, SMART_TURN
from segue.adapters.models.locate import ModelCache
from segue.adapters.models.threads import ModelThreads
from segue.adapters.stt.moonshine import Moonshine, MoonshineFiles
from segue.adapters.tts.hibari import HibariTts
from segue.adapters.vad.silero import SileroVadFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSpeech:
    """Everything between sound and words; nothing is loaded until it is used or warmed."""

    vad: SileroVadFactory
    eot: SmartTurn
    stt: Moonshine
    tts: HibariTts

    async def warm(self) -> None:
        """Load and run each model once, one after the other. Raises ProviderError when one cannot."""
        await self.vad.warm()
        await self.tts.warm()
        await self.stt.warm()
        await self.eot.warm()


def open_local_speech(cache: ModelCache, threads: ModelThreads) -> LocalSpeech:
    """Find the models' files; reads none of them yet.

    Raises:
        ConfigError: A model is missing or damaged; the hint says which to install.
    """
    files = MoonshineFiles(
        encoder=cache.file(MOONSHINE, "encoder"),
        decoder=cache.file(MOONSHINE, "decoder"),
        tokenizer=cache.file(MOONSHINE, "tokenizer"),
    )
    return LocalSpeech(
        vad=SileroVadFactory(cache.file(SILERO, "network"), threads),
        eot=SmartTurn(cache.file(SMART_TURN, "network"), threads),
        stt=Moonshine(files, threads),
        tts=HibariTts(cache.file(HIBARI, "package"), threads),
    )
