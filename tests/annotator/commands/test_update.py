"""Updating documents: whatever is written is verified, and updating back restores the bytes."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_repository import KILN, SHIFTED, build

from annotator.articles.article_files import read_article
from annotator.commands.update import Update, updates
from annotator.config import Config, Project
from annotator.model.reference import Verified
from annotator.project_source import Session, SourceOptions, open_session
from annotator.tracking.verification import verify_references

URL = "https://github.com/acme/kiln/blob"

# Lines of v1.0.0 that every version has, with the symbol that they lie in.
PLACES = {4: "Fire", 5: "Fire", 9: "Fire", 13: "Cool", 14: "Cool", 19: "Shelf", 20: "Shelf", 25: "Shelf.Put"}
FORMS = (
    "see {path}:{line} there",
    "`{path}:{line}-{end}`",
    "{path}#L{line}",
    "{path}#L{line}-L{end}",
    "{path}#L{line}-L{line}",
    "({path}::{symbol}#L{start})",
    "{path}::{symbol}",
    "line {line} of {path}",
    "{path}, lines {line}-{end}.",
    "{url}/v1.0.0/{path}#L{line}",
    "<{url}/v1.0.0/{path}#L{line}-L{end}>",
    "[here]({url}/{commit}/{path}#L{line})",
    "{url}/{short}/{path}#L{line}-L{line}",
    "{url}/v1.0.0/{path}",
    "kiln.go:{line},29",
    "<code>{path}</code> line <i>{line}</i>",
    "In {path}, at line {line}, it begins.",
    "[kiln.go:{line}]({url}/v1.0.0/{path}#L{line})",
    "@repo/{path}#L{line}",
    "a/{path}:{line}",
    "C:\\src\\kiln\\{path}:{line}",
    "<<< @/{path}{{{line}-{end}}}",
    '--8<-- "{path}:{line}:{end}"',
    '<script src="https://emgithub.com/?target=https%3A%2F%2F{repository}%2Fblob%2Fv1.0.0%2F{path}%23L{line}"></script>',
)


@pytest.fixture(scope="module")
def commits(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The commits of a repository whose files move down at v1.1.0, and into a folder at v2.0.0."""
    folder = tmp_path_factory.mktemp("kiln")
    versions = {
        "v1.0.0": {"kiln.go": KILN, "cmd/a.go": "package main\n", "old.go": "package kiln\n\nvar old = 1\n"},
        "v1.1.0": {"kiln.go": SHIFTED, "cmd/a.go": "package main\n"},
        "v2.0.0": {"oven/kiln.go": SHIFTED, "cmd/a.go": "package main\n"},
    }
    return {"": str(folder), **build(folder, versions)}


@pytest.fixture(scope="module")
def sessions(
    commits: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[tuple[str, str], Session]]:
    """Sessions by the baseline of their project and the requested tag."""
    root = tmp_path_factory.mktemp("project")
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ANNOTATOR_CACHE", str(tmp_path_factory.mktemp("cache")))
        opened = {}
        for pair in (("v1.0.0", "v1.1.0"), ("v1.1.0", "v1.0.0"), ("v1.0.0", "v2.0.0"), ("v2.0.0", "v1.0.0")):
            project = Project(root, Config(repository="https://github.com/acme/kiln", baseline=pair[0]))
            options = SourceOptions(source=commits[""], tag=pair[1])
            opened[pair] = stack.enter_context(
                open_session(project, options, lambda *_: None, lambda _: None)
            )
        yield opened


def updated(at: Session, file: Path) -> Update:
    (update,) = updates(at, [file])
    assert isinstance(update, Update)
    file.write_bytes(update.data)
    return update


ENCODINGS = [(b"", "utf-8"), (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_BE, "utf-16-be")]


