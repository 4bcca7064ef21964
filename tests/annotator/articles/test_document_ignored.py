"""References beside a mark are not checked, in every format, and are counted."""

import pytest
from read_article import read

# `@1` stands for `kiln.go:1`, MARK for `annotator: ignore`.
CASES = {
    "a.md": "@1\n<!-- MARK -->\n@2\n\n@3 <!-- MARK: it is old -->\n",
    "b.md": "@1\n\n[//]: # (MARK)\n\n@2\nand\n{# MARK #} @3\n",
    "c.md": "@1\n<!--annotator:ignore-start-->\n@2\n\n@3\n<!--annotator:ignore-end-->\n",
    "d.mdx": "@1\n{/* MARK */}\n@2\n{/* MARK-next-line */}\n@3\n",
    "e.rst": "``@1``\n\n.. MARK\n\n@2\n\n.. MARK-start\n\n@3\n",
    "f.adoc": "@1\n// MARK\n@2\n// MARK\n@3\n",
    "g.org": "@1\n# MARK\n@2\n# MARK\n@3\n",
    "h.html": "<p>@1</p>\n<!-- MARK -->\n<p>see\n@2</p><p>@3 <!-- MARK --></p>",
    "i.go": "package i // @1\n\n// MARK\n// @2\nvar a int // MARK\n/* MARK-start */\n\n// @3\n",
    "j.py": "# @1\na = 1  # MARK\nb = 2\n\n# MARK\n# @2\n# @3  # MARK\n",
    "k.tex": "@1\n% MARK\n@2\n% MARK-start\n@3\n% MARK-end\n",
    "l.ipynb": '{"cells": [{"cell_type": "markdown", "source": ["@1\\n", "<!-- MARK -->\\n", "@2"]},'
    ' {"cell_type": "code", "source": ["# MARK\\n", "# @3\\n"]}]}',
    "m.txt": "@1\n# MARK\n@2\n// MARK\n@3\n",
}


@pytest.mark.parametrize("name", CASES)
def test_marked_references_are_ignored(name):
    text = CASES[name].replace("@", "kiln.go:").replace("MARK", "annotator: ignore")
    article = read(name, text.encode(), repository="https://example.org/us/kiln")
    assert [reference.line for reference in article.references] == [1]
    assert [reference.line for reference in article.ignored] == [2, 3]


@pytest.mark.parametrize(
    "text",
    [
        "```\n<!-- annotator: ignore-start -->\n```\nkiln.go:1\n",
        "Write `<!-- annotator: ignore-start -->`, and see kiln.go:1\n",
        "annotator: ignore\nkiln.go:1\n",
        "<!-- annotator: ignored -->\nkiln.go:1\n",
        "<!-- annotator: ignore-end -->\nkiln.go:1\n",
        "kiln.go:1\n<!-- annotator: ignore -->\n",
    ],
)
def test_words_about_marks_ignore_nothing(text):
    article = read("a.md", text.encode(), repository="https://example.org/us/kiln")
    assert [reference.line for reference in article.references] == [1]
    assert not article.ignored


def test_unread_text_beside_a_mark_is_ignored():
    text = b"kiln.go => Fire\nkiln.go => Fire <!-- annotator: ignore -->\n"
    assert len(read("a.md", text, repository="https://example.org/us/kiln").unread) == 1
