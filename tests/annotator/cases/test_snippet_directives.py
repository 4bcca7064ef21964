"""Directives that embed a part of a file, and listings that a path heads."""

from __future__ import annotations

import pytest

from annotator.articles import document, source_paths
from annotator.articles.own_names import OwnNames
from annotator.model.reference import Reference

PATHS = ("pkg/kiln.go", "main.go", "docs/a.rst", "web/app.ts")


def references(text: str, name: str = "article.md", folder: str = "") -> tuple[Reference, ...]:
    roots = source_paths.roots("acme/kiln", (), (), own=OwnNames(frozenset(PATHS)), folder=folder)
    return document.read(name, text.encode(), "acme/kiln", roots).references


def places(text: str, name: str = "article.md") -> list[tuple[str, int | None, int | None]]:
    return [(one.path, one.line, one.end_line) for one in references(text, name)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('--8<-- "pkg/kiln.go:13:16"', "a.md"),
        ("[!code-go[](pkg/kiln.go#L13-L16)]", "a.md"),
        ("[!code-go[Cool](pkg/kiln.go?range=13-16)]", "a.md"),
        ("<<< @/pkg/kiln.go{13-16}", "a.md"),
        ("<<< @/pkg/kiln.go{13-16 go}", "a.md"),
        ('{{< code "pkg/kiln.go" 13 16 >}}', "a.md"),
        ('{{% code-block file="pkg/kiln.go" lines="13-16" %}}', "a.md"),
        ("{{#include pkg/kiln.go:13:16}}", "a.md"),
        (':::code language="go" source="pkg/kiln.go" range="13-16":::', "a.md"),
        ('@import "pkg/kiln.go" {line_begin=13 line_end=16}', "a.md"),
        ("{!pkg/kiln.go!lines=13-16}", "a.md"),
        ('[import:13-16, lang:"go"](pkg/kiln.go)', "a.md"),
        ("{% include_code lang:go from:13 to:16 pkg/kiln.go %}", "a.md"),
        ("<!-- MARKDOWN-AUTO-DOCS:START (CODE:src=./pkg/kiln.go&lines=13-16) -->", "a.md"),
        (r"\lstinputlisting[firstline=13,lastline=16]{pkg/kiln.go}", "a.tex"),
        (r"\inputminted[firstline=13, lastline=16]{go}{pkg/kiln.go}", "a.tex"),
        (".. literalinclude:: pkg/kiln.go\n   :language: go\n   :lines: 13-16\n", "a.rst"),
        (".. literalinclude:: /pkg/kiln.go\n   :lines: 13-16\n   :emphasize-lines: 2\n", "a.rst"),
        (".. include:: pkg/kiln.go\n   :code: go\n   :start-line: 12\n   :end-line: 16\n", "a.rst"),
        ("```{literalinclude} pkg/kiln.go\n:lines: 13-16\n```", "a.md"),
        ("include::pkg/kiln.go[lines=13..16]", "a.adoc"),
        ('include::pkg/kiln.go[lines="13..16"]', "a.adoc"),
        ('#+INCLUDE: "pkg/kiln.go" src go :lines "13-17"', "a.org"),
        ('<Code file="pkg/kiln.go" lines="13-16" />', "a.mdx"),
        ("```go reference\nhttps://github.com/acme/kiln/blob/v1/pkg/kiln.go#L13-L16\n```", "a.md"),
        ("```go file=pkg/kiln.go#L13-L16\n```", "a.md"),
        ("```go file=./pkg/kiln.go lines=13-16\n```", "a.md"),
        ("```13:16:pkg/kiln.go\nfunc Cool\n```", "a.md"),
        ("```go\n// pkg/kiln.go#L13-L16\n```", "a.md"),
        ("Sources: [pkg/kiln.go:13-16]()", "a.md"),
        ("https://sourcegraph.com/github.com/acme/kiln@v1/-/blob/pkg/kiln.go?L13-16", "a.md"),
        ("https://sourcegraph.com/github.com/acme/kiln/-/blob/pkg/kiln.go?L13:2-16:1", "a.md"),
        ("https://bitbucket.org/acme/kiln/src/v1/pkg/kiln.go#lines-13:16", "a.md"),
        ("https://bitbucket.org/acme/kiln/src/v1/pkg/kiln.go#kiln.go-13:16", "a.md"),
        ("https://git.sr.ht/~acme/kiln/tree/v1/item/pkg/kiln.go#L13-16", "a.md"),
        ("idea://open?file=/home/me/kiln/pkg/kiln.go&line=13-16", "a.md"),
        ("https://gitlab.com/acme/kiln/-/blob/v1/pkg/kiln.go#L13-16", "a.md"),
        ("https://vscode.dev/github/acme/kiln/blob/v1/pkg/kiln.go#L13-L16", "a.md"),
        ("file:///home/me/kiln/pkg/kiln.go#L13-L16", "a.md"),
        (
            (
                '<script src="https://emgithub.com/embed-v2.js?target=https%3A%2F%2Fgithub.com%2Facme%2Fkiln'
                '%2Fblob%2Fv1.0.0%2Fpkg%2Fkiln.go%23L13-L16"></script>'
            ),
            "a.md",
        ),
    ],
)
def test_embedded_lines_are_a_reference(text: str, name: str) -> None:
    assert places(text, name) == [("pkg/kiln.go", 13, 16)]


def test_each_embedded_range_is_a_reference() -> None:
    text = '.. literalinclude:: pkg/kiln.go\n   :lines: 4-10\n\n--8<-- "pkg/kiln.go:13:16"\n'
    assert places(text, "a.rst") == [("pkg/kiln.go", 4, 10), ("pkg/kiln.go", 13, 16)]


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("[embedmd]:# (pkg/kiln.go go /func Cool/ /^}/)", "Cool"),
        (r"[embedmd]:# (pkg/kiln.go go /func \(s \*Shelf\) Put/ /^}/)", "Shelf.Put"),
        ("[embedmd]:# (pkg/kiln.go go /type Shelf struct/ /^}/)", "Shelf"),
        (".. literalinclude:: pkg/kiln.go\n   :pyobject: Cool\n", "Cool"),
        (".code pkg/kiln.go /^func Cool/,/^}/", "Cool"),
    ],
)
def test_embedded_symbol_is_a_reference(text: str, symbol: str) -> None:
    (found,) = references(text)
    assert (found.path, found.symbol, found.line) == ("pkg/kiln.go", symbol, None)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('```go title="pkg/kiln.go" linenums="13"\nfunc Cool\n```', 13),
        ("```go:pkg/kiln.go\nfunc Cool\n```", None),
        ('```go title="pkg/kiln.go"\nfunc Cool\n```', None),
        ("```go\n// pkg/kiln.go\nfunc Cool\n```", None),
        ("```go\n// File: pkg/kiln.go\nfunc Cool\n```", None),
        ("```go\n/* pkg/kiln.go */\nfunc Cool\n```", None),
    ],
)
def test_listing_that_a_path_heads_is_a_reference(text: str, line: int | None) -> None:
    assert places(text) == [("pkg/kiln.go", line, None)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("include::chapter2.adoc[]", "a.adoc"),
        (".. include:: docs/a.rst", "a.rst"),
        ("```go\npackage main // x.go\n```", "a.md"),
        ("```sh\ngo run ./pkg/kiln.go\n```", "a.md"),
        ('{{< figure src="a.png" width="13" >}}', "a.md"),
        ('<Code lang="go" lines="13-16" />', "a.mdx"),
    ],
)
def test_directive_that_shows_no_code_is_no_reference(text: str, name: str) -> None:
    assert places(text, name) == []
