"""What this installation made up for itself at its first start: the keys of a fleet of one machine.

They lie in the state folder, readable by its owner only, and are the same for every role started there. Whoever runs
roles on several machines configures the keys instead (`[edge] fleet_key`, `[core] fleet_key`).
"""

import contextlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from segue.model.errors import ConfigError

FLEET_KEY_FILE = "fleet.key"
API_KEY_FILE = "api.key"
JOURNAL_FILE = "journal.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """One state folder. The keys do not print."""

    folder: Path
    fleet_key: str = field(repr=False)
    api_key: str = field(repr=False)

    @property
    def journal(self) -> Path:
        """Where the journal lies unless `[journal] path` says otherwise."""
        return self.folder / JOURNAL_FILE


def open_installation(folder: Path) -> Installation:
    """Read the keys in `folder`, making folder and keys at the first start.

    Raises:
        ConfigError: The folder cannot be made, read or written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n")
        return Installation(
            folder=folder,
            fleet_key=_read_or_make(folder / FLEET_KEY_FILE, ""),
            api_key=_read_or_make(folder / API_KEY_FILE, "sk-segue-"),
        )
    except OSError as error:
        problem = f"cannot be used as state folder: {error.strerror or error}"
        raise ConfigError(str(folder), problem, hint="name another with --state") from error


def find_api_key(folder: Path) -> str | None:
    """The API key of the installation in `folder`, None if there is none."""
    try:
        return (folder / API_KEY_FILE).read_text().strip() or None
    except OSError:
        return None


def _read_or_make(path: Path, prefix: str) -> str:
    """Of two processes that start at once one makes the key, whole before it has its name, and both read it."""
    if not path.exists():
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        draft.touch(mode=0o600, exist_ok=False)
        draft.write_text(prefix + secrets.token_urlsafe(24) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    key = path.read_text().strip()
    if not key:
        raise ConfigError(str(path), "is empty", hint="delete it, and a new key is made")
    return key
