"""A walk over built pages finds what leads nowhere, and nothing else."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
import walker
from walker import Broken, checkout, snapshots, walk

from annotator.model.source import Snapshot

GOOD = """<h1 id="top">x</h1><a name="old"></a><a href="">here</a><a href="#top">up</a><a href="#old">old</a>
<a href="sub/b.html#l%C3%A4nge">b</a><a href="sub/">folder</a><img src="i.svg">
<a href="https://example.org:80/x#y">w</a>
<svg><a href="sub/b.html"><path marker-end="url(#tip)"/></a><marker id="tip"/></svg>
<a href="mailto:a@b.org">m</a>"""


@pytest.fixture
def html(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    (tmp_path / "i.svg").write_text("<svg/>")
    (tmp_path / "sub" / "index.html").write_text('<a href="../a.html">a</a>')
    (tmp_path / "sub" / "b.html").write_text('<p id="länge">x</p>', encoding="utf-8")
    (tmp_path / "a.html").write_text(GOOD)
    return tmp_path


def test_a_sound_site_has_nothing_broken(html: Path) -> None:
    assert walk(html) == ()


@pytest.mark.parametrize(
    ("markup", "link", "why"),
    [
        ('<a href="no.html">x</a>', "no.html", "no such page"),
        ('<a href="sub/b.html#no">x</a>', "sub/b.html#no", "no such place on the page"),
        ('<a href="#no">x</a>', "#no", "no such place on the page"),
        ('<a href="../a.html">x</a>', "../a.html", "leads out of the site"),
        ('<a href="/a.html">x</a>', "/a.html", "leads out of the site"),
        ('<a href="java&#115;cript:alert(1)">x</a>', "javascript:alert(1)", "not an address of the web"),
        ('<a href="https:///x">x</a>', "https:///x", "not an address of the web"),
        ('<a href="//host/x">x</a>', "//host/x", "not an address of the web"),
        ('<a href="http://[x">x</a>', "http://[x", "Invalid IPv6 URL"),
        ('<img src="no.png">', "no.png", "no such page"),
        ('<svg><a xlink:href="no.html"/></svg>', "no.html", "no such page"),
        ('<path marker-end="url(#no)"/>', "#no", "no such place on the page"),
        ('<p aria-labelledby="no">x</p>', "#no", "no such place on the page"),
        ('<p id="x"></p><p id="x"></p>', "#x", "2 elements have this id"),
    ],
)
def test_what_leads_nowhere_is_told(html: Path, markup: str, link: str, why: str) -> None:
    (html / "c.html").write_text(markup)

    assert walk(html) == (Broken("c.html", link, why),)


def test_the_error_page_may_link_from_the_root(html: Path) -> None:
    (html / "404.html").write_text('<a href="/a.html">a</a><a href="/no.html">no</a>')

    assert walk(html) == (Broken("404.html", "/no.html", "no such page"),)


HOME = "https://example.org/us/it/blob/"


def snapshot(files: dict[str, bytes]) -> Snapshot:
    """A repository at some ref."""
    return cast(
        "Snapshot", SimpleNamespace(files=files, read=lambda paths: {path: files[path] for path in paths})
    )


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("v1/a%20b.go", ""),
        ("v1/a%20b.go#L3", ""),
        ("v1/a%20b.go#L1-L3", ""),
        ("v2/a%20b.go", "no such file there"),
        ("v1/b.go#L1", "no such file there"),
        ("v1", "no such file there"),
        ("v1/a%20b.go#L4", "the file has 3 lines"),
        ("v1/a%20b.go#L2-L4", "the file has 3 lines"),
        ("v1/a%20b.go#L3-L2", "lines that end before they begin"),
        ("v1/a%20b.go#L0", "not the lines of a file"),
        ("v1/a%20b.go#main", "not the lines of a file"),
    ],
)
def test_a_permalink_leads_to_lines_that_its_commit_has(html: Path, link: str, why: str) -> None:
    (html / "c.html").write_text(f'<a href="{HOME}{link}">x</a>')
    trees = {"v1": snapshot({"a b.go": b"1\n2\n3"})}

    found = walk(html, [snapshots(HOME, trees.get)])

    assert [broken.why for broken in found] == ([why] if why else [])


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("v1/a.go#L1", ""),
        ("v1/b.go", "no such file there"),
        ("v1/a.go#L4", "the file has 3 lines"),
        ("v2/b.go#L9", ""),
        ("v2/b.go#L9-L8", "lines that end before they begin"),
    ],
)
def test_of_other_refs_than_the_one_at_hand_only_the_shape_is_checked(
    html: Path, link: str, why: str
) -> None:
    (html / "c.html").write_text(f'<a href="https://github.com/a/b/blob/{link}">x</a>')
    known = walker.snapshot("https://github.com/a/b/blob/v1/", snapshot({"a.go": b"1\n2\n3"}))

    found = walk(html, [known])

    assert [broken.why for broken in found] == ([why] if why else [])


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("a.py#L2", ""),
        ("a.py#L3", "the file has 2 lines"),
        ("b.py", "no such file there"),
        ("..%2Fa.html", "no such file there"),
    ],
)
def test_a_link_to_our_own_source_leads_to_lines_of_the_checkout(
    html: Path, tmp_path: Path, link: str, why: str
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "a.py").write_text("1\n2\n")
    (html / "c.html").write_text(f'<a href="{HOME}main/{link}">x</a>')

    found = walk(html, [checkout(f"{HOME}main/", folder)])

    assert [broken.why for broken in found] == ([why] if why else [])


def test_a_permalink_of_which_nothing_is_known_must_have_the_shape_of_one(html: Path) -> None:
    (html / "c.html").write_text(f'<a href="{HOME}v1/a.go#L5">x</a><a href="{HOME}v1/a.go#L5-7">x</a>')

    assert [(broken.link, broken.why) for broken in walk(html)] == [
        (f"{HOME}v1/a.go#L5-7", "not the lines of a file")
    ]
