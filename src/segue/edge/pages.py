"""The page: static files built from `web/`, with headers that let it load nothing from anywhere else."""

import mimetypes
from pathlib import Path

from aiohttp import web

from segue.edge.replies import NO_STORE

STATIC = Path(__file__).with_name("static")
INDEX = "index.html"

_POLICY = (
    "default-src 'none'; script-src 'self'; worker-src 'self'; "
    "style-src 'self'; img-src 'self' data:; font-src 'self'; media-src 'self' blob:; "
    "connect-src 'self' ws: wss:; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self)",
}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_REVALIDATED = {"Cache-Control": "no-cache"}

_NOT_BUILT = """Segue is running here, but its page was not built into this installation.

From a checkout: run `make page` (it needs npm), then reload.
The API works without it: ws://{host}/v1/realtime, see docs/protocol.md.
"""


def add_pages(app: web.Application, static: Path = STATIC) -> None:
    """Serve what is built under `static`; without an index, a text that says what to do."""
    if not (static / INDEX).is_file():
        app.router.add_get("/", _explain)
        return
    pages = _read(static)
    app.router.add_get("/{path:.*}", pages.serve)


class _Pages:
    """Read once at the start: a page is a few hundred kilobytes, and then no request can reach the file system."""

    def __init__(self, files: dict[str, tuple[bytes, str]]) -> None:
        self._files = files

    async def serve(self, request: web.Request) -> web.Response:
        path = request.match_info["path"] or INDEX
        found = self._files.get(path)
        if found is None:
            return web.Response(status=404, text=f"There is no /{path[:80]} here.\n", headers=NO_STORE)
        body, kind = found
        caching = _FOREVER if path.startswith("assets/") else _REVALIDATED
        return web.Response(body=body, headers={"Content-Type": kind, **_HEADERS, **caching})


def _read(static: Path) -> _Pages:
    files = {}
    for file in sorted(static.rglob("*")):
        if file.is_file():
            kind = _TYPES.get(file.suffix) or mimetypes.guess_type(file.name)[0] or "application/octet-stream"
            files[file.relative_to(static).as_posix()] = (file.read_bytes(), kind)
    return _Pages(files)


async def _explain(request: web.Request) -> web.Response:
    return web.Response(text=_NOT_BUILT.format(host=request.host), headers=NO_STORE)


_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
}
"""Where the machine's own table may be wrong, and a browser then refuses the file."""
