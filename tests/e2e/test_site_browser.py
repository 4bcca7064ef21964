"""The site in a browser: over HTTP and from the disk, it reads, leads and searches without a fault."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from file_server import serving

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the PyPI package playwright")

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs Debian's package chromium"),
]


@pytest.fixture(scope="module")
def served(built_site: Path) -> Iterator[str]:
    with serving(built_site) as address:
        yield address


@pytest.fixture(scope="module", params=["http", "file"])
def address(request: pytest.FixtureRequest, served: str, built_site: Path) -> str:
    """Where the site is read from: a server on this machine, or the disk."""
    return served if request.param == "http" else built_site.as_uri()


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
    page.locator(".symbol-index summary").first.click()
    page.locator(".symbol-index a", has_text="cupboard.Cupboard").first.click()

    page.locator(".source-go .ln a", has_text="Cup").first.click()
    page.wait_for_url("**/Cup.html#Cup")

    assert page.locator("h1").inner_text().startswith("cupboard.Cup")


def test_a_line_number_is_a_link_to_the_line(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/symbols.html")
    page.locator(".symbol-index summary").first.click()
    page.locator(".symbol-index a", has_text="cupboard.Cupboard").first.click()

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


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (1024, "dark"), (390, "dark")])
def test_each_note_leads_to_its_line_and_back(
    browser: sync_api.Browser, address: str, width: int, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(f"{address}/chapters/1.html")
    for number in (1, 2, 4):
        page.locator(f"#note-ref-{number}").click()
        mark = page.locator(f"#note-{number}")
        sync_api.expect(mark).to_be_in_viewport()
        assert page.url.endswith(f"#note-{number}")
        assert page.locator(".note-on").count() >= 2
        assert page.locator(".note-open").inner_text().startswith("</pre></code></div>")

        page.locator(".note-open > a:last-child").click()
        sync_api.expect(page.locator(f"#note-ref-{number}")).to_be_in_viewport()
        mark.click()
        sync_api.expect(page.locator(f"#note-ref-{number}")).to_be_in_viewport()
    page.close()


def test_mark_opens_its_note_where_the_code_hides_the_prose(browser: sync_api.Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto(f"{address}/chapters/1.html")
    mark = page.locator("#note-4")
    box = mark.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 24

    mark.click()
    sync_api.expect(page.locator(".ln:has(> #note-4) + .note-open")).to_be_in_viewport()
    mark.click()
    sync_api.expect(page.locator("#note-ref-4")).to_be_in_viewport()
    page.go_back()
    assert page.url.endswith("#note-4")
    page.close()


def test_outline_says_that_nothing_is_found_and_enter_follows(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/symbols.html")
    page.locator(".members strong a").first.evaluate("link => link.click()")
    field = page.get_by_placeholder("Filter")

    field.fill("nothing of this name")
    assert "Nothing" in page.locator(".outline output").inner_text()
    field.fill("open")
    assert page.locator(".outline output").inner_text() == ""
    field.press("Enter")
    assert page.url.endswith("#Open")


def test_a_note_without_a_line_leads_to_its_words(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/chapters/1.html")
    page.locator("#note-ref-3").click()

    row = page.locator("#note-text-3")
    sync_api.expect(row).to_be_in_viewport()
    assert "No longer in the source" in row.inner_text()
    row.locator(".note-back").click()
    sync_api.expect(page.locator("#note-ref-3")).to_be_in_viewport()


def test_the_code_follows_the_note_that_is_read(browser: sync_api.Browser, address: str) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{address}/chapters/1.html")
    page.locator("#note-ref-4").evaluate("element => element.scrollIntoView({block: 'start'})")
    page.mouse.wheel(0, -60)

    sync_api.expect(page.locator("#note-4.note-on")).to_be_in_viewport()
    page.close()


def test_notes_are_links_without_scripts(browser: sync_api.Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/chapters/1.html")
    page.locator("#note-ref-4").click()

    sync_api.expect(page.locator("#note-4")).to_be_in_viewport()
    page.locator("#note-4").click()
    sync_api.expect(page.locator("#note-ref-4")).to_be_in_viewport()
    context.close()


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


def test_on_a_narrow_window_one_language_is_shown_and_the_other_a_touch_away(
    browser: sync_api.Browser, built_site: Path
) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 900})
    page = context.new_page()
    (file,) = built_site.rglob("Cupboard.html")
    page.goto(file.as_uri())

    assert page.locator(".beside-go .ln").first.is_visible()
    assert not page.locator(".beside-py .ln").first.is_visible()
    page.get_by_role("button", name="Python").first.click()

    assert page.locator(".beside-py .ln").first.is_visible()
    assert not page.locator(".beside-go .ln").first.is_visible()
    context.close()


def test_a_link_to_a_line_shows_it_whatever_hides_it(browser: sync_api.Browser, built_site: Path) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 900})
    page = context.new_page()
    (file,) = built_site.rglob("Cupboard.html")
    anchor = re.findall(r'id="(py-L\d+)"', html.unescape(file.read_text(encoding="utf-8")))[0]

    page.goto(f"{file.as_uri()}#{anchor}")

    assert page.locator(f"#{anchor}").is_visible()
    context.close()


def test_both_languages_stand_side_by_side_on_a_wide_window(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/symbols.html")
    page.locator(".symbol-index summary").first.click()
    page.locator(".symbol-index a", has_text="cupboard.Cupboard").first.click()

    go, python = (page.locator(f".beside-{side}").first.bounding_box() for side in ("go", "py"))

    assert go is not None
    assert python is not None
    assert go["y"] == python["y"]
    assert go["x"] + go["width"] <= python["x"]


def test_the_index_is_filtered_by_any_name(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/symbols.html")

    page.get_by_label("Find").fill("cups take")

    shown = page.locator("[data-find]:visible")
    assert [text.strip() for text in shown.all_inner_texts()] == ["kitchen.cups.Cupboard.take"]


def test_all_of_a_page_is_reached_by_keyboard(page: sync_api.Page, address: str) -> None:
    page.goto(f"{address}/symbols.html")
    page.locator(".symbol-index summary").first.click()
    page.locator(".symbol-index a", has_text="cupboard.Cupboard").first.click()

    page.locator("details.parity summary").first.focus()
    page.keyboard.press("Enter")

    assert page.locator("details.parity table").first.is_visible()