@st.composite
def documents(draw: st.DrawFn) -> Callable[[Mapping[str, str]], bytes]:
    """Give what makes a document of v1.0.0 from the repository's commits."""
    forms = st.tuples(st.sampled_from(FORMS), st.sampled_from(sorted(PLACES)))
    chosen = draw(st.lists(forms, min_size=1, max_size=6))
    newline = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    mark, encoding = draw(st.sampled_from(ENCODINGS))
    prose = draw(st.text(alphabet="aä\u770b ", max_size=8))
    starts = {symbol: line for line, symbol in reversed(PLACES.items())}

    def document(commits: Mapping[str, str]) -> bytes:
        names = {
            "path": "kiln.go",
            "url": URL,
            "repository": "github.com%2Facme%2Fkiln",
            "commit": commits["v1.0.0"],
            "short": commits["v1.0.0"][:12],
        }
        words = [
            form.format(line=line, end=line + 1, symbol=PLACES[line], start=starts[PLACES[line]], **names)
            for form, line in chosen
        ]
        return mark + (newline * 2).join([prose, *words, ""]).encode(encoding)

    return document


@pytest.mark.parametrize("tag", ["v1.1.0", "v2.0.0"])
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(document=documents())
def test_updating_is_verified_and_back_restores_the_bytes(sessions, commits, tmp_path, tag, document):
    file, data = tmp_path / "article.md", document(commits)
    file.write_bytes(data)

    assert updated(sessions["v1.0.0", tag], file).remaining == ()

    there = sessions[tag, "v1.0.0"].at_tag(tag)
    again = read_article(there.project, file, file.read_bytes(), there.own_names).references
    outcomes = [verdict.outcome for verdict in verify_references(there, again)]
    assert all(isinstance(outcome, Verified) for outcome in outcomes), outcomes
    assert updated(sessions[tag, "v1.0.0"], file).remaining == ()
    assert file.read_bytes() == data


def test_an_explicit_symbol_wins_over_its_line(sessions, tmp_path):
    file = tmp_path / "article.md"
    file.write_text("`kiln.go::Fire#L14` and `kiln.go::Cool#L13-L16`\n")

    updated(sessions["v1.0.0", "v1.1.0"], file)

    assert file.read_text() == "`kiln.go::Fire#L8` and `kiln.go::Cool#L17-L20`\n"


@pytest.mark.parametrize(
    ("head", "others", "lines"),
    [
        ("---\ntag: 'v1.0.0' # ours\n---\n", "", (17, 8)),
        ('+++\r\nwritten_at = "v1.0.0"\r\n+++\r\n', "", (17, 8)),
        ("---\ntag: v1.0.0\n---\n", "kiln.go:29\n", (17, 8)),
        ("---\ntag: v1.0.0\n---\n", "old.go:3\n", (13, 8)),
        ("---\ntag: v1.0.0\n---\n", "gone.go:3\n", (17, 8)),
        ("---\ntag: v1.0.0\n---\n", f"{URL}/v1.0.0/gone.go#L3\n", (17, 8)),
    ],
)
def test_front_matter_and_all_that_relies_on_it_change_together(sessions, tmp_path, head, others, lines):
    def text(tag: str, cool: int, fire: int) -> str:
        url = f"{URL}/{'v1.1.0' if fire == 8 else 'v1.0.0'}/kiln.go#L{fire}"
        shown = others.replace(":29", ":33") if cool == 17 else others
        return f"{head.replace('v1.0.0', tag)}kiln.go:{cool}\n{url}\n{shown}"

    file = tmp_path / "article.md"
    file.write_bytes(text("v1.0.0", 13, 4).encode())

    update = updated(sessions["v1.0.0", "v1.1.0"], file)

    assert file.read_bytes().decode() == text("v1.1.0" if lines[0] == 17 else "v1.0.0", *lines)
    assert not update.relies_on_baseline


