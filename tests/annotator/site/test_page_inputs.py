"""A page is made again exactly when something changes that it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from annotator.cache import Cache
from annotator.model.port import (
    ComparisonRow,
    ModuleImports,
    PackageImports,
    RecordedCall,
    RecordedEvent,
    Recording,
)
from annotator.model.reference import LineNote, NoteState, PlacedLine, PlacedNote
from annotator.site import project_texts, rendering
from annotator.site.inputs import PythonInput, SiteInput
from annotator.site.pages import code_recipes, plan_site, text_recipes
from annotator.site.project_texts import Term
from annotator.site.site_index import SiteIndex
from annotator.site.view_models import SitePage

LABELS = '''"""What is written on jars."""


def label(word: str) -> str:
    """Return the label of a jar."""
    return word.title()
'''
JARS = '''"""Jars."""

from larder.labels import label


class Jar:
    """A jar.

    Go:
        pantry/shelf/jar.go::Jar
    Differs:
        field size: no caller needs it.
    """

    def __init__(self, word: str) -> None:
        self.label = label(word)
'''
SHELVES = '''"""Shelves."""

from larder.jars import Jar


class Shelf:
    """Holds jars.

    Go:
        pantry/shelf/shelf.go::Shelf
    """

    def put(self, jar: Jar) -> None:
        """Place a jar.

        Go:
            pantry/shelf/shelf.go::Shelf.Put
        """
        print(too_large(jar))


def too_large(jar: Jar) -> bool:
    """Say that a jar is too large.

    Go:
        pantry/shelf/shelf.go::tooLarge
    """
    return bool(jar)
'''
LIDS = '''"""Lids, which nothing uses."""


class Lid:
    """A lid."""

    def close(self) -> None:
        """Close the lid.

        Go:
            pantry/shelf/shelf.go::unrelated
        """
'''
TEXTS = {"jars.py": JARS, "labels.py": LABELS, "lids.py": LIDS, "shelves.py": SHELVES}

LABELS_PAGE, JARS_PAGE = "py/larder/labels.md", "py/larder/jars.md"
LIDS_PAGE, SHELVES_PAGE = "py/larder/lids.md", "py/larder/shelves.md"
PACKAGE, JAR, SHELF = "go/pantry/shelf/index.md", "go/pantry/shelf/Jar.md", "go/pantry/shelf/Shelf.md"

PUT, SHELVES_CHAPTER = "chapters/1.10.md", "chapters/1.2.md"
CHAPTER = """+++
number = "1.10"
title = "Put"
+++

Put a jar[^put] with a label.[^label]

[^put]: `pantry/shelf/shelf.go::Shelf.Put` "s.jars[", `larder/shelves.py::Shelf.put` "print(": It prints.
[^label]: `larder/labels.py::label` "return word": It is a title.
"""
OTHER = """+++
number = "1.2"
title = "Shelf"
+++

It holds `pantry/shelf/jar.go::Jar`; two are special.[^unrelated][^smallest]

