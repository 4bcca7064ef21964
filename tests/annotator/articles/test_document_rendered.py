"""Any reference that is rendered in any form among random prose is read back the same."""

# ruff: noqa: RUF001 - full-width punctuation is what Chinese articles are written with

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
import read_article
from hypothesis import given, settings
from hypothesis import strategies as st

from annotator.articles import document
from annotator.errors import InvalidInput
from annotator.model.reference import Reference

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Cited:
    """What a test renders and expects back."""

    path: str
    symbol: str
    line: int
    end_line: int
    ref: str
    repository: str

    @property
    def lines(self) -> str:
        return f"{self.line}-{self.end_line}"

    @property
    def marks(self) -> str:
        return f"L{self.line}-L{self.end_line}"


Form = Callable[[Cited], str]
PLAIN: tuple[Form, ...] = (
    lambda one: f"{one.path}:{one.lines}",
    lambda one: f"{one.path}：{one.lines}",
    lambda one: f"`{one.path}:{one.lines}`",
    lambda one: f"**{one.path}:{one.lines}**",
    lambda one: f"（{one.path}:{one.lines}）",
    lambda one: f"{one.path}:{one.marks}",
    lambda one: f"{one.path}:{one.line}:7-{one.end_line}:9",
    lambda one: f"{one.path}#{one.marks}",
    lambda one: f"{one.path}#L{one.line}#L{one.end_line}",
    lambda one: f"{one.path}#L{one.lines}",
    lambda one: f"{one.path}, lines {one.lines}",
    lambda one: f"({one.path}, lines {one.line} to {one.end_line})",
    lambda one: f"lines {one.lines} of {one.path}",
    lambda one: f"{one.path}第{one.lines}行",
    lambda one: f"{one.path} 文件的第 {one.line} 到 {one.end_line} 行",
    lambda one: f"components/engine//{one.path}:{one.lines}",
    lambda one: f"./{one.path}:{one.lines}",
    lambda one: f"moby/{one.path}:{one.lines}",
    lambda one: f"github.com/docker/docker/{one.path}:{one.lines}",
    lambda one: f"/go/src/github.com/docker/docker/{one.path}:{one.lines}",
    lambda one: one.path.replace("/", "／") + f"：{one.lines}",
    lambda one: one.path.replace("/", "/\u200b") + f":{one.lines}",
)
LINKED: tuple[Form, ...] = (
    lambda one: f"https://github.com/moby/moby/blob/{one.ref}/{one.path}#{one.marks}",
    lambda one: f"<https://github.com/docker/docker/tree/{one.ref}/{one.path}#{one.marks}>",
    lambda one: f"[{one.symbol}](https://github.com/moby/moby/blame/{one.ref}/{one.path}#{one.marks})",
    lambda one: (
        f"[{one.path}:{one.lines}](https://github.com/moby/moby/blob/{one.ref}/{one.path}#{one.marks})"
    ),
    lambda one: f"https://github.com/moby/moby/blob/{one.ref}/{one.path}?plain=1#{one.marks}",
    lambda one: f"https://raw.githubusercontent.com/moby/moby/{one.ref}/{one.path}#{one.marks}",
    lambda one: f"github.com/moby/moby/blob/{one.ref}//{one.path}#L{one.line}#L{one.end_line}",
    lambda one: (
        f"https://links.jianshu.com/go?to=https%3A%2F%2Fgithub.com%2Fmoby%2Fmoby%2Fblob%2F{one.ref}%2F"
        + one.path.replace("/", "%2F")
        + f"%23{one.marks}"
    ),
)
NAMED: tuple[Form, ...] = (
    lambda one: f"{one.path}::{one.symbol}#{one.marks}",
    lambda one: f"`{one.path}::{one.symbol}#{one.marks}`",
    lambda one: f"路径：{one.path}，函数名：{one.symbol}，行号：{one.lines}",
)
ROWS: tuple[Form, ...] = (
    lambda one: f"path function name line number\n{one.path} {one.symbol} {one.lines}\n",
    lambda one: f"路径\t函数名\t行号\n{one.path}\t{one.symbol}\t{one.lines}\n",
    lambda one: f"|文件|行号|函数|\n|-|-|-|\n| {one.path} | {one.lines} | `{one.symbol}()` |\n",
)
TABLE: tuple[Form, ...] = (
    lambda one: (
        "<table><tr><th>Path</th><th>Line</th><th>Function</th></tr>"
        f"<tr><td>{one.path}</td><td>\n{one.lines}</td><td><code>{one.symbol}</code></td></tr></table>"
    ),
)
FOREIGN: tuple[Form, ...] = (
    lambda one: f"https://github.com/{one.repository}/blob/{one.ref}/{one.path}#{one.marks}",
)

