"""Our own texts: their heads, and the symbols they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator.errors import InvalidInput
from annotator.site import project_texts
from annotator.site.markup import Html

TEXT = """+++
number = "2.1"
title = "A title"
summary = "A sentence."
+++

First `a/b.go::T.M`, then `plain`,
then `a/c.go::F`.
"""


def test_a_text_has_a_head_and_a_body() -> None:
    text = project_texts.parse("2.1", TEXT)

    assert (text.name, text.number, text.title, text.summary) == ("2.1", "2.1", "A title", "A sentence.")
    assert text.body.startswith("First")


def test_a_text_names_symbols_at_lines_of_its_file() -> None:
    found = project_texts.mentions(project_texts.parse("2.1", TEXT))

    assert [(one.path, one.symbol) for one in found] == [("a/b.go", "T.M"), ("a/c.go", "F")]
    assert [TEXT.splitlines()[one.line - 1].count(one.path) for one in found] == [1, 1]


def test_a_symbol_with_a_place_is_linked_and_one_without_is_only_code() -> None:
    def show(path: str, symbol: str) -> Html | None:
        return Html('<a href="%s">%s</a>') % (path, symbol) if symbol == "F" else None

    linked = project_texts.linked(project_texts.parse("2.1", TEXT), show)

    assert "<code>T&#46;M</code>" in linked
    assert '<a href="a&#47;c&#46;go">F</a>' in linked
    assert "`plain`" in linked


@pytest.mark.parametrize("text", ["", "# Title", '+++\ntitle = "never closed"\n'])
def test_a_text_without_a_head_is_refused_with_its_name(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^home\.md:1: "):
        project_texts.parse("home", text)


@pytest.mark.parametrize("head", ["title = 3", 'titel = "x"', "not toml", 'number = "1"'])
def test_a_head_that_does_not_fit_is_refused_with_the_reason(head: str) -> None:
    with pytest.raises(InvalidInput, match=r"^home\.md:2: .+"):
        project_texts.parse("home", f"+++\n{head}\n+++\n")


@pytest.mark.parametrize(
    ("name", "translated"),
    [
        ("2.1.md", False),
        ("home.md", False),
        ("2.1.zh.md", True),
        ("home.zh_TW.md", True),
        ("go.zh.md", False),
    ],
)
def test_a_file_with_a_language_is_a_translation(tmp_path: Path, name: str, translated: bool) -> None:
    for original in ("2.1.md", "home.md"):
        (tmp_path / original).touch()

    assert project_texts.is_translation(tmp_path / name) is translated
