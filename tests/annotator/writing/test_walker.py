"""A walk over built pages finds what leads nowhere, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator.writing.walker import Broken, walk

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
