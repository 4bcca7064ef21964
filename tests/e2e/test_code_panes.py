"""Panes of code in a browser: level, wrapped, folded, copied and printed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from annotator.site import highlighting, output, rendering
from annotator.site.highlighting import FacingLine, LineAnchors
from annotator.site.markup import Html
from annotator.site.view_models import ChapterPage, CitedCode, Excerpt, Link, SiteFrame, SitePage

sync_api = pytest.importorskip("playwright.sync_api", reason="needs the PyPI package playwright")

PROJECT = Path(__file__).resolve().parents[2]

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs Debian's package chromium"),
]

LONG_NAME = "aVeryLongNameOfSomethingThatIsPassedToACall"

GO = "".join(
    (
        "func Open(shelves []Shelf) error {\n",
        f"\tfirst({LONG_NAME}, {LONG_NAME}, {LONG_NAME}, {LONG_NAME})\n",
        "\t// Count what nobody needs.\n",
        "".join(f"\tcount = count + {number}\n" for number in range(60)),
        "\tsecond()\n",
        "\tthird()\n",
        "}\n",
    )
)

PYTHON = (
    'def open_all(shelves: list[Shelf]) -> None:\n    """Open all.\n\n    More words.\n    """\n'
    "    first()\n    between()\n    third()\n"
)

LINKS = {2: 6, 65: 8}
"""By line of Go, the line of Python that does the same."""


def _excerpt(path: str, text: str, links: dict[int, FacingLine]) -> Excerpt:
    language = path.rpartition(".")[2]
    lines = highlighting.code_lines(
        text.encode(),
        1,
        text.count("\n"),
        anchors=LineAnchors(f"{language}-L"),
        line_links=links,
        language=language,
    )
    return Excerpt(
        path=path,
        first=1,
        last=len(lines),
        lines=lines,
        outside="",
        language=language,
        name="shelves.open_all",
    )


@pytest.fixture(scope="module")
def chapter(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a built page that shows a long function beside its counterpart, twice."""
    go = {one: FacingLine(f"#py-L{other}", "in Python", "a.py", other) for one, other in LINKS.items()}
    python = {other: FacingLine(f"#go-L{one}", "in Go", "a.go", one) for one, other in LINKS.items()}
    code = CitedCode(
        None,
        _excerpt("a.go", GO, go),
        beside=(_excerpt("a.py", PYTHON, python),),
        title=Link("Open", "#"),
    )
    nothing = Link("", "")
    view = ChapterPage("1", "", Html("<p>Words.</p>"), (), nothing, (), None, (code,), None)
    frame = SiteFrame(Link("r", ""), "v1", "v1", nothing, "v1", "", nothing, "")
    page = rendering.markdown(frame, SitePage("index.md", "Panes", "", view))
    folder = tmp_path_factory.mktemp("panes")
    settings = (PROJECT / "site" / "mkdocs.yml").read_text(encoding="utf-8")
    (folder / "mkdocs.yml").write_text(settings.partition("\nnot_in_nav")[0], encoding="utf-8")
    shutil.copytree(PROJECT / "site" / "theme", folder / "theme")
    files = {"index.md": page.encode(), rendering.SETTINGS: b"nav: [index.md]\n"}
    output.write({**files, **output.assets(PROJECT / "site" / "assets")}, folder / "docs")
    command = [sys.executable, "-m", "mkdocs", "build"]
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return (folder / "html" / "index.html").as_uri()


@pytest.fixture
def wide(browser: sync_api.Browser, chapter: str) -> Iterator[sync_api.Page]:
    """The page in a window of 1440 pixels."""
    yield from _opened(browser, chapter, 1440)


@pytest.fixture
def narrow(browser: sync_api.Browser, chapter: str) -> Iterator[sync_api.Page]:
    """The page in a window of 390 pixels."""
    yield from _opened(browser, chapter, 390)