[^unrelated]: `pantry/shelf/shelf.go::unrelated` "func": It does nothing.
[^smallest]: `pantry/shelf/shelf.go::smallest` "const": It is one.
"""

Read = Callable[[Mapping[str, str]], PythonInput]
Site = Callable[[Mapping[str, str]], SiteInput]
Made = Mapping[str, tuple[bytes, SitePage]]


@pytest.fixture
def site(given: SiteInput, read_mirror: Read) -> Callable[[Mapping[str, str]], SiteInput]:
    """Return the input of a site from changed Python files; a chapter has a note on a line that is played."""

    def read(changed: Mapping[str, str]) -> SiteInput:
        python = read_mirror({**TEXTS, **changed})
        texts = (project_texts.parse("1.10", CHAPTER), project_texts.parse("1.2", OTHER))
        notes = tuple(placed(given, python, note) for text in texts for note in text.notes)
        run = Recording(
            "first",
            "First",
            calls=(RecordedCall(-1, "MainThread", "larder.shelves.Shelf.put"),),
            start={},
            events=(RecordedEvent(0, notes[0].lines[1].line),),
        )
        python = msgspec.structs.replace(python, recordings=(run,))
        return msgspec.structs.replace(given, python=python, texts=texts, notes=notes)

    return read


def placed(given: SiteInput, python: PythonInput, note: LineNote) -> PlacedNote:
    """Place a note on the first line that has its quote."""
    lines = []
    for place in note.places:
        file = given.sources[place.path] if place.is_go else python.modules[place.path]
        found = enumerate(file.data.decode().split("\n"), 1)
        number = next((number for number, text in found if place.quote in text), 0)
        lines.append(PlacedLine(place, NoteState.SAME, place.path, place.symbol, number))
    return PlacedNote(note, tuple(lines))


def pages_of(given: SiteInput) -> Made:
    """Make every page that has an input of its own, with that input."""
    recipes = (*text_recipes(SiteIndex(given)), *code_recipes(SiteIndex(given.without_prose())))
    return {
        page.path: (recipe.made_from(), page)
        for recipe in recipes
        if recipe.made_from
        for page in recipe.make()
    }


def changed(before: Made, after: Made) -> set[str]:
    """Return the pages that are made again; no other page may differ."""
    assert {path for path in before.keys() & after.keys() if before[path][1] != after[path][1]} <= {
        path for path in before.keys() & after.keys() if before[path][0] != after[path][0]
    }
    return {path for path in after if path not in before or before[path][0] != after[path][0]}


def longer(text: str) -> str:
    """Add a line to a module's docstring, so that all lines below it move."""
    return text.replace('."""\n', '.\n\nOne line more.\n"""\n', 1)


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        ("lids.py", {LIDS_PAGE, PACKAGE, SHELVES_CHAPTER}),
        ("labels.py", {LABELS_PAGE, JARS_PAGE, JAR, PUT, SHELVES_CHAPTER}),
        ("jars.py", {JARS_PAGE, SHELVES_PAGE, JAR, SHELF, PACKAGE, PUT, SHELVES_CHAPTER}),
        ("shelves.py", {SHELVES_PAGE, SHELF, PACKAGE, PUT, SHELVES_CHAPTER}),
    ],
)
def test_longer_docstring_changes_pages_that_show_or_use_its_file(
    site: Site, name: str, pages: set[str]
) -> None:
    before, after = site({}), site({name: longer(TEXTS[name])})

    assert changed(pages_of(before), pages_of(after)) == pages


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("shelves.py", "print(too_large(jar))", "print(jar)"),
        ("shelves.py", "pantry/shelf/shelf.go::tooLarge", "pantry/shelf/shelf.go::unrelated"),
        ("shelves.py", "def too_large", "def far_too_large"),
        ("jars.py", "no caller needs it", "another reason"),
        ("jars.py", "pantry/shelf/jar.go::Jar", "pantry/shelf/jar.go::Shelf.Count"),
        ("labels.py", "def label", "label = str\n\n\ndef other"),
        ("lids.py", "shelf.go::unrelated", "jar.go::Shelf.Count"),
        ("lids.py", "class Lid", "class Cover"),
    ],
)
def test_no_page_differs_whose_input_is_the_same(site: Site, name: str, old: str, new: str) -> None:
    before, after = site({}), site({name: TEXTS[name].replace(old, new)})

    assert changed(pages_of(before), pages_of(after))


def with_module(python: PythonInput, path: str, **changes: object) -> PythonInput:
    module = msgspec.structs.replace(python.modules[path], **changes)
    return msgspec.structs.replace(python, modules={**python.modules, path: module})


def with_object(python: PythonInput, name: str, **changes: object) -> PythonInput:
    known = msgspec.structs.replace(python.objects[name], **changes)
    return msgspec.structs.replace(python, objects={**python.objects, name: known})


def without_pair(python: PythonInput, name: str) -> PythonInput:
    pairs = tuple(pair for pair in python.pairs if pair.counterpart.name != name)
    return msgspec.structs.replace(python, pairs=pairs)


def without_rows(python: PythonInput) -> PythonInput:
    return msgspec.structs.replace(
        python, pairs=tuple(msgspec.structs.replace(pair, rows=()) for pair in python.pairs)
    )


def with_row(python: PythonInput, name: str, row: ComparisonRow) -> PythonInput:
    pairs = (
        msgspec.structs.replace(pair, rows=(*pair.rows, row)) if pair.counterpart.name == name else pair
        for pair in python.pairs
    )
    return msgspec.structs.replace(python, pairs=tuple(pairs))


def with_example(python: PythonInput, **changes: object) -> PythonInput:
    (example,) = python.examples
    return msgspec.structs.replace(python, examples=(msgspec.structs.replace(example, **changes),))


