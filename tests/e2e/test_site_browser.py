"""The site in a browser: over HTTP and from the disk, it reads, leads and searches without a fault."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the PyPI package playwright")

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs Debian's package chromium"),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A file server that writes no log."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def served(built_site: Path) -> Iterator[str]:
    handler = functools.partial(Quiet, directory=str(built_site))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module", params=["http", "file"])
def address(request: pytest.FixtureRequest, served: str, built_site: Path) -> str:
    """Where the site is read from: a server on this machine, or the disk."""
    return served if request.param == "http" else built_site.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@pytest.fixture
def page(browser: sync_api.Browser, address: str) -> Iterator[sync_api.Page]:
    """A page that must not complain, and must not ask another host for anything."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("request", lambda request: faults.append(request.url) if foreign(request.url, address) else None)
    yield page
    assert page.evaluate("window.hurt") is None
    context.close()
    assert faults == []


def foreign(url: str, address: str) -> bool:
    return not url.startswith((address, "data:", "blob:", "about:"))


def test_from_the_picture_to_a_chapter_to_the_source_and_back(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/index.html")
    page.locator("svg.picture-wide a", has_text="1.1").click()
    page.wait_for_url("**/chapters/1.1.html")

    page.locator(".citation-found a.sym").first.click()
    page.wait_for_url("**/Cupboard.html#Cupboard")
    assert page.locator(".ln-cited").first.get_attribute("id") == "go-L4"

    page.locator(".speaking a").first.click()
    page.wait_for_url("**/chapters/1*.html")


def test_an_identifier_in_the_source_is_followed_to_its_page(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/symbols.html")
    page.locator("a", has_text="cupboard.Cupboard").first.click()

    page.locator(".ln a", has_text="Cup").first.click()
    page.wait_for_url("**/Cup.html#Cup")

    assert page.locator("h1").inner_text().startswith("cupboard.Cup")


def test_a_line_number_is_a_link_to_the_line(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/symbols.html")
    page.locator("a", has_text="cupboard.Cupboard").first.click()

    page.locator("#go-L5 > a[data-n]").click()
    page.wait_for_url("**#go-L5")

    assert page.locator(".ln:target").get_attribute("id") == "go-L5"


def test_the_report_leads_to_chapters_and_symbols(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/report.html")
    assert page.locator("tbody tr").count() == 3

    page.locator("#reference-2 a").first.click()
    page.wait_for_url("**/chapters/1.2.html")

    page.locator(".citation-report").first.click()
    page.wait_for_url("**/report.html#reference-2")


def test_the_search_finds_a_symbol(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/index.html")
    page.locator(".md-search__input").click()
    page.locator(".md-search__input").press_sequentially("Cupboard")

    page.locator(".md-search-result__link[href*='Cupboard.html']").first.click()
    page.wait_for_url("**/Cupboard.html*")

    assert page.locator("h1").inner_text().startswith("cupboard.Cupboard")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
def test_no_page_is_wider_than_the_window(
    browser: sync_api.Browser, built_site: Path, scheme: str, width: int
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()

    wide = []
    for file in sorted(built_site.rglob("*.html")):
        page.goto(file.as_uri())
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(file.name)
    context.close()

    assert wide == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_colours_follow_the_system(browser: sync_api.Browser, built_site: Path, scheme: str) -> None:
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()

    page.goto((built_site / "index.html").as_uri())
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    context.close()

    lightness = sum(map(int, background.removeprefix("rgb(").rstrip(")").split(",")[:3]))
    assert (lightness > 3 * 128) == (scheme == "light")
