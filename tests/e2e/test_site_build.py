"""The generated tree builds, leads everywhere it says, and holds foreign text as text."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zlib
from pathlib import Path
from urllib.parse import unquote

import walker
from bs4 import BeautifulSoup, Tag

PROJECT = Path(__file__).resolve().parents[2]


def soup(built_site: Path, page: str) -> BeautifulSoup:
    return BeautifulSoup((built_site / page).read_text(encoding="utf-8"), "html.parser")


def symbol_pages(built_site: Path) -> list[str]:
    return sorted(file.relative_to(built_site).as_posix() for file in (built_site / "go").rglob("*.html"))


def content(built_site: Path, page: str) -> Tag:
    article = soup(built_site, page).select_one("article")
    assert article is not None
    return article


def python_pages(built_site: Path) -> list[str]:
    return sorted(file.relative_to(built_site).as_posix() for file in (built_site / "py").rglob("*.html"))


def source_lines(article: Tag, language: str = "go") -> dict[str, str]:
    """The shown lines of source by their numbers, as a reader sees them."""
    lines = article.select(f".source-{language} .ln")
    return {str(line.a["data-n"]): line.get_text().removesuffix("\n") for line in lines if line.a}


def test_every_link_and_anchor_of_the_built_pages_leads_somewhere(built_site: Path) -> None:
    assert [str(broken) for broken in walker.walk(built_site)] == []


def test_every_link_of_the_pages_built_by_zensical_leads_somewhere(zensical_site: Path) -> None:
    assert [str(broken) for broken in walker.walk(zensical_site)] == []


def test_before_the_first_build_mkdocs_says_what_to_type(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "site" / "mkdocs.yml", tmp_path)
    shutil.copytree(PROJECT / "site" / "theme", tmp_path / "theme")

    ended = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "-f", tmp_path / "mkdocs.yml"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode != 0
    assert "type-make-serve-first" in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr


def test_source_reads_on_the_page_as_it_stands_in_the_file(built_site: Path, source: list[str]) -> None:
    shown: dict[str, str] = {}
    for page in symbol_pages(built_site):
        shown |= source_lines(content(built_site, page))

    assert len(shown) > len(source) // 2
    assert {number: source[int(number) - 1] for number in shown} == shown


def test_python_reads_on_all_pages_as_it_stands_in_the_file(
    built_site: Path, python_source: list[str]
) -> None:
    for page in (*python_pages(built_site), *symbol_pages(built_site), "examples/pour.html"):
        shown = source_lines(content(built_site, page), "py")
        assert {number: python_source[int(number) - 1] for number in shown} == shown, page

    (whole,) = python_pages(built_site)
    assert len(source_lines(content(built_site, whole), "py")) == len(python_source) - 1


def test_what_an_example_prints_is_read_as_it_was_printed(built_site: Path, hostile: tuple[str, ...]) -> None:
    _, printed = content(built_site, "examples/pour.html").select(".terminal code")

    assert printed.get_text() == "\n".join(hostile)


def test_the_inventory_names_pages_and_places_that_there_are(built_site: Path) -> None:
    data = (built_site / "objects.inv").read_bytes()
    *head, body = data.split(b"\n", 4)

    assert head[0] == b"# Sphinx inventory version 2"
    entries = [line.rsplit(" ", 4) for line in zlib.decompress(body).decode().splitlines()]
    assert "kitchen.cups.cup" in {entry[0] for entry in entries}
    for _, _, _, address, _ in entries:
        page, _, anchor = address.partition("#")
        assert soup(built_site, unquote(page)).find(id=unquote(anchor)), address


def test_foreign_lines_are_all_there(built_site: Path, hostile: tuple[str, ...]) -> None:
    text = "\n".join(content(built_site, page).get_text() for page in symbol_pages(built_site))

    assert [line for line in hostile if line not in text] == []


def test_nothing_foreign_became_markup(built_site: Path) -> None:
    for file in built_site.rglob("*.html"):
        page = file.relative_to(built_site).as_posix()
        article = soup(built_site, page).select_one("article")
        if article is None:
            continue
        assert article.select("img, iframe, b, mark, del, ins, kbd, abbr, style, form") == []
        own = [
            script
            for script in article.select("script")
            if str(script.get("src")).endswith("assets/player.js")
        ]
        assert [script for script in article.select("script") if script not in own or script.get_text()] == []
        assert [link for link in article.select("a") if str(link.get("href")).startswith("javascript")] == []
        assert [tag for tag in article.select("*") if any(name.startswith("on") for name in tag.attrs)] == []


def test_scripts_of_a_page_are_the_theme_s_own(built_site: Path) -> None:
    plain = len(soup(built_site, "404.html").select("script"))

    for file in built_site.rglob("*.html"):
        page = file.relative_to(built_site).as_posix()
        assert len(soup(built_site, page).select("script")) <= plain + 1, page
        assert "<script>window.hurt" not in file.read_text(encoding="utf-8")


def test_nothing_is_loaded_from_elsewhere(built_site: Path) -> None:
    for file in built_site.rglob("*.html"):
        page = soup(built_site, file.relative_to(built_site).as_posix())
        loaded = [str(tag.get("src") or tag.get("href")) for tag in page.select("[src], link[href]")]
        assert [address for address in loaded if "//" in address] == []


def test_a_reference_shows_what_was_cited_and_why(built_site: Path, hostile: tuple[str, ...]) -> None:
    rows = content(built_site, "report.html").select("tbody tr")

    assert len(rows) == 3
    assert "verified" in rows[0].get_text()
    assert f"Found. {hostile[2]}" in rows[0].get_text()


def test_an_identifier_leads_to_its_declaration(built_site: Path) -> None:
    (page,) = (page for page in symbol_pages(built_site) if page.endswith("/Cupboard.html"))

    links = content(built_site, page).select(".source-go .ln a:not([data-n], .jump)")

    assert {(link.get_text(), link["href"]) for link in links} == {
        ("Cup", "Cup.html#Cup"),
        ("Cupboard", "#Cupboard"),
    }
