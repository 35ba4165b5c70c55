"""Tiny wheels and their pins, for the tests of this folder."""

import hashlib
import zipfile
from pathlib import Path

from segue.adapters.models.catalog import ModelSpec, Role, WheelPin


def make_wheel(folder: Path, files: dict[str, bytes], *, name: str = "tiny") -> WheelPin:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inner, body in files.items():
            archive.writestr(inner, body)
    body = path.read_bytes()
    return WheelPin(
        distribution=name,
        version="1.0",
        filename=path.name,
        sha256=hashlib.sha256(body).hexdigest(),
        size_bytes=len(body),
        platform=None,
    )


def make_spec(pin: WheelPin, *, name: str = "model", files: dict[str, str], also: tuple[str, ...] = ()) -> ModelSpec:
    return ModelSpec(
        name=name,
        version="1.0",
        role=Role.VAD,
        title=name,
        wheel=pin,
        files=files,
        also=also,
        unpacked_bytes=1_000,
        licence="MIT",
        homepage="https://example.com",
    )
