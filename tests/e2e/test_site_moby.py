"""The real site on real moby: every line number on every page is the file's own."""

from __future__ import annotations

import html
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
import walker

from annotator import config
from annotator.errors import UnknownTag
from annotator.model.source import Snapshot
from annotator.repository.local_git import LocalSource
from annotator.site.mkdocs_build import make
from annotator.site.project_texts import own_texts

PROJECT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.slow

EXCERPT = re.compile(
    r'<div class="highlight source source-(go|py)[^>]*>.*?class="source-path"[^>]*>([^<]*)<'
    r".*?<code>(.*?)</code></pre>",
    re.DOTALL,
)
LINE = re.compile(
    r'<span class="ln[^"]*"(?: id="([^"]*)")?><a href="([^"]*)" data-n="(\d+)"[^>]*></a>(.*?)&#10;</span>',
    re.DOTALL,
)
LINK = re.compile(r"<a ([^>]*)>(.*?)</a>", re.DOTALL)
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
PLACE = re.compile(
    r"^(?:(?P<name>[^ :]+): )?.*?in (?P<path>[^ ,]+\.(?:go|py)), line (?P<line>\d+)$", re.DOTALL
)
ANCHOR = re.compile(r"#(?:go|py)-(?:.*-)?L(\d+)$")


HOME = "https://example.org/us/it/blob/main"
"""Where our own source would be on the web."""

MOBY = "https://github.com/moby/moby/blob/"


class Site(msgspec.Struct, frozen=True):
    """Generated pages by path, the bytes of the files that they show, and moby on the web."""

    folder: Path
    pages: Mapping[str, str]
    read: Callable[[str], bytes]
    moby: walker.Known


def build(folder: Path, *options: str) -> None:
    """The project's own site, in a copy of the project."""
    settings = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    settings = settings.replace("[tool.annotator]\n", f'[tool.annotator]\nhome = "{HOME}"\n')
    (folder / "pyproject.toml").write_text(settings, encoding="utf-8")
    for name in ("annotator", "runtime", "templates", "site"):
        ignored = shutil.ignore_patterns("docs", "docs-*", "html", ".cache", "__pycache__")
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "annotator", "build", *options]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


@pytest.fixture(scope="module")
def moby_source(moby_repository: str) -> Iterator[LocalSource]:
    with LocalSource(Path(moby_repository), repository="https://github.com/moby/moby") as source:
        yield source


