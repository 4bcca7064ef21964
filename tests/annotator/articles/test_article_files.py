"""Files that article arguments name: folders, patterns, lists, and names with spaces."""

from __future__ import annotations

from pathlib import Path

import pytest

from annotator.articles.article_files import documents, expand, is_excluded
from annotator.config import Config, Project
from annotator.errors import InvalidInput

FILES = (
    "docs/a.md", "docs/b c.md", "docs/in/deep/c.rst", "docs/in/d.md", "docs/picture.png", "docs/[x].md",
    "docs/.hidden/e.md", "my docs/f.md", "it's.md", "ä/ö.adoc",
)  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names(*arguments: str) -> list[str]:
    return [str(path) for path in expand(map(Path, arguments))]


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("docs/*.md", ["docs/[x].md", "docs/a.md", "docs/b c.md"]),
        ("docs/**/*.md", ["docs/[x].md", "docs/a.md", "docs/b c.md", "docs/in/d.md"]),
        ("docs/**", ["docs/[x].md", "docs/a.md", "docs/b c.md", "docs/in/d.md", "docs/in/deep/c.rst"]),
        ("docs/**.md", ["docs/[x].md", "docs/a.md", "docs/b c.md"]),
        ("**/c.rst", ["docs/in/deep/c.rst"]),
        ("docs/*", ["docs/[x].md", "docs/a.md", "docs/b c.md"]),
        ("docs/*.png", ["docs/picture.png"]),
        ("docs/[ab]*.md", ["docs/a.md", "docs/b c.md"]),
        ("docs/[x].md", ["docs/[x].md"]),
        ("docs/.hidden/*.md", ["docs/.hidden/e.md"]),
        ("my docs/*", ["my docs/f.md"]),
        ("docs/in", ["docs/in/d.md", "docs/in/deep/c.rst"]),
        ("./docs/in/", ["docs/in/d.md", "docs/in/deep/c.rst"]),
        ("ä", ["ä/ö.adoc"]),
        ("docs/picture.png", ["docs/picture.png"]),
        ("nothing.md", ["nothing.md"]),
    ],
)
def test_an_argument_names_files(argument, found):
    assert names(argument) == found


def test_an_absolute_pattern_is_expanded(folder):
    assert names(f"{folder}/docs/in/*.md") == [f"{folder}/docs/in/d.md"]


def test_a_file_that_is_named_twice_comes_once():
    assert names("docs/a.md", "docs/a*.md", "docs/a.md") == ["docs/a.md"]


@pytest.mark.parametrize("line", ["nothing/*.md", "docs/*.rst", "empty"])
def test_a_pattern_or_folder_without_files_is_an_error(folder, line):
    (folder / "empty").mkdir()

    with pytest.raises(InvalidInput, match="no file"):
        names(line)
    assert expand([Path(line)], allow_none=True) == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("docs/a.md\ndocs/in/d.md\n", ["docs/a.md", "docs/in/d.md"]),
        ("docs/a.md docs/in/d.md", ["docs/a.md", "docs/in/d.md"]),
        ("  docs/b c.md  \r\n\n# a comment\nit's.md", ["docs/b c.md", "it's.md"]),
        ("docs/a.md 'docs/b c.md' \"my docs/f.md\"", ["docs/a.md", "docs/b c.md", "my docs/f.md"]),
        ("my docs/*.md", ["my docs/f.md"]),
        ("docs/in/*.md my*/*.md", ["docs/in/d.md", "my docs/f.md"]),
        ("docs/in\n", ["docs/in/d.md", "docs/in/deep/c.rst"]),
        ("it's gone", ["it's", "gone"]),
    ],
)
def test_a_list_has_names_patterns_and_folders(folder, text, found):
    (folder / "list").write_bytes(text.encode())

    assert names("@list") == found


def test_a_list_of_no_text_is_an_error(folder):
    (folder / "list").write_bytes(b"a\0b")

    with pytest.raises(InvalidInput, match="not a list of files"):
        names("@list")


def test_a_link_to_a_folder_above_ends(folder):
    (folder / "docs" / "in" / "loop").symlink_to("..")

    assert names("docs/**/d.md") == ["docs/in/d.md"]


# ── documents of the settings ─────────────────────────────────────────────────────────────────────
def settings(root: Path, **given: tuple[str, ...]) -> Project:
    return Project(root, Config(repository="https://e.org/us/r", baseline="v1", **given))


def test_settings_name_documents_and_exclude_some(folder, monkeypatch):
    monkeypatch.chdir("/")
    project = settings(folder, articles=("docs/**/*.md", "ä/"), exclude=("docs/in", "**/b c.md"))

    found = [file.relative_to(folder).as_posix() for file in documents(project)]

    assert found == ["docs/[x].md", "docs/a.md", "ä/ö.adoc"]


def test_pattern_of_settings_without_a_file_is_an_error(folder):
    with pytest.raises(InvalidInput, match=r"name .dcs/\*.md. in `articles`, and no file is like that"):
        documents(settings(folder, articles=("dcs/*.md",)))


def test_link_out_of_the_project_is_no_document(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "z.md"
    outside.write_text("")
    (folder / "docs" / "z.md").symlink_to(outside)

    assert [file.name for file in documents(settings(folder, articles=("docs/*.md",)))] == [
        "[x].md",
        "a.md",
        "b c.md",
    ]


@pytest.mark.parametrize(
    ("pattern", "name", "excluded"),
    [
        ("docs/blog", "docs/blog/a.md", True),
        ("docs/blog", "docs/blogs/a.md", False),
        ("docs/**", "docs/in/a.md", True),
        ("**/old/**/*.md", "old/a.md", True),
        ("**/old/**/*.md", "a/old/b/c/a.md", True),
        ("*.md", "docs/a.md", False),
        ("**/**/a.md", "a.md", True),
        ("**/a" * 300, "a/" * 100 + "b", False),
    ],
)
def test_exclusion_matches_folders_and_patterns(folder, pattern, name, excluded):
    assert is_excluded(settings(folder, exclude=(pattern,)), folder / name) is excluded
