"""The site of real moby in Chinese: the same pages, the same code, and a switch of the language."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest
from file_server import serving

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the PyPI package playwright")

PATIENCE = 60_000
"""Milliseconds in which a browser on a busy machine has answered."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not shutil.which("chromium"), reason="needs Debian's package chromium"),
]

KINDS = (
    "index.html",
    "chapters/2.2.2.html",
    "pages/how-a-plugin-gets-loaded.html",
    "pages/glossary.html",
    "go/volume/service/VolumeStore.html",
    "parity.html",
    "report.html",
    "walk.html",
    "exercises/in-use.html",
)


@pytest.fixture(scope="module")
def address(moby_site: Path) -> Iterator[str]:
    with serving(moby_site) as served:
        yield served


def opened(browser: sync_api.Browser, locale: str = "en-US", **options: object) -> sync_api.Page:
    context = browser.new_context(locale=locale, viewport={"width": 1280, "height": 900}, **options)
    context.set_default_timeout(PATIENCE)
    return context.new_page()


def pages(folder: Path) -> set[str]:
    """The pages of one language; servers show one page for all missing ones, that of the root."""
    found = (file.relative_to(folder).as_posix() for file in folder.rglob("*.html"))
    return {path for path in found if path != "404.html" and not path.startswith("zh/")}


class Page(HTMLParser):
    """What a page says outside code, the texts of its code, and where its links lead."""

    _VOID = frozenset(
        {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
    )
    _READ = ("title", "aria-label", "placeholder", "alt", "content")

    def __init__(self, text: str, language: str = "zh") -> None:
        super().__init__()
        self._language = language
        self.words: list[str] = []
        self.code: list[str] = []
        self.links: list[str] = []
        self.lines: list[str] = []
        self._open: list[tuple[str, bool, bool]] = [("", False, False)]
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attributes}
        _, apart, in_code = self._open[-1]
        is_english = values.get("lang", self._language) == "en"
        is_code = tag in ("pre", "code", "kbd", "textarea")
        apart = apart or is_english or is_code or tag in ("script", "style", "svg", "mark")
        self.links += [values[name] for name in ("href", "src") if name in values]
        if not apart:
            self.words += [values[name] for name in self._READ if name in values]
        if "id" in values and re.fullmatch(r"(?:[\w-]*)?L\d+", values["id"]):
            self.lines.append(values["id"])
        if tag not in self._VOID:
            self._open.append((tag, apart, in_code or tag == "pre"))

    def handle_endtag(self, tag: str) -> None:
        if tag not in self._VOID and len(self._open) > 1:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        _, apart, in_code = self._open[-1]
        if in_code:
            self.code.append(data)
        elif not apart:
            self.words.append(data)


def test_both_languages_have_the_same_addresses(moby_site: Path) -> None:
    assert pages(moby_site / "zh") == pages(moby_site)
    assert len(pages(moby_site)) > 300
    assert not (moby_site / "zh" / "404.html").exists()


def test_code_and_its_line_numbers_are_the_same(moby_site: Path) -> None:
    different = []
    for name in sorted(pages(moby_site)):
        english, chinese = (Page((folder / name).read_text()) for folder in (moby_site, moby_site / "zh"))
        if english.lines != chinese.lines or _source(english) != _source(chinese):
            different.append(name)

    assert different == []


def _source(page: Page) -> list[str]:
    """The lines of code; how many are folded is said in words."""
    return [line for line in "".join(page.code).split("\n") if "…" not in line]


def test_no_link_of_a_chinese_page_is_dead(moby_site: Path) -> None:
    folder, dead = moby_site / "zh", set()
    for name in sorted(pages(folder)):
        for link in Page((folder / name).read_text()).links:
            path = unquote(urldefrag(link.partition("?")[0])[0])
            if path and not re.match(r"[a-z]+:|//|/", path):
                target = (folder / name).parent / path
                if not (target / "index.html" if target.is_dir() else target).is_file():
                    dead.add((name, link))

    assert dead == set()


ENGLISH = re.compile(r"(?:\b[A-Za-z][a-z']+[ ,]+){3,}[a-z']+")
"""Four words of English in a row, the last of which is no name."""

QUOTED = re.compile(r"^[^—]*\W— |© .*authors|“[^”]*”")
"""What a title of a link says of a Go function, who holds the rights, and messages of programs."""


def test_chinese_pages_have_no_english_sentence_of_ours(moby_site: Path) -> None:
    folder, found = moby_site / "zh", {}
    for name in sorted(pages(folder)):
        words = [" ".join(one.split()) for one in Page((folder / name).read_text()).words]
        if english := [one for one in words if ENGLISH.search(QUOTED.sub("", one))]:
            found[name] = english[:3]

    assert found == {}


def test_switch_keeps_the_place_and_is_remembered(browser: sync_api.Browser, address: str) -> None:
    page = opened(browser)
    page.goto(f"{address}/go/volume/service/VolumeStore.html#VolumeStore.Create")
    page.get_by_role("link", name="中文").click()
    page.wait_for_url("**/zh/go/volume/service/VolumeStore.html#VolumeStore.Create")
    page.goto(f"{address}/chapters/2.1.html?x=1#notes")
    page.wait_for_url("**/zh/chapters/2.1.html?x=1#notes")
    page.get_by_role("link", name="English").click()
    page.wait_for_url(f"{address}/chapters/2.1.html?x=1#notes")
    page.goto(f"{address}/zh/index.html")
    page.wait_for_url(f"{address}/index.html")
    page.context.close()


@pytest.mark.parametrize(("locale", "lang"), [("zh-CN", "zh"), ("en-GB", "en"), ("fr-FR", "en")])
def test_first_visit_is_in_the_browser_s_language(
    browser: sync_api.Browser, address: str, locale: str, lang: str
) -> None:
    page = opened(browser, locale)
    page.goto(f"{address}/chapters/2.2.html#notes")
    page.wait_for_load_state("networkidle")
    page.wait_for_url("**/2.2.html#notes")

    assert page.evaluate("document.documentElement.lang") == lang
    page.context.close()


def test_each_page_names_itself_in_all_languages(browser: sync_api.Browser, address: str) -> None:
    page = opened(browser)
    for folder in ("", "zh/"):
        page.goto(f"{address}/{folder}go/plugin/Manager.html")
        if folder:
            page.goto(f"{address}/{folder}go/plugin/Manager.html")
        found = page.eval_on_selector_all(
            "link[hreflang]", "links => links.map(link => [link.hreflang, link.href])"
        )
        assert found == [
            ["en", f"{address}/go/plugin/Manager.html"],
            ["zh", f"{address}/zh/go/plugin/Manager.html"],
        ]
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1024, 1440])
def test_no_page_is_wider_than_the_window(
    browser: sync_api.Browser, address: str, width: int, scheme: str
) -> None:
    context = browser.new_context(
        locale="zh-CN", viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page, wide = context.new_page(), {}
    for name in KINDS:
        page.goto(f"{address}/zh/{name}")
        actual = page.evaluate("document.documentElement.scrollWidth")
        if actual > width:
            wide[name] = actual
    context.close()

    assert wide == {}


def test_the_player_and_a_program_speak_chinese(browser: sync_api.Browser, address: str) -> None:
    page = opened(browser, "zh-CN")
    page.goto(f"{address}/zh/walk.html")
    page.locator(".player").first.wait_for()

    assert not ENGLISH.search(page.locator(".player").first.get_by_role("button").first.inner_text())
    page.context.close()
