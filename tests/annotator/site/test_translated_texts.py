"""Texts in other languages, and what changed in one language only."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator import config
from annotator.errors import InvalidInput
from annotator.site import project_texts, translated_texts
from tests.conftest import write

OWN = """+++
title = "The counter"
summary = "Where cups are sold."

[picture]
title = "The way of a cup"
way = [{at = "a.go::F", what = "is asked"}, {at = "b.go::G"}]
+++

The counter, `a.go::F`, sells[^one] cups. See [the shelf](2.md).

```
a fence

of one block
```

It never `sleeps`.

[^one]: `a.go::F` "return 1": One at a time.
"""

CHINESE = """+++
title = "柜台"
summary = "卖杯子的地方。"
[words]
"The way of a cup" = "杯子的路"
"is asked" = "被询问"
+++

柜台 `a.go::F` 卖[^one]杯子，见[货架](2.md)。

```
a fence

of one block
```

它从不 `sleeps`。

[^one]:
    一次一个。
"""


@pytest.fixture
def translated(project: Path) -> config.Project:
    """A project with a chapter and its translation, which is recorded."""
    write(project, {"site/chapters/2.md": OWN, "site/chapters/2.zh.md": CHINESE})
    found = config.find(project)
    assert translated_texts.accept(found, "zh") == 1
    return found


def change(project: config.Project, name: str, old: str, new: str) -> None:
    file = project.site / "chapters" / name
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


def messages(project: config.Project) -> list[str]:
    found = translated_texts.problems(project, "zh")
    return [f"{one.file.rpartition('/')[2]}:{one.line}: {one.message}" for one in found]


def test_translated_text_keeps_what_has_no_language(translated) -> None:
    (text,) = translated_texts.translated_texts(translated, "zh")
    (own,) = project_texts.own_texts(translated)

    assert (text.title, text.summary, text.language) == ("柜台", "卖杯子的地方。", "zh")
    assert text.body.startswith("柜台 `a.go::F` 卖[^one]杯子")
    assert text.picture is not None
    assert (text.picture.title, text.picture.way[0].what) == ("杯子的路", "被询问")
    assert text.picture.named == ("a.go::F", "b.go::G")
    assert [(note.words, note.places) for note in text.notes] == [("一次一个。", own.notes[0].places)]
    assert project_texts.mentions(text) == project_texts.mentions(own) or text.line != own.line


def test_text_without_a_translation_stays_english(translated) -> None:
    write(translated.root, {"site/pages/shelf.md": '+++\ntitle = "The shelf"\n+++\n\nIt holds.\n'})

    texts = {text.name: text for text in translated_texts.translated_texts(translated, "zh")}

    assert (texts["pages/shelf"].title, texts["pages/shelf"].language) == ("The shelf", "en")
    assert messages(translated) == ["shelf.md:1: there is no shelf.zh.md"]


def test_a_translation_is_no_text_of_its_own(translated) -> None:
    assert [text.name for text in project_texts.own_texts(translated)] == ["2"]


@pytest.mark.parametrize("name", ["docker.io.md", "setup.py.md", "2.1.md"])
def test_a_text_with_a_point_in_its_name_is_no_translation(project, name) -> None:
    write(project, {f"site/pages/{name}": OWN})

    assert not project_texts.is_translation(project / "site" / "pages" / name)
    assert [text.name for text in project_texts.own_texts(config.find(project))] == [f"pages/{name[:-3]}"]


def test_what_a_translation_leaves_out_stays_english(translated) -> None:
    (translated.site / "chapters" / "2.zh.md").write_text('+++\ntitle = "柜台"\n+++\n')

    (text,) = translated_texts.translated_texts(translated, "zh")

    assert (text.title, text.summary) == ("柜台", "Where cups are sold.")
    assert text.body.startswith("The counter")


def test_recorded_texts_have_no_problem(translated) -> None:
    assert messages(translated) == []


def test_other_line_breaks_are_no_change(translated) -> None:
    change(translated, "2.md", "sells[^one] cups.", "sells[^one]\ncups.")

    assert messages(translated) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("2.md", "It never", "It always", "2.md:18: paragraph 3 changed, and line 17 of 2.zh.md did not"),
        ("2.zh.md", "从不", "总是", "2.zh.md:17: paragraph 3 changed, and line 18 of 2.md did not"),
        ("2.md", "One at a", "Two at a", "2.md:20: note one changed, and line 19 of 2.zh.md did not"),
        ("2.md", "Where cups", "Where pots", "2.md:3: summary changed, and line 3 of 2.zh.md did not"),
    ],
)  # fmt: skip
def test_a_change_in_one_language_is_reported(translated, name, old, new, message) -> None:
    change(translated, name, old, new)

    assert messages(translated) == [message]
    assert translated_texts.accept(translated, "zh") == 1
    assert messages(translated) == []


def test_a_change_in_both_languages_is_a_translation(translated) -> None:
    change(translated, "2.md", "never", "always")
    change(translated, "2.zh.md", "从不", "总是")

    assert messages(translated) == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("`sleeps`", "睡觉", "2.zh.md:17: paragraph 3 lacks `sleeps`, which line 18 of 2.md has"),
        ("(2.md)", "(3.md)", "2.zh.md:9: paragraph 1 has 3.md, which line 10 of 2.md lacks"),
        ("\n它从不 `sleeps`。\n", "", "2.md:18: 2.zh.md has no paragraph 3"),
        ("它从不", "它\n\n从不", "2.zh.md:19: 2.md has no paragraph 4"),
        ("[^one]:\n    一次一个。\n", "", "2.md:20: 2.zh.md has no note one"),
        ('"is asked" = "被询问"\n', "", "2.md:5: 2.zh.md has no words is asked"),
    ],
)
def test_a_translation_that_differs_is_reported(translated, old, new, message) -> None:
    change(translated, "2.zh.md", old, new)
    translated_texts.accept(translated, "zh")

    assert message in messages(translated)


def test_a_pair_that_nobody_recorded_is_reported(translated) -> None:
    (translated.site / "chapters" / "2.zh.json").unlink()

    assert messages(translated)[0] == (
        "2.zh.md:2: title is not recorded as a translation; read both, then use --accept"
    )


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("2.zh.json", "[1]", r"2\.zh\.json: not a record of translations.*--accept"),
        ("2.zh.md", "no head", r"2\.zh\.md:1: begin with a head"),
        ("2.zh.md", '+++\ntitle = "a"\nterms = ["x"]\n+++\n', r"2\.zh\.md:3: "),
        ("2.zh.md", "+++\ntitle = 3\n+++\n", r"2\.zh\.md:2: "),
        ("2.zh.md", '+++\ntitle = "a"\nnumber = "2"\n+++\n', r"2\.zh\.md:3: .*unknown field `number`"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(translated, name, text, message) -> None:
    (translated.site / "chapters" / name).write_text(text)

    with pytest.raises(InvalidInput, match=message):
        _read(translated)


def _read(project: config.Project) -> None:
    translated_texts.translated_texts(project, "zh")
    list(translated_texts.problems(project, "zh"))


def test_a_chinese_term_is_linked_inside_a_sentence() -> None:
    term = project_texts.Term(name="卷", says="保存数据。", of="volume")
    linked = project_texts.link_terms("创建卷时", [project_texts.LinkedTerm(term, "glossary.html#volume")])

    shown = '<a class="term" href="glossary&#46;html&#35;volume" title="保存数据。">卷</a>'
    assert linked == f"创建{shown}时"
    assert term.anchor == "volume"
