"""The search and the finder of symbols, on our site of real moby and on a small one by both builders."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from file_server import serving

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the PyPI package playwright")

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium")
PATIENCE = 60_000
"""Milliseconds in which a browser on a busy machine has answered."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs Debian's package chromium"),
]


@pytest.fixture
def page(browser: sync_api.Browser) -> Iterator[sync_api.Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    yield page
    context.close()


def search(page: sync_api.Page, words: str) -> None:
    """Type into the search of Material, and wait until it has answered."""
    field = page.locator(".md-search__input")
    field.fill(words)
    field.press("End")
    page.wait_for_function(
        "words => document.querySelector('.md-search-result').dataset.answered === words", arg=words
    )


WATCH = """
const field = document.querySelector(".md-search__input");
const found = document.querySelector(".md-search-result");
const list = found.lastElementChild;
// Material replaces the list for each answer; the names of the finder are loaded by then.
new MutationObserver(() => { found.dataset.answered = field.value; }).observe(list, {childList: true});
"""


def first_three(page: sync_api.Page, address: str) -> list[str]:
    """The addresses of the first three results, each with the places on its page."""
    links = page.eval_on_selector_all(
        ".md-search-result__item",
        "items => items.slice(0, 3).flatMap(item => [...item.querySelectorAll('a[href]')].map(a => a.href))",
    )
    return [link.removeprefix(f"{address}/").partition("?")[0] + _place(link) for link in links]


def _place(link: str) -> str:
    place = link.partition("#")[2]
    return f"#{place}" if place else ""


def read_queries(name: str) -> list[dict[str, str]]:
    """Return the queries of a file of facts, each with the pages that answer it."""
    with (ROOT / "tests" / "facts" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.mark.parametrize(
    ("facts", "folder", "locale"), [("searches.tsv", "", "en-US"), ("searches.zh.tsv", "/zh", "zh-CN")]
)
def test_right_page_is_among_the_first_three(
    browser: sync_api.Browser, moby_site: Path, facts: str, folder: str, locale: str
) -> None:
    queries = read_queries(facts)
    wrong = {}
    with serving(moby_site) as served, browser.new_context(locale=locale) as context:
        page, address = context.new_page(), served + folder
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/index.html")
        page.locator(".md-search__input").click()
        page.evaluate(WATCH)
        search(page, "daemon")
        for row in queries:
            search(page, row["query"])
            found = first_three(page, address)
            if not any(link.startswith(right) for link in found for right in row["pages"].split()):
                wrong[row["query"]] = found

    assert len(wrong) <= len(queries) // 10, wrong


def test_search_of_zensical_finds_chinese_words(
    browser: sync_api.Browser, zensical_chinese_site: Path
) -> None:
    queries, wrong = read_queries("searches.zh.tsv"), {}
    with serving(zensical_chinese_site) as address, browser.new_context(locale="zh-CN") as context:
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/zh/index.html")
        page.keyboard.press("/")
        field = page.locator("input[aria-controls$=results]")
        # The links of answers carry the query, so that their pages can mark its words.
        answers = page.locator("a[href*='?h=']")
        for row in queries:
            field.fill("")  # else the answers to the query before could be read
            answers.first.wait_for(state="detached")
            field.fill(row["query"])
            answers.first.wait_for()
            links = answers.evaluate_all("all => all.map(a => a.href)")
            found = [
                link.removeprefix(f"{address}/zh/").partition("?")[0] + _place(link) for link in links[:3]
            ]
            if not any(link.startswith(right) for link in found for right in row["pages"].split()):
                wrong[row["query"]] = found

    assert len(wrong) <= len(queries) // 10, wrong


@pytest.fixture(params=["material over http", "material", "zensical over http", "zensical"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """The small site as either builder makes it, from a server and from the disk."""
    builder, _, way = request.param.partition(" over ")
    folder = request.getfixturevalue("built_site" if builder == "material" else "zensical_site")
    if not way:
        yield folder.as_uri()
        return
    with serving(folder) as served:
        yield served


def test_key_opens_the_finder_which_leads_to_a_symbol(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/report.html")
    page.keyboard.press("t")
    page.get_by_role("combobox").fill("cupboard.take")
    page.get_by_role("option").first.wait_for()
    page.keyboard.press("Enter")
    page.wait_for_url("**/Cupboard.html#Cupboard.Take")

    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("nothing like that")
    page.locator(".finder-nothing").wait_for()
    page.keyboard.press("Escape")
    assert not page.get_by_role("combobox").is_visible()


def test_symbols_are_filtered_by_the_address(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/symbols.html?q=cups+take")

    page.wait_for_function("document.querySelector('#finder').value === 'cups take'")
    page.wait_for_function("!document.querySelector('#__search')?.checked")
    found = page.eval_on_selector_all(
        "[data-find]:not([hidden])", "found => found.map(one => one.dataset.find)"
    )
    assert len(found) == 1
    assert "kitchen.cups.Cupboard.take" in found[0]


def test_question_mark_lists_the_keys(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/index.html")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()
    page.keyboard.press("Escape")
    assert not page.get_by_role("dialog", name="Keys").is_visible()


def test_first_stop_of_a_page_skips_to_its_content(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/chapters/1.1.html")
    page.keyboard.press("Tab")

    assert page.evaluate("document.activeElement.textContent.trim()") == "Skip to content"
    page.keyboard.press("Enter")
    page.wait_for_url("**#__skip")


def test_a_chapter_that_was_read_is_marked_on_other_pages(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/chapters/1.1.html")
    page.get_by_label("I have read this chapter").check()

    page.goto(f"{address}/chapters/index.html")

    assert page.locator(".toc-list a.is-read").count() == 1
    assert page.locator(".read-progress").inner_text() == "1 of 4 chapters read."


def test_nothing_found_leads_to_the_finder(page: sync_api.Page, built_site: Path) -> None:
    with serving(built_site) as address:
        page.goto(f"{address}/index.html")
        page.locator(".md-search__input").click()
        page.locator(".md-search__input").fill("插件")
        page.locator(".md-search__input").press("End")
        page.locator(".search-nothing").get_by_role("button").click()

        assert page.get_by_role("combobox").input_value() == "插件"