def _opened(browser: sync_api.Browser, address: str, width: int) -> Iterator[sync_api.Page]:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme="dark")
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def top(page: sync_api.Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["y"]


CUT = """() => [...document.querySelectorAll('.source .ln')].filter((line) => {
  const words = document.createRange();
  words.selectNodeContents(line);
  const edge = line.closest('pre').getBoundingClientRect().right;
  return line.checkVisibility() && [...words.getClientRects()].some((box) => box.right > edge + 1);
}).length"""


SCROLLS = """() => [...document.querySelectorAll('.source, .source *')].filter((one) =>
  one.scrollHeight > one.clientHeight + 2 && /auto|scroll/.test(getComputedStyle(one).overflowY)).length"""

COLOURS = """() => [getComputedStyle(document.querySelector('.source')).backgroundColor,
  getComputedStyle(document.querySelector('#go-L65')).color]"""


def test_lines_that_correspond_are_level(wide: sync_api.Page) -> None:
    for go, python in LINKS.items():
        assert top(wide, f"#go-L{go}") == pytest.approx(top(wide, f"#py-L{python}"), abs=2)


def test_code_begins_within_three_lines_of_its_pane(wide: sync_api.Page) -> None:
    height = wide.locator("#py-L1").bounding_box()
    assert height is not None
    pane = wide.locator(".source-py pre").bounding_box()
    assert pane is not None

    assert top(wide, "#py-L6") - pane["y"] < 3 * height["height"]


@pytest.mark.parametrize("width", [1440, 390])
def test_lines_are_wrapped_not_cut(browser: sync_api.Browser, chapter: str, width: int) -> None:
    for page in _opened(browser, chapter, width):
        assert page.evaluate(CUT) == 0
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(SCROLLS) == 0


def test_a_fold_says_what_is_in_it_and_opens(wide: sync_api.Page) -> None:
    fold = wide.locator(".source-go details.fold")
    assert fold.locator("summary").inner_text() == "… 62 lines: Count what nobody needs"
    assert not wide.locator("#go-L30").is_visible()

    fold.locator("summary").click()
    assert wide.locator("#go-L30").is_visible()

    wide.locator(".source-py .source-folds").click()
    assert wide.locator("#py-L4").is_visible()


def test_a_link_into_a_fold_opens_it(browser: sync_api.Browser, chapter: str) -> None:
    for page in _opened(browser, f"{chapter}#go-L30", 1440):
        assert page.locator("#go-L30").is_visible()


def test_the_search_of_the_browser_opens_a_fold(browser: sync_api.Browser, chapter: str) -> None:
    for page in _opened(browser, f"{chapter}#:~:text=count%20%2B%2042", 1440):
        page.wait_for_function("document.querySelector('.source-go details.fold').open")


def test_a_copy_has_the_code_of_one_side_with_its_folds(wide: sync_api.Page) -> None:
    wide.evaluate(
        "navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }"
    )

    wide.locator(".source-go .source-copy").click()
    assert wide.evaluate("window.copied") == GO

    wide.locator(".source-py .source-copy").click()
    assert wide.evaluate("window.copied") == PYTHON


def test_a_line_and_its_counterpart_are_lit_together(wide: sync_api.Page) -> None:
    wide.locator("#go-L65").hover()

    assert wide.eval_on_selector_all(".lit", "all => all.map((one) => one.id)") == ["go-L65", "py-L8"]


def test_code_is_one_stop_of_the_tab_key(wide: sync_api.Page) -> None:
    wide.locator(".source-go pre").focus()
    wide.keyboard.press("ArrowRight")
    assert wide.evaluate("document.activeElement.matches('.jump')")

    wide.locator(".source-go pre").focus()
    wide.keyboard.press("Tab")
    assert not wide.evaluate("document.activeElement.closest('.source-go') !== null")


def test_one_choice_of_language_is_remembered(narrow: sync_api.Page) -> None:
    assert narrow.locator("#go-L1").is_visible()
    assert not narrow.locator("#py-L1").is_visible()

    narrow.get_by_role("button", name="Python").first.click()
    narrow.reload()

    assert narrow.locator("#py-L1").is_visible()
    assert not narrow.locator("#go-L1").is_visible()


def test_print_has_all_code_dark_on_white(narrow: sync_api.Page) -> None:
    narrow.emulate_media(media="print", color_scheme="dark")

    for line in ("#go-L30", "#py-L4", "#py-L8"):
        assert narrow.locator(line).is_visible(), line
    assert narrow.evaluate(COLOURS) == ["rgb(255, 255, 255)", "rgb(34, 34, 34)"]
    assert not narrow.locator(".source-copy").first.is_visible()
    assert narrow.evaluate(CUT) == 0


def test_code_is_readable_without_scripts(browser: sync_api.Browser, chapter: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    page.goto(chapter)

    page.locator(".source-go details.fold > summary").click()

    assert page.locator("#go-L30").is_visible()
    assert top(page, "#go-L65") == pytest.approx(top(page, "#py-L8"), abs=2)
    context.close()