def test_an_update_tells_where_the_tag_is_the_baseline(sessions, tmp_path):
    file = tmp_path / "article.md"
    file.write_text("kiln.go:13\n")

    assert updated(sessions["v1.0.0", "v1.1.0"], file).relies_on_baseline


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.rst", ".. literalinclude:: {path}\n   :language: go\n   :lines: {line}-{end}\n\nprose\n"),
        ("a.md", "| File | Line |\n|---|---|\n| {path} | {line} |\n| {path} | {end} |\n"),
        (
            "a.html",
            '<p><a href="{url}/v1.0.0/{path}#L{line}">{path}:{line}</a> <code>{path}:{end}</code></p>',
        ),
        (
            "a.ipynb",
            '{{"nbformat": 4, "cells": [{{"cell_type": "markdown", "source": ["a\\n", "{path}:{line}"]}}]}}',
        ),
        ("a.txt", "see {path}:{line}\n"),
        ("d.md", "| File | Lines |\n|---|---|\n| {path} | {line}, {end} |\n"),
        ("b.md", '```go title="{path}" linenums="{line}"\nfunc Cool(hours int) int {{\n```\n'),
        ("c.md", "```{line}:{end}:{path}\nfunc Cool(hours int) int {{\n```\n"),
        (
            "a.tour",
            (
                '{{"ref": "v1.0.0", "steps": [\n {{"line": {line},\n "file": "{path}"}},\n'
                ' {{"file": "{path}", "selection": {{\n"start": {{"line": {line}, "character": 1}},\n'
                ' "end": {{"character": 14, "line": {end}}}}}, "description": "See {path}:{end}."}}]}}'
            ),
        ),
    ],
)
def test_other_formats_are_rewritten_and_restored(sessions, tmp_path, name, form):
    def text(shift: int) -> str:
        words = form.format(path="kiln.go", url=URL, line=13 + shift, end=14 + shift)
        return words.replace("v1.0.0", "v1.1.0") if shift else words

    file = tmp_path / name
    file.write_text(text(0))

    assert updated(sessions["v1.0.0", "v1.1.0"], file).remaining == ()
    assert file.read_text() == text(4)
    assert updated(sessions["v1.1.0", "v1.0.0"], file).remaining == ()
    assert file.read_text() == text(0)


@pytest.mark.parametrize(("lost", "lines"), [("gone.go", (8, 17)), ("old.go", (4, 13))])
def test_a_tour_changes_with_its_tag_or_not_at_all(sessions, tmp_path, lost, lines):
    def text(tag: str, fire: int, cool: int) -> str:
        steps = f'{{"file": "kiln.go", "line": {fire}}}, {{"file": "kiln.go",\n "line": {cool}}}'
        pattern = '{"file": "kiln.go", "pattern": "^func Gone"}'
        return f'{{"ref": "{tag}", "steps": [{steps},\n {pattern}, {{"file": "{lost}", "line": 1}}]}}'

    file = tmp_path / "a.tour"
    file.write_text(text("v1.0.0", 4, 13))

    updated(sessions["v1.0.0", "v1.1.0"], file)

    assert file.read_text() == text("v1.1.0" if lines == (8, 17) else "v1.0.0", *lines)


def test_references_in_the_output_of_a_program_stay(sessions, tmp_path):
    file = tmp_path / "article.md"
    trace = "panic: boom\n\ngoroutine 1 [running]:\nmain.main()\n\t/src/kiln.go:13 +0x20\n"
    text = f"```\n{trace}```\n\nkiln.go:{{}}\n"
    file.write_text(text.format(13))

    updated(sessions["v1.0.0", "v1.1.0"], file)

    assert file.read_text() == text.format(17)


# Each leaves gone.go behind at v1.1.0, so that only a part is rewritten.
ENTRY = "[[chapters.references]]\n"
CHAPTER = 'title="k"\ntag="v1.0.0"\n[[chapters]]\nnumber="1"\ntitle="x"\n'
INLINE = """title="k"
chapters = [{number="1",title="x",references=[{path="kiln.go",line=13},
  {path="gone.go",line=1}]}]"""
MANIFESTS = (
    INLINE,
    "\ufeff" + INLINE.replace("\n", "\r\n"),
    f"{CHAPTER}{ENTRY}  path='gone.go'\n  line=1 # p\n# -\n{ENTRY}\tpath='kiln.go'\n\tline=13",
    f"{CHAPTER}{ENTRY}line=13 # p\npath='kiln.go'\n\n{ENTRY}line=1\npath='gone.go'\n",
)


@pytest.mark.parametrize("text", MANIFESTS)
def test_manifests_of_any_form_are_rewritten_and_restored(sessions, tmp_path, text):
    file, data = tmp_path / "article.toml", text.encode()
    file.write_bytes(data)

    updated(sessions["v1.0.0", "v1.1.0"], file)

    after = file.read_bytes()
    assert after.count(b'ref = "v1.1.0"') == after.count(b"17") == 1
    assert b"gone.go" in after
    updated(sessions["v1.0.0", "v1.1.0"].at_tag("v1.0.0"), file)
    assert file.read_bytes() == data
