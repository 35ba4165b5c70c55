"""What must not be committed: paths of one machine, lock files and hosts of downloads, weights, unfinished work."""

import re
from pathlib import Path

from tests.tidy.tree import ROOT, files, none_of

# Written apart, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile(
    "|".join(
        [
            r"(?<![\w.$}~)-])/" + name
            for name in (
                r"root/\w",
                r"work/\w",
                r"home/(?!(?:user|you|me|ada|alice|bob)\b)\w",
                r"Users/\w",
                r"tmp/\w+/\w+\.md",
            )
        ]
    )
)
DOWNLOAD_HOSTS = re.compile(
    "|".join(("files.python" + "hosted", "registry.npm" + "js", "index.crates" + r"\.io", "arti" + "factory"))
)
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X")) + r")\b(?! needs fixing)")
LOCK_FILES = {"Cargo.lock", "package-lock.json", "yarn.lock", "pnpm-lock.yaml", "uv.lock", "poetry.lock"}
WEIGHTS = {".onnx", ".bin", ".pt", ".safetensors", ".gguf", ".npz", ".ort", ".whl"}
FILE_BYTES_MAX = 2 * 1024 * 1024


def texts() -> list[tuple[str, str]]:
    found = []
    for path in files():
        data = path.read_bytes()
        if b"\0" not in data:
            found.append((path.relative_to(ROOT).as_posix(), data.decode(errors="replace")))
    return found


def hits(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}"
        for name, text in texts()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def named(wrong: object) -> list[str]:
    assert callable(wrong)
    return [path.relative_to(ROOT).as_posix() for path in files() if wrong(path)]


def test_no_path_of_one_machine() -> None:
    none_of(hits(MACHINE_PATHS))
    none_of(hits(re.compile(re.escape(str(ROOT)) + r"\b")))


def test_no_address_of_downloads() -> None:
    none_of(hits(DOWNLOAD_HOSTS))


def test_nothing_is_left_for_later() -> None:
    none_of(hits(UNFINISHED))


def test_no_lock_file_no_weights_nothing_huge() -> None:
    def wrong(path: Path) -> bool:
        return path.name in LOCK_FILES or path.suffix in WEIGHTS or path.stat().st_size > FILE_BYTES_MAX

    none_of(named(wrong))