@pytest.fixture(scope="module", params=["repository", "debian"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("project")
    if request.param == "debian":
        tag = "v20.10.24"
        tree = request.getfixturevalue("release")(tag)
        build(folder, "--source", "debian", "--tag", tag)
        go: Callable[[str], bytes] = tree.data
        moby = walker.snapshot(f"{MOBY}{tag}/", tree.snapshot)
    else:
        repository = request.getfixturevalue("moby_repository")
        build(folder, "--source", str(repository))

        source = request.getfixturevalue("moby_source")

        def at(ref: str) -> Snapshot | None:
            try:
                return source.snapshot(ref)
            except UnknownTag:
                return None

        moby = walker.snapshots(MOBY, at)

        def go(path: str) -> bytes:
            return source.snapshot("v18.09.6").read([path])[path]

    docs = folder / "site" / "docs"
    pages = {
        file.relative_to(docs).as_posix(): file.read_text(encoding="utf-8") for file in docs.rglob("*.md")
    }
    read = cache(lambda path: (folder / path).read_bytes() if path.endswith(".py") else go(path))
    return Site(folder / "site", pages, read, moby)


def line(site: Site, path: str, number: int) -> str:
    """A line of a file as it stands there."""
    return site.read(path).split(b"\n")[number - 1].removesuffix(b"\r").decode("utf-8", "replace")


def shown(text: str) -> str:
    return html.unescape(re.sub("<[^>]*>", "", text))


def links(text: str) -> Iterator[tuple[str, str, str]]:
    """Address, title and words of every link."""
    for head, words in LINK.findall(text):
        found = {name: html.unescape(value) for name, value in ATTRIBUTE.findall(head)}
        yield found.get("href", ""), found.get("title", ""), shown(words)


def declared(found: re.Match[str], title: str, words: str) -> str:
    """The bare name of what a link's title places: Python's stands before its parameters."""
    if found["path"].endswith(".py"):
        dotted = re.split(r"[( ]", title.removeprefix("class ").removeprefix("attribute "))[0]
        return dotted.rpartition(".")[2]
    return (found["name"] or words).rpartition(".")[2]


def test_every_line_reads_as_it_stands_in_the_file(site: Site) -> None:
    count, wrong = 0, []
    for page, text in site.pages.items():
        for _, path, code in EXCERPT.findall(text):
            for identity, address, number, words in LINE.findall(code):
                count += 1
                is_named_so = html.unescape(identity or address).endswith(f"L{number}")
                if not is_named_so or shown(words) != line(site, html.unescape(path), int(number)):
                    wrong.append(f"{page}: {html.unescape(path)}:{number}")

    assert wrong == []
    assert count > 30_000


def test_every_mark_of_a_note_is_at_a_line_with_its_quote(site: Site) -> None:
    count, wrong = 0, []
    for text in own_texts(config.find(PROJECT)):
        page = site.pages.get(f"chapters/{text.name}.md", "")
        marked = {
            (int(number), html.unescape(path)): shown(words)
            for _, path, code in EXCERPT.findall(page)
            for *_, words in LINE.findall(code)
            for number in re.findall(r'data-note="(\d+)"', words)
        }
        rows = re.findall(r'<li id="note[^"]*" data-note=.*', page)
        for number, note in enumerate(text.notes, 1):
            for place in note.places:
                suffix, quote = place.path.rpartition(".")[2], " ".join(place.quote.split())
                lines = [one for (n, path), one in marked.items() if n == number and path.endswith(suffix)]
                count += len(lines)
                told = " ".join([*lines, shown(rows[number - 1])])
                if quote not in " ".join(told.split()):
                    wrong.append(f"{page}: note {number}: {quote}")

    assert wrong == []
    assert count > 400


def cards(site: Site) -> Mapping[str, str]:
    """By page and anchor, what the card of a symbol says of its name and place."""
    found = {}
    for file in (site.folder / "docs" / "cards").rglob("*.js"):
        _, data = msgspec.json.decode(b"[%s]" % file.read_bytes()[len("annotatorCards(") : -len(");\n")])
        folder = file.relative_to(site.folder / "docs" / "cards").as_posix().removesuffix(".js")
        for key, (name, signature, _, place, *_) in data.items():
            title = f"{name}: {place}" if ".go," in place else f"{signature} {place}"
            found[f"{folder}/{key}"] = title
    return found


def test_every_place_that_a_title_or_card_names_holds_the_name(site: Site) -> None:
    count, wrong, known = 0, [], cards(site)
    for page, text in site.pages.items():
        for address, own_title, words in links(text):
            target = os.path.normpath(f"{page.rpartition('/')[0]}/{unquote(address)}".lstrip("/"))
            if address.startswith("#"):
                target = page.removesuffix(".md") + ".html" + unquote(address)
            title = own_title or known.get(target, "")
            if not (found := PLACE.match(title)):
                continue
            count += 1
            name = declared(found, title, words)
            there = line(site, found["path"], int(found["line"]))
            following = (
                line(site, found["path"], int(found["line"]) + 1) if there.startswith((" ", "@")) else ""
            )
            if not re.search(rf"\b{re.escape(name)}\b", there + following) and not there.lstrip().startswith(
                "@"
            ):
                wrong.append(f"{page}: {address}: {name} is not in {found['path']}:{found['line']}: {there}")

    assert wrong[:20] == []
    assert count > 10_000


def test_links_to_lines_lead_to_a_line_of_that_number(site: Site) -> None:
    identities = {
        page: {html.unescape(one) for one in re.findall(r' id="([^"]*)"', text)}
        for page, text in site.pages.items()
    }
    count, wrong = 0, []
    for page, text in site.pages.items():
        for address, title, words in links(text):
            number = ANCHOR.search(address)
            if not number:
                continue
            count += 1
            path, _, anchor = address.partition("#")
            target = os.path.normpath(f"{page.rpartition('/')[0]}/{unquote(path)}") if path else page
            there = identities.get(
                target.removeprefix("/").removesuffix(".html").removesuffix(".md") + ".md", set()
            )
            said = (
                re.search(r"\bline (\d+)", f"{title} {words}")
                if "in Go" in title or "Python" in title
                else None
            )
            if unquote(anchor) not in there or (said and said[1] != number[1]):
                wrong.append(f"{page}: {address}")

    assert wrong[:20] == []
    assert count > 30_000


def test_every_symbol_of_the_walk_has_its_counterpart_beside_it(site: Site) -> None:
    if "v18.09.6" not in shown(site.pages["index.md"]):
        pytest.skip("counterparts are written for the baseline")
    for page in ("go/plugin/Store.md", "go/volume/service/VolumeStore.md", "go/plugin/Manager.md"):
        languages = {language for language, _, _ in EXCERPT.findall(site.pages[page])}
        assert languages == {"go", "py"}, page


@pytest.fixture(scope="module")
def built(site: Site) -> Path:
    """The site in both languages as mkdocs builds it, with every warning an error."""
    make(site.folder, ["zh"])
    return site.folder / "html"


def test_every_link_of_the_built_site_leads_somewhere(site: Site, built: Path) -> None:
    known = (site.moby, walker.checkout(f"{HOME}/", PROJECT))
    assert [str(broken) for broken in walker.walk(built, known)] == []


def test_every_box_of_a_picture_has_all_its_words(site: Site) -> None:
    texts = [
        shown(words)
        for text in site.pages.values()
        for words in re.findall(r'<text class="picture-(?:title|symbol)"[^>]*>.*?</text>', text)
    ]
    assert len(texts) > 1000
    assert [words for words in texts if "…" in words] == []


def test_other_packages_are_linked_at_a_version(site: Site) -> None:
    outside = {
        address
        for text in site.pages.values()
        for address, *_ in links(text)
        if address.startswith("https://pkg.go.dev/")
    }
    # Debian's source packages are without most vendored packages, whose names then have no link.
    assert len(outside) > 150
    assert [address for address in outside if not re.search(r"@(go)?v?\w+[^/]*(/[^#@]*)?#\w", address)] == []
    assert any(re.match(r"https://pkg.go.dev/sync@go1\.\d+(\.\d+)?#", address) for address in outside)


@pytest.mark.parametrize(("width", "most"), [(1440, 12_000), (390, 20_000)])
def test_no_page_is_long_when_it_is_first_shown(built: Path, browser: Any, width: int, most: int) -> None:
    largest = sorted(built.rglob("*.html"), key=lambda file: file.stat().st_size)[-50:]
    page = browser.new_page(viewport={"width": width, "height": 900})
    heights = {}
    for file in largest:
        page.goto(file.as_uri(), wait_until="domcontentloaded")
        heights[file.relative_to(built).as_posix()] = page.evaluate("document.documentElement.scrollHeight")
    page.close()

    assert {name: height for name, height in heights.items() if height > most} == {}


FIGURES = """() => {
  const seen = (one) => one.checkVisibility(); // a closed fold has boxes, too
  const found = {lines: 0, cut: 0, words: 0, python: 0, linked: 0, level: 0, first: []};
  for (const pre of document.querySelectorAll('.md-content .source pre')) {
    const lines = [...pre.querySelectorAll('.ln')].filter(seen);
    const edge = pre.getBoundingClientRect();
    const isPython = pre.parentElement.matches('.source-py');
    let isDoc = false, isHead = true, body;
    for (const line of lines) {
      const words = document.createRange();
      words.selectNodeContents(line);
      found.lines += 1;
      // The two blanks before a comment may hang over the edge where it is wrapped.
      found.cut += Number([...words.getClientRects()].some((box) => box.right > edge.right + 16));
      if (!isPython) continue;
      const code = line.cloneNode(true);
      for (const one of code.querySelectorAll('a[data-n], .note-mark, .jump, .more')) one.remove();
      const text = code.textContent.trim();
      const quotes = text.split('"'.repeat(3)).length - 1;
      found.python += 1;
      if (isDoc || (quotes && /^r?"{3}/.test(text))) {
        found.words += 1;
        isDoc = isDoc ? !quotes : quotes === 1;
      } else if (isHead && /^(@|class |(async )?def |\\)|$)/.test(text)) continue;
      else { isHead = false; body ??= line; }
    }
    if (body) {
      const height = parseFloat(getComputedStyle(body).lineHeight);
      found.first.push((body.getBoundingClientRect().top - edge.top) / height);
    }
  }
  for (const pair of document.querySelectorAll('.beside')) {
    for (const line of pair.querySelectorAll('.beside-go .ln:has(> .jump)')) {
      const number = line.querySelector('.jump').hash.match(/\\d+$/)[0];
      const other = `.beside-py .ln:has(> [data-n="${number}"]):has(> .jump)`;
      const others = [...pair.querySelectorAll(other)].filter(seen);
      if (!others.length || !seen(line)) continue;
      const top = line.getBoundingClientRect().top;
      found.linked += 1;
      found.level += Number(others.some((other) => Math.abs(other.getBoundingClientRect().top - top) < 4));
    }
  }
  return found;
}"""
"""Of the code that a page shows at first: lines, cut ones, docstrings, and where code begins in each pane."""


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_chapters_show_whole_lines_and_code_before_words(
    built: Path, browser: Any, width: int, scheme: str
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.add_init_script("localStorage.setItem('code-language', 'py')")
    chapters = sorted((built / "chapters").glob("[0-9]*.html"))
    found = {}
    for chapter in chapters:
        page.goto(chapter.as_uri(), wait_until="load")
        found[chapter.name] = page.evaluate(FIGURES)
    page.close()

    assert len(found) == 27
    total = {name: sum(one[name] for one in found.values()) for name in ("lines", "cut", "words", "python")}
    assert total["cut"] == 0
    assert total["words"] <= 0.1 * total["python"]
    if width == 1440:
        late = {name: max(one["first"], default=0) for name, one in found.items()}
        begins = [row for one in found.values() for row in one["first"]]
        assert sum(row < 4 for row in begins) >= 0.9 * len(begins)
        assert {name: row for name, row in late.items() if row > 10} == {}
        linked, level = (sum(one[name] for one in found.values()) for name in ("linked", "level"))
        assert level >= 0.75 * linked


def test_a_printed_chapter_has_all_code_dark_on_white(built: Path, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 800, "height": 1100}, color_scheme="dark")
    page.goto((built / "chapters" / "2.1.html").as_uri())
    page.emulate_media(media="print", color_scheme="dark")

    hidden = """() => [...document.querySelectorAll('.md-content .source .ln')].filter((line) =>
      !line.checkVisibility() || line.getBoundingClientRect().height < 5).length"""
    assert page.evaluate(hidden) == 0
    colour = "getComputedStyle(document.querySelector('.md-content .source .ln')).color"
    assert [int(part) < 80 for part in re.findall(r"\d+", page.evaluate(colour))[:3]] == [True] * 3
    assert page.evaluate(
        "getComputedStyle(document.querySelector('.md-content .source')).backgroundColor"
    ) == ("rgb(255, 255, 255)")
    page.close()


def test_symbol_is_looked_up_by_outline_link_and_card(built: Path, browser: Any) -> None:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(30_000)
    page.goto(f"{(built / 'go/volume/service/VolumeStore.html').as_uri()}#VolumeStore.Create")

    page.locator(".outline input").fill("remove")
    assert {words.lower() for words in page.locator(".outline li:visible").all_inner_texts()} == {
        "remove",
        "removemeta",
    }

    opened = page.locator("section:has(> [id='VolumeStore.Create'])")
    name = opened.locator(".source-go .ln a", has_text="normalizeVolumeName").first
    name.hover()
    card = page.locator(".card")
    card.wait_for(state="visible")
    assert "func normalizeVolumeName(name string) string" in card.inner_text()
    page.keyboard.press("Escape")
    assert card.is_hidden()

    for link in (name, opened.locator(".used a:not(.call)").first):
        link.focus()
        card.wait_for(state="visible")
        page.keyboard.press("Escape")
        assert card.is_hidden()
    page.close()


def test_first_tap_on_a_name_shows_its_card(built: Path, browser: Any) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto((built / "go/volume/service/VolumeStore.html").as_uri())

    page.locator(".source-go .ln a:not([data-n])", has_text=re.compile("^Store$")).first.tap()
    page.locator(".card").wait_for(state="visible")
    assert page.url.endswith("VolumeStore.html")

    page.locator(".card a.card-name").tap()
    page.wait_for_url("**/drivers/Store.html#Store")
    context.close()
