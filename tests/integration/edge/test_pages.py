from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from segue.edge.pages import add_pages


@pytest.fixture
def built(tmp_path: Path) -> Path:
    (tmp_path / "static" / "assets").mkdir(parents=True)
    (tmp_path / "static" / "index.html").write_text("<!doctype html><title>Segue</title>")
    (tmp_path / "static" / "assets" / "page-1a2b.js").write_text("export {}")
    (tmp_path / "secret.txt").write_text("not for the web")
    return tmp_path / "static"


async def test_the_page_and_its_assets(built: Path) -> None:
    app = web.Application()
    add_pages(app, built)
    async with TestClient(TestServer(app)) as client:
        index = await client.get("/")
        asset = await client.get("/assets/page-1a2b.js")

        assert "<title>Segue" in await index.text()
        assert index.headers["Content-Type"] == "text/html; charset=utf-8"
        assert index.headers["Cache-Control"] == "no-cache"
        policy = index.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "http" not in policy
        assert asset.headers["Content-Type"] == "text/javascript; charset=utf-8"
        assert "immutable" in asset.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/assets", "/nothing"])
async def test_nothing_else_is_served(built: Path, path: str) -> None:
    app = web.Application()
    add_pages(app, built)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get(path)

        assert answer.status == 404
        assert "not for the web" not in await answer.text()


async def test_a_page_that_was_not_built_says_what_to_do(tmp_path: Path) -> None:
    app = web.Application()
    add_pages(app, tmp_path)
    async with TestClient(TestServer(app)) as client:
        answer = await client.get("/")

        assert answer.status == 200
        assert "make page" in await answer.text()
