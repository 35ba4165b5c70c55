"""What an install reports while it runs; the command line draws bars from it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Step(StrEnum):
    """What is being done."""

    DOWNLOAD = "download"
    VERIFY = "verify"
    UNPACK = "unpack"
    DONE = "done"
    PRESENT = "present"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallProgress:
    """One report. `done_bytes` never falls within one step of one subject."""

    subject: str
    """The model, or the wheel that several models come from."""
    step: Step
    done_bytes: int
    total_bytes: int


ProgressCallback = Callable[[InstallProgress], None]


def ignore_progress(progress: InstallProgress) -> None:
    """For callers that show nothing."""
