"""Builds the speech and language providers that the configuration names, and nothing it does not."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from segue.adapters.eot.port import EndOfTurn
from segue.adapters.llm.local.responder import LocalResponder
from segue.adapters.llm.port import Llm
from segue.adapters.models.local import LocalSpeech, open_local_speech
from segue.adapters.models.locate import ModelCache, default_cache
from segue.adapters.models.threads import ModelThreads
from segue.adapters.openai_compat.chat import ChatLlm
from segue.adapters.openai_compat.http import EndpointClient
from segue.adapters.openai_compat.speech import SpeechTts
from segue.adapters.openai_compat.transcription import TranscriptionStt
from segue.adapters.stt.port import Stt
from segue.adapters.tts.port import Tts
from segue.adapters.vad.fake import EnergyVadFactory
from segue.adapters.vad.port import VadFactory
from segue.cli.config import Settings
from segue.cli.sections import LOCAL
from segue.model.errors import ConfigError
from segue.worker.providers import Providers, Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The providers of one core, and the detector of its sessions."""

    providers: Providers
    vad: VadFactory

    async def warm(self) -> None:
        """Make every first call as fast as the second. Raises ProviderError when a model cannot be loaded."""
        await self.vad.warm()
        await self.providers.warm()


@asynccontextmanager
async def build_providers(settings: Settings, tools: Tools) -> AsyncIterator[Built]:
    """Open what the configuration names; closes it on leaving.

    Raises:
        ConfigError: A name nobody configured, a provider that lacks the kind of work asked of it, a missing model.
    """
    async with AsyncExitStack() as stack:
        use = settings.use
        stt: dict[str, Stt] = {}
        eot: dict[str, EndOfTurn] = {}
        llm: dict[str, Llm] = {LOCAL: LocalResponder()}
        tts: dict[str, Tts] = {}
        local = _local_speech(stack) if use.wants_local_speech else None
        if local is not None:
            stt[LOCAL], eot[LOCAL], tts[LOCAL] = local.stt, local.eot, local.tts
        for name, section in settings.providers.items():
            endpoint = section.endpoint(name, os.environ)
            client = EndpointClient(endpoint)
            stack.push_async_callback(client.close)
            if (chat := section.chat(endpoint)) is not None:
                llm[name] = ChatLlm(chat, client)
            if (transcription := section.transcription(endpoint)) is not None:
                stt[name] = TranscriptionStt(transcription, client)
            if (speech := section.speech(endpoint)) is not None:
                tts[name] = SpeechTts(speech, client)
        for kind, wanted, known in (
            ("stt", use.stt, stt),
            ("eot", use.eot, eot),
            ("llm", use.llm, llm),
            ("tts", use.tts, tts),
        ):
            _check_known(kind, wanted, tuple(known))
        yield Built(
            providers=Providers(stt=stt, eot=eot, llm=llm, tts=tts, tools=tools),
            vad=_vad(use.vad, local),
        )


def _local_speech(stack: AsyncExitStack) -> LocalSpeech:
    threads = ModelThreads()
    stack.callback(threads.close)
    return open_local_speech(ModelCache(default_cache(os.environ, Path.home())), threads)


def _vad(name: str, local: LocalSpeech | None) -> VadFactory:
    if name == LOCAL and local is not None:
        return local.vad
    if name == "energy":
        return EnergyVadFactory()
    raise ConfigError("use.vad", f"{name!r} is no detector", hint="local or energy")


def _check_known(kind: str, wanted: tuple[str, ...], known: tuple[str, ...]) -> None:
    if not wanted:
        raise ConfigError(f"use.{kind}", "is empty", hint=f"name at least one of {', '.join(known)}")
    for name in wanted:
        if name not in known:
            problem = f"{name!r} offers no {kind}"
            raise ConfigError(
                f"use.{kind}", problem, hint=f"these do: {', '.join(known) or 'none'}; see [providers.{name}]"
            )
