"""Model files from a hub that speaks Hugging Face's HTTP, named `hf:org/name/path[@revision][#sha256=…]`.

For people with a hub; the defaults need none. Rules: a file is put in place by one rename, after its size and hash were
found to be what the hub (or the name) says; a file that is there is not fetched again.
"""

import errno
import hashlib
import http.client
import os
import re
import tempfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from segue.adapters.models.locate import ModelCache
from segue.adapters.models.progress import InstallProgress, ProgressCallback, Step, ignore_progress
from segue.model.errors import ConfigError, ProviderError

HUB_ENDPOINT = "https://huggingface.co"
HUB_FILE_BYTES_MAX = 4 * 1024**3
"""One file. A hub that announces or sends more is not serving a speech model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRef:
    """One file of a hub repository."""

    repository: str
    """`org/name`."""
    path: str
    revision: str
    sha256: str | None
    """The hash demanded by whoever wrote the name; None takes the hub's word."""

    @property
    def text(self) -> str:
        return f"hf:{self.repository}/{self.path}@{self.revision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Announced:
    """What the hub says of a file before it is fetched."""

    size_bytes: int | None
    sha256: str | None


def parse_hub_ref(text: str) -> HubRef:
    """Read a hub name.

    Raises:
        ConfigError: It is not one.
    """
    match = _REF.fullmatch(text)
    if match is None or ".." in match["path"].split("/"):
        hint = "write hf:org/name/path/to/file, then @revision and #sha256=<64 hex digits> if you like"
        raise ConfigError("model", f"{text!r} is not the name of a hub file", hint=hint)
    return HubRef(
        repository=match["repository"],
        path=match["path"],
        revision=match["revision"] or "main",
        sha256=match["sha256"].lower() if match["sha256"] else None,
    )


def hub_path(ref: HubRef, cache: ModelCache) -> Path:
    """Where the file lies once it is fetched."""
    return cache.root / "hub" / ref.repository / ref.revision / ref.path


def install_hub_file(
    ref: HubRef, cache: ModelCache, *, endpoint: str = HUB_ENDPOINT, progress: ProgressCallback = ignore_progress
) -> Path:
    """Make the file present and return its path. Blocks; idempotent.

    Args:
        ref: The file.
        cache: Where to.
        endpoint: The hub's address, http(s).
        progress: Told of every piece.
    Raises:
        ProviderError: The hub is out of reach (retryable) or refuses.
        ConfigError: The hash is wrong, the cache cannot be written or the disk is full.
    """
    if not endpoint.startswith(("http://", "https://")):
        raise ConfigError("hub", f"{endpoint!r} is not an http(s) address", hint="e.g. https://huggingface.co")
    target = hub_path(ref, cache)
    if target.is_file() and (ref.sha256 is None or _sha256(target) == ref.sha256):
        size_bytes = target.stat().st_size
        progress(_report(ref, Step.PRESENT, size_bytes, size_bytes))
        return target
    url = f"{endpoint.rstrip('/')}/{ref.repository}/resolve/{ref.revision}/{ref.path}"
    try:
        _fetch(url, ref, target, progress)
    except urllib.error.HTTPError as error:
        error.close()
        retryable = error.code >= _SERVER_TROUBLE or error.code in _TRY_LATER
        reason = _REFUSALS.get(error.code, error.reason)
        raise ProviderError("hub", f"{ref.text}: status {error.code}, {reason}", retryable=retryable) from error
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise ProviderError(
            "hub", f"cannot be reached at {endpoint} for {ref.text}: {error}", retryable=True
        ) from error
    except OSError as error:
        full = error.errno == errno.ENOSPC
        problem = "is full" if full else f"cannot be written: {error.strerror or error}"
        raise ConfigError(str(cache.root), problem, hint="free some space, or set SEGUE_CACHE") from error
    size_bytes = target.stat().st_size
    progress(_report(ref, Step.DONE, size_bytes, size_bytes))
    return target


def _fetch(url: str, ref: HubRef, target: Path, progress: ProgressCallback) -> None:
    announced = _announced(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".partial-")
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as into:
            found = _download(url, ref, announced, into, progress)
        _check(ref, announced, found)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Stops at the hub's own answer, which carries size and hash, instead of following to the file store."""

    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None


def _announced(url: str) -> _Announced:
    opener = urllib.request.build_opener(_NoRedirect)
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - the caller vouches for http(s)
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            headers = answer.headers
    except urllib.error.HTTPError as error:
        if error.code not in _REDIRECTS:
            raise
        headers = error.headers
        error.close()
    size = headers.get("X-Linked-Size") or headers.get("Content-Length") or ""
    etag = (headers.get("X-Linked-Etag") or headers.get("ETag") or "").strip('W/"')
    return _Announced(
        size_bytes=int(size) if size.isdigit() else None,
        sha256=etag.lower() if re.fullmatch(r"[0-9a-fA-F]{64}", etag) else None,
    )


def _download(url: str, ref: HubRef, announced: _Announced, into: IO[bytes], progress: ProgressCallback) -> _Announced:
    """Write the file and return its true size and hash."""
    total = announced.size_bytes or 0
    digest = hashlib.sha256()
    done = 0
    with urllib.request.urlopen(url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - as above
        while piece := answer.read(_PIECE_BYTES):
            done += len(piece)
            if done > HUB_FILE_BYTES_MAX:
                raise ProviderError("hub", f"{ref.text} is larger than {HUB_FILE_BYTES_MAX} bytes", retryable=False)
            digest.update(piece)
            into.write(piece)
            progress(_report(ref, Step.DOWNLOAD, done, max(total, done)))
    return _Announced(size_bytes=done, sha256=digest.hexdigest())


def _check(ref: HubRef, announced: _Announced, found: _Announced) -> None:
    if announced.size_bytes is not None and found.size_bytes != announced.size_bytes:
        problem = f"{ref.text} broke off: {found.size_bytes} of {announced.size_bytes} bytes arrived"
        raise ProviderError("hub", problem, retryable=True)
    wanted = ref.sha256 or announced.sha256
    if wanted is not None and found.sha256 != wanted:
        problem = f"has sha256 {found.sha256}, expected {wanted}; it was thrown away"
        raise ConfigError(ref.text, problem, hint="check the name and its hash, or the hub's address")


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _report(ref: HubRef, step: Step, done: int, total: int) -> InstallProgress:
    return InstallProgress(subject=ref.text, step=step, done_bytes=done, total_bytes=total)


_REF = re.compile(
    r"hf:(?P<repository>[\w.-]+/[\w.-]+)/(?P<path>[\w.-]+(?:/[\w.-]+)*)"
    r"(?:@(?P<revision>[\w.-]+))?(?:#sha256=(?P<sha256>[0-9a-fA-F]{64}))?"
)
_TIMEOUT_S = 30.0
_PIECE_BYTES = 1 << 18
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SERVER_TROUBLE = 500
_TRY_LATER = frozenset({408, 429})
_REFUSALS = {401: "it needs a login or does not exist", 403: "it needs a login", 404: "no such file"}
