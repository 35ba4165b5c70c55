from pathlib import Path

import numpy as np
import pytest

from segue.adapters.models.threads import ModelThreads
from segue.adapters.stt.moonshine import Moonshine, MoonshineFiles, quiet_pieces, read_tokens
from segue.model.errors import ProviderError
from segue.model.limits import STT_AUDIO_MS_MAX

LONGEST = STT_AUDIO_MS_MAX * 16


def test_short_audio_is_one_piece() -> None:
    audio = np.ones(LONGEST, np.float32)
    assert [len(piece) for piece in quiet_pieces(audio)] == [LONGEST]


def test_long_audio_is_cut_where_it_is_quiet() -> None:
    audio = np.ones(LONGEST + 32_000, np.float32)
    quiet_from = LONGEST - 30_000
    audio[quiet_from : quiet_from + 4_000] = 0.0
    pieces = quiet_pieces(audio)
    assert len(pieces) == 2
    assert quiet_from <= len(pieces[0]) <= quiet_from + 4_000
    assert (np.concatenate(pieces) == audio).all()


def test_every_piece_is_short_enough() -> None:
    audio = np.random.default_rng(1).normal(size=LONGEST * 4).astype(np.float32)
    pieces = quiet_pieces(audio)
    assert max(len(piece) for piece in pieces) <= LONGEST
    assert sum(len(piece) for piece in pieces) == len(audio)


def test_token_table_with_long_entries() -> None:
    long = b"x" * 300
    table = b"\x02ab" + b"\x00" + bytes([128 + 300 % 128, 300 // 128]) + long
    assert read_tokens(table) == [b"ab", b"", long]


@pytest.mark.parametrize("table", [b"\x05ab", b"\x80", b"\xff\x01a"])
def test_broken_token_table(table: bytes) -> None:
    with pytest.raises(ValueError, match="breaks off"):
        read_tokens(table)


@pytest.fixture
def absent(tmp_path: Path) -> MoonshineFiles:
    return MoonshineFiles(encoder=tmp_path / "e", decoder=tmp_path / "d", tokenizer=tmp_path / "t")


async def test_other_languages_are_refused(absent: MoonshineFiles) -> None:
    threads = ModelThreads()
    with pytest.raises(ProviderError, match="English only"):
        await Moonshine(absent, threads).transcribe(np.zeros(10, np.float32), language="de-AT")
    threads.close()


async def test_missing_files_are_a_provider_error(absent: MoonshineFiles) -> None:
    threads = ModelThreads()
    with pytest.raises(ProviderError, match="moonshine"):
        await Moonshine(absent, threads).warm()
    threads.close()
