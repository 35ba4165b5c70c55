"""Moonshine tiny, English: an encoder and a greedy decoder, run on plain onnxruntime.

About 70 ms of one core for 3.5 s of speech. The cost grows faster than the length, so longer audio is cut where it is
quietest. It says "You" to silence: callers find speech first.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segue.adapters.models.onnx import Lazy, open_network
from segue.adapters.models.threads import Cancelled, JobCancelled, ModelThreads
from segue.adapters.stt.port import Transcript
from segue.adapters.vad.port import FloatArray16k
from segue.model.audio import HEARD_RATE_HZ
from segue.model.errors import ProviderError
from segue.model.limits import STT_AUDIO_MS_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class MoonshineFiles:
    """The three files of the model."""

    encoder: Path
    decoder: Path
    tokenizer: Path


class Moonshine:
    """The recogniser; one for all sessions."""

    def __init__(self, files: MoonshineFiles, threads: ModelThreads) -> None:
        self.name = NAME
        self._model = Lazy(NAME, lambda: _Model(files))
        self._threads = threads

    async def transcribe(
        self, audio: FloatArray16k, *, language: str | None = None, prompt: str | None = None
    ) -> Transcript:
        if language is not None and language.split("-")[0].lower() != "en":
            problem = f"knows English only, not {language!r}; configure a remote recogniser for other languages"
            raise ProviderError(NAME, problem, retryable=False)
        text = await self._threads.run(NAME, lambda cancelled: self._recognise(audio, cancelled))
        return Transcript(text=text, language="en", audio_ms=len(audio) * 1000 // HEARD_RATE_HZ)

    async def warm(self) -> None:
        await self.transcribe(np.zeros(HEARD_RATE_HZ, np.float32))

    def _recognise(self, audio: FloatArray16k, cancelled: Cancelled) -> str:
        model = self._model.get()
        pieces = [model.decode(piece, cancelled) for piece in quiet_pieces(audio) if len(piece)]
        return " ".join(piece for piece in pieces if piece)


class _Model:
    """Encoder, decoder with its key/value cache, and the token table."""

    def __init__(self, files: MoonshineFiles) -> None:
        self._encoder = open_network(files.encoder)
        self._decoder = open_network(files.decoder)
        inputs = self._decoder.get_inputs()
        self._empty = {
            node.name: np.zeros((0, node.shape[1], 1, node.shape[3]), np.float32)
            for node in inputs
            if node.name.startswith(_PAST)
        }
        self._presents = [node.name.replace("present", _PAST) for node in self._decoder.get_outputs()[1:]]
        self._tokens = read_tokens(files.tokenizer.read_bytes())

    def decode(self, audio: FloatArray16k, cancelled: Cancelled) -> str:
        """Return the words of one piece."""
        heard = np.zeros((1, max(len(audio), _PIECE_SAMPLES_MIN)), np.float32)
        heard[0, : len(audio)] = audio
        mask = np.ones(heard.shape, np.int64)
        hidden = self._encoder.run(None, {"input_values": heard, "attention_mask": mask})[0]
        feed: dict[str, Any] = {"encoder_hidden_states": hidden, "encoder_attention_mask": mask} | self._empty
        feed |= {"input_ids": np.array([[_START]], np.int64), "use_cache_branch": np.array([False])}
        said = bytearray()
        for _ in range(int(heard.shape[1] / HEARD_RATE_HZ * _TOKENS_PER_S_MAX) + _TOKENS_EXTRA):
            if cancelled():
                raise JobCancelled
            logits, *presents = self._decoder.run(None, feed)
            token = int(logits[0, -1].argmax())
            if token == _END:
                break
            said += self._tokens[token]
            self._advance(feed, token, presents)
        return said.decode("utf-8", "replace").replace("\u2581", " ").strip()

    def _advance(self, feed: dict[str, Any], token: int, presents: list[Any]) -> None:
        """Point `feed` at the next token. The encoder's keys are computed on the first step only and stay."""
        first = not bool(feed["use_cache_branch"][0])
        fresh = zip(self._presents, presents, strict=True)
        feed |= {name: value for name, value in fresh if first or ".decoder." in name}
        feed["input_ids"] = np.array([[token]], np.int64)
        feed["use_cache_branch"] = np.array([True])


def quiet_pieces(audio: FloatArray16k) -> list[FloatArray16k]:
    """Cut `audio` into pieces of at most `STT_AUDIO_MS_MAX`, each cut at the quietest 100 ms of its last third."""
    longest = STT_AUDIO_MS_MAX * HEARD_RATE_HZ // 1000
    pieces = []
    rest = audio
    while len(rest) > longest:
        searched = rest[longest * 2 // 3 : longest]
        blocks = searched[: len(searched) // _QUIET_SAMPLES * _QUIET_SAMPLES].reshape(-1, _QUIET_SAMPLES)
        quietest = int(np.square(blocks).sum(axis=1).argmin())
        cut = longest * 2 // 3 + quietest * _QUIET_SAMPLES + _QUIET_SAMPLES // 2
        pieces.append(rest[:cut])
        rest = rest[cut:]
    return [*pieces, rest]


def read_tokens(table: bytes) -> list[bytes]:
    """Read the token table: each entry is its length (one byte, or two from 128 on, low part first) and its bytes.

    Raises:
        ValueError: The table breaks off inside an entry.
    """
    tokens = []
    at = 0
    while at < len(table):
        size = table[at]
        at += 1
        if size >= _LONG_ENTRY:
            size += table[at : at + 1][0] * _LONG_ENTRY - _LONG_ENTRY if at < len(table) else len(table)
            at += 1
        if at + size > len(table):
            raise ValueError("the token table breaks off")
        tokens.append(table[at : at + size])
        at += size
    return tokens


NAME = "moonshine-tiny-en"
_PAST = "past_key_values"
_START = 1
_END = 2
_LONG_ENTRY = 128
_TOKENS_PER_S_MAX = 6.5
"""Nobody speaks faster; a decoder that goes on is repeating itself. The model's authors use the same bound."""
_TOKENS_EXTRA = 4
_PIECE_SAMPLES_MIN = HEARD_RATE_HZ // 4
"""Shorter pieces are followed by silence: the encoder's filters need this much."""
_QUIET_SAMPLES = HEARD_RATE_HZ // 10