@pytest.mark.parametrize(
    "change",
    [
        lambda python: with_module(python, "larder/jars.py", data=JARS.upper().encode()),
        lambda python: with_module(python, "larder/jars.py", section_lines=(1,)),
        lambda python: with_module(python, "larder/shelves.py", uses=()),
        lambda python: with_object(python, "larder.labels.label", line=2),
        lambda python: with_object(python, "larder.labels.label", path="larder/lids.py"),
        lambda python: with_object(python, "larder.labels.label", path="elsewhere.py"),
        lambda python: with_object(python, "larder.lids.Lid", line=1),
        lambda python: with_object(python, "larder.lids.Lid", kind="module"),
        lambda python: with_object(python, "larder.shelves.Shelf", end_line=9),
        lambda python: without_pair(python, "larder.jars.Jar"),
        lambda python: without_pair(python, "larder.shelves.too_large"),
        lambda python: without_pair(python, "larder.lids.Lid.close"),
        without_rows,
        lambda python: with_example(python, name="other"),
        lambda python: with_example(python, title="Something else."),
        lambda python: with_example(python, path="larder/labels.py"),
        lambda python: msgspec.structs.replace(python, home="https://example.org/larder"),
        lambda python: msgspec.structs.replace(python, covered=()),
    ],
)
def test_no_page_differs_when_one_part_of_its_input_does(
    site: Site, change: Callable[[PythonInput], PythonInput]
) -> None:
    before = site({})
    # A row that names the counterpart of a call that its own file does not make.
    call = ComparisonRow("call", "unrelated", python="pantry/shelf/shelf.go::unrelated")
    python = with_row(before.python, "larder.shelves.Shelf.put", call)
    made, again = (pages_of(msgspec.structs.replace(before, python=one)) for one in (python, change(python)))

    assert changed(made, again)


def with_text(given: SiteInput, place: int, **changes: object) -> SiteInput:
    texts = list(given.texts)
    texts[place] = msgspec.structs.replace(texts[place], **changes)
    return msgspec.structs.replace(given, texts=tuple(texts))


def with_note(given: SiteInput, **changes: object) -> SiteInput:
    placed, *others = given.notes
    note = msgspec.structs.replace(placed.note, **changes)
    return msgspec.structs.replace(given, notes=(msgspec.structs.replace(placed, note=note), *others))


def with_line(given: SiteInput, place: int, **changes: object) -> SiteInput:
    placed, *others = given.notes
    lines = list(placed.lines)
    lines[place] = msgspec.structs.replace(lines[place], **changes)
    placed = msgspec.structs.replace(placed, lines=tuple(lines))
    return msgspec.structs.replace(given, notes=(placed, *others))


def without_recordings(given: SiteInput) -> SiteInput:
    return msgspec.structs.replace(given, python=msgspec.structs.replace(given.python, recordings=()))


@pytest.mark.parametrize(
    ("change", "pages"),
    [
        (lambda given: with_text(given, 0, body="Other words.[^put]"), {PUT}),
        (lambda given: with_text(given, 0, language="zh"), None),
        (lambda given: with_note(given, words="Other words."), {PUT}),
        (lambda given: with_line(given, 0, line=18), {PUT}),
        (lambda given: with_line(given, 0, state=NoteState.CHANGED, was="jars"), {PUT}),
        (lambda given: with_line(given, 1, line=20), {PUT}),
        (lambda given: with_text(given, 1, body="Other words."), None),
        (lambda given: with_text(given, 1, title="Other words"), None),
        (lambda given: with_text(given, 1, body="`pantry/shelf/shelf.go::unrelated`"), None),
        (lambda given: with_text(given, 1, terms=(Term("jar", "It holds jam."),)), None),
        (lambda given: msgspec.structs.replace(given, notes=()), None),
        (lambda given: msgspec.structs.replace(given, tag="v2"), None),
        (without_recordings, {PUT}),
    ],
)
def test_changed_words_change_the_chapters_that_show_them(
    site: Site, change: Callable[[SiteInput], SiteInput], pages: set[str] | None
) -> None:
    before = site({})
    found = changed(pages_of(before), pages_of(change(before)))

    assert found == pages if pages else found


def test_page_does_not_depend_on_a_package_that_another_text_shows(site: Site) -> None:
    before = site({})
    module = ModuleImports("larder.jars", "larder/jars.py", "Jars.", ())
    after = msgspec.structs.replace(before, packages=(PackageImports("larder", (module,)),))

    assert changed(pages_of(before), pages_of(after)) == set()


def test_cached_pages_are_those_of_a_build_without_cache(site: Site, tmp_path: Path) -> None:
    before, after = site({}), site({"labels.py": longer(LABELS)})
    with Cache(tmp_path / "cache") as cache:
        rendering.files(plan_site(before), cache)
        again = rendering.files(plan_site(after), cache)

    assert again == rendering.files(plan_site(after))