# A busy machine is no failure.
unhurried = settings(deadline=None)

NAMES = st.from_regex(r"[a-z][a-z0-9_]{1,8}", fullmatch=True).filter(
    lambda name: name not in {"moby", "docker", "engine", "vendor", "components"}
)
PATHS = st.lists(NAMES, min_size=2, max_size=4).map(lambda names: "/".join(names) + ".go")
SYMBOLS = st.from_regex(r"[A-Z][a-z]{2,8}(\.[A-Z][a-z]{2,8})?", fullmatch=True).filter(
    lambda name: name.lower() not in {"struct", "func", "none", "name", "method", "function", "interface"}
)
CITED = st.builds(
    lambda path, symbol, line, more, ref, owner: Cited(path, symbol, line, line + more, ref, f"{owner}/fork"),
    PATHS,
    SYMBOLS,
    st.integers(1, 99_999),
    st.integers(0, 999),
    st.from_regex(r"v[0-9]{1,2}\.[0-9]{1,2}\.[0-9](-rc[0-9])?|[0-9a-f]{40}|master", fullmatch=True),
    NAMES,
)
PROSE = st.text(
    alphabet="的在中见源码分析函数文件这里说明，。；：！？、（）“”《》 　abcdeXYZ,.;:!?'\"()*&<>=",
    max_size=30,
).map(lambda text: text.replace("://", ":"))


def read(text: str, name: str = "notes.txt") -> list[Reference]:
    found = read_article.read(
        name,
        text.encode(),
        repository="moby/moby",
        prefixes=("components/engine",),
        modules=("github.com/docker/docker", "github.com/moby/moby"),
        editions=("ce", "engine"),
    )
    return list(found.references)


def among(before: str, citation: str, after: str) -> str:
    """The citation in prose, apart from letters that would be part of a path or number."""
    apart = " " if re.search(r"[\w.*'\"&<=-]$", before, re.ASCII) else ""
    behind = " " if re.match(r"[\w.:?*'\"()&<>=-]", after, re.ASCII) else ""
    return f"{before}{apart}{citation}{behind}{after}"


def place(one: Reference) -> tuple[object, ...]:
    return one.path, one.symbol, one.line, one.end_line, one.ref, one.repository


@unhurried
@given(st.sampled_from(PLAIN), CITED, PROSE, PROSE)
def test_lines_are_read_back(form: Form, cited: Cited, before: str, after: str) -> None:
    (found,) = read(among(before, form(cited), after))
    assert place(found) == (cited.path, None, cited.line, cited.end_line, None, None)


@unhurried
@given(st.sampled_from(PLAIN + LINKED), CITED, PROSE, PROSE)
def test_lines_are_read_back_from_a_page(form: Form, cited: Cited, before: str, after: str) -> None:
    (found,) = read(f"<html><p>{html.escape(among(before, form(cited), after))}</p>")
    assert place(found)[:4] == (cited.path, None, cited.line, cited.end_line)


@unhurried
@given(st.sampled_from(LINKED), CITED, PROSE, PROSE)
def test_permalinks_are_read_back(form: Form, cited: Cited, before: str, after: str) -> None:
    (found,) = read(among(before, form(cited), after))
    assert place(found) == (cited.path, None, cited.line, cited.end_line, cited.ref, None)


@unhurried
@given(st.sampled_from(FOREIGN), CITED, PROSE, PROSE)
def test_permalinks_to_other_repositories_are_read_back(
    form: Form, cited: Cited, before: str, after: str
) -> None:
    (found,) = read(among(before, form(cited), after))
    assert place(found) == (cited.path, None, cited.line, cited.end_line, cited.ref, cited.repository)


