"""Hub files over HTTP, from a small server that answers as the hub does: a redirect that carries size and hash."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from segue.adapters.models.hub import install_hub_file, parse_hub_ref
from segue.adapters.models.locate import ModelCache
from segue.adapters.models.progress import InstallProgress, Step
from segue.model.errors import ConfigError, ProviderError

BODY = b"weights " * 100_000
SHA = hashlib.sha256(BODY).hexdigest()


class Hub(BaseHTTPRequestHandler):
    """`/o/n/resolve/main/<name>`; what it does depends on the name."""

    seen: list[str]

    def do_HEAD(self) -> None:
        self._answer(head=True)

    def do_GET(self) -> None:
        self._answer(head=False)

    def _answer(self, *, head: bool) -> None:
        type(self).seen.append(f"{self.command} {self.path}")
        name = self.path.rsplit("/", 1)[-1]
        if name in ("401", "404", "429", "503"):
            self.send_error(int(name))
        elif "/store/" not in self.path:
            self.send_response(302)
            self.send_header("Location", f"/store/{name}")
            self.send_header("X-Linked-Size", str(len(BODY)))
            self.send_header("X-Linked-Etag", f'"{"0" * 64 if name == "forged" else SHA}"')
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self.send_response(200)
            sent = BODY[:1000] if name == "cut" else BODY
            self.send_header("Content-Length", str(len(BODY)))
            self.end_headers()
            if not head:
                self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    Hub.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    thread = threading.Thread(target=server.serve_forever, name="hub")
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.fixture
def cache(tmp_path: Path) -> ModelCache:
    return ModelCache(tmp_path)


def leftovers(cache: ModelCache) -> list[Path]:
    return [path for path in cache.root.rglob("*") if path.is_file()]


def test_fetches_checks_and_keeps(endpoint: str, cache: ModelCache) -> None:
    seen: list[InstallProgress] = []
    ref = parse_hub_ref("hf:o/n/onnx/net.onnx")
    path = install_hub_file(ref, cache, endpoint=endpoint, progress=seen.append)
    assert path.read_bytes() == BODY
    assert seen[-1].step is Step.DONE
    assert [report.done_bytes for report in seen] == sorted(report.done_bytes for report in seen)
    requests = len(Hub.seen)
    assert install_hub_file(ref, cache, endpoint=endpoint) == path
    assert len(Hub.seen) == requests
    assert leftovers(cache) == [path]


def test_the_hash_in_the_name_counts_most(endpoint: str, cache: ModelCache) -> None:
    assert install_hub_file(parse_hub_ref(f"hf:o/n/forged#sha256={SHA}"), cache, endpoint=endpoint).is_file()
    with pytest.raises(ConfigError, match="thrown away"):
        install_hub_file(parse_hub_ref(f"hf:o/n/other#sha256={'1' * 64}"), cache, endpoint=endpoint)


def test_a_forged_file_is_thrown_away(endpoint: str, cache: ModelCache) -> None:
    with pytest.raises(ConfigError, match="expected 0000"):
        install_hub_file(parse_hub_ref("hf:o/n/forged"), cache, endpoint=endpoint)
    assert leftovers(cache) == []


def test_a_cut_file_is_thrown_away(endpoint: str, cache: ModelCache) -> None:
    with pytest.raises(ProviderError) as caught:
        install_hub_file(parse_hub_ref("hf:o/n/cut"), cache, endpoint=endpoint)
    assert caught.value.retryable
    assert leftovers(cache) == []


@pytest.mark.parametrize(("status", "retryable"), [("401", False), ("404", False), ("429", True), ("503", True)])
def test_refusals(endpoint: str, cache: ModelCache, status: str, retryable: bool) -> None:
    with pytest.raises(ProviderError, match=f"status {status}") as caught:
        install_hub_file(parse_hub_ref(f"hf:o/n/{status}"), cache, endpoint=endpoint)
    assert caught.value.retryable is retryable


def test_nobody_listens(cache: ModelCache) -> None:
    with pytest.raises(ProviderError, match="cannot be reached") as caught:
        install_hub_file(parse_hub_ref("hf:o/n/f"), cache, endpoint="http://127.0.0.1:9")
    assert caught.value.retryable