@unhurried
@given(st.sampled_from(NAMED), CITED, PROSE, PROSE)
def test_symbols_are_read_back(form: Form, cited: Cited, before: str, after: str) -> None:
    (found,) = read(among(before, form(cited), after))
    assert place(found) == (cited.path, cited.symbol, cited.line, cited.end_line, None, None)


@unhurried
@given(st.sampled_from(ROWS), CITED, PROSE, PROSE)
def test_rows_are_read_back(form: Form, cited: Cited, before: str, after: str) -> None:
    (found,) = read(f"{before}\n\n{form(cited)}\n\n\n\n{after}")
    assert place(found) == (cited.path, cited.symbol, cited.line, cited.end_line, None, None)


@unhurried
@given(st.sampled_from(TABLE), CITED, PROSE, PROSE)
def test_rows_are_read_back_from_a_page(form: Form, cited: Cited, before: str, after: str) -> None:
    (found,) = read(f"<html><p>{html.escape(before)}</p>{form(cited)}<p>{html.escape(after)}</p>")
    assert place(found) == (cited.path, cited.symbol, cited.line, cited.end_line, None, None)


@unhurried
@given(CITED, PROSE, PROSE)
def test_a_reference_stands_where_it_says(cited: Cited, before: str, after: str) -> None:
    citation = f"{cited.path}:{cited.lines}"
    text = among(before, citation, after)
    (found,) = read(f"\n{text}")
    assert found.at_line == 2
    assert text[found.at_column - 1 : found.at_end - 1] == citation


FRAGMENTS = (
    "<html>",
    "<!--",
    "-->",
    "<![CDATA[",
    "<![x ",
    "<?",
    "<a href='",
    '<a href="/blob/x.go#L1">',
    "</a>",
    "<table><tr><td>",
    "<pre>",
    "<h2>",
    "<script>",
    "<title>",
    "&#",
    "&#x110000;",
    "&amp;",
    "\x1b[",
    "\x1b]",
    "\0",
    "\r",
    "\u2028",
    "|",
    "path func line",
    "a.go:1",
    "a/b.go",
    "#L1",
    "::",
    "第1行",
    "https://github.com/",
    "a/b/blob/",
    "%2F%2f%",
    "../",
    "```",
    "`",
    "](",
    "[",
    "\ud7ff",
    "\uffff",
)


@unhurried
@given(
    st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=30).map("".join),
    st.sampled_from(("x.md", "x.html", "x")),
)
def test_any_text_is_read(text: str, name: str) -> None:
    for one in read(text.replace("\0", "").encode(errors="replace").decode(), name):
        assert not one.path.startswith("/")
        assert ".." not in one.path.split("/")
        assert one.line is None or one.line > 0


@unhurried
@given(st.binary(max_size=300), st.sampled_from(("x.md", "x.html", "x")))
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    try:
        found = read_article.read(name, data, repository="moby/moby")
    except InvalidInput:
        return
    assert found.file == name


BOMBS = (
    "<!--",
    "<!-- a> ",
    "<![CDATA[",
    "<![x ",
    "<?",
    "<!d",
    "<a ",
    "<a b='",
    '<a b="',
    "</",
    "&",
    "&#",
    "<",
    "<script>",
    "<title>&",
    "(",
    "[",
    "[x](",
    "](",
    "a/",
    "a.go ",
    "a.go::a.",
    "a.go#L1-L",
    "line 1 of ",
    "a.go 第",
    "`a` in ",
    "../",
    "%25",
    "https://",
    "\x1b]",
    "\x1b[0",
    "\u200b",
    "|",
    "| a.go |",
    "path ",
    "1.",
    "-",
    "*",
    "\\*",
    "=\n",
    "# a\n",
    "\n",
    "a.go\n",
)


# What takes more than linear time does not end within these tests' patience.
@pytest.mark.parametrize("size", [20_000, 200_000])
@pytest.mark.parametrize("head", ["", "<html>"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_read_or_refused(bomb: str, head: str, size: int) -> None:
    try:
        found = read(head + bomb * (size // len(bomb)))
    except InvalidInput:
        return
    assert len(found) <= document.MOST


def test_a_line_of_ten_megabytes_is_read() -> None:
    (found,) = read("源码 daemon/ " * 700_000 + "daemon/daemon.go:12")
    assert (found.path, found.line) == ("daemon/daemon.go", 12)
