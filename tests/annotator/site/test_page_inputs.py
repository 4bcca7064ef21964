"""A page of code is made again exactly when something changes that it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
import pytest

from annotator.cache import Cache
from annotator.model.port import ComparisonRow, ModuleImports, PackageImports
from annotator.site import rendering
from annotator.site.inputs import PythonInput, SiteInput
from annotator.site.pages import code_recipes, plan_site
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
        field size: nobody asks.
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

Read = Callable[[Mapping[str, str]], PythonInput]
Made = Mapping[str, tuple[bytes, SitePage]]


@pytest.fixture
def make(given: SiteInput, read_mirror: Read) -> Callable[[Mapping[str, str]], Made]:
    """Make every page that has an input of its own, with that input, from changed texts."""

    def made(changed: Mapping[str, str]) -> Made:
        python = read_mirror({**TEXTS, **changed})
        return pages_of(msgspec.structs.replace(given, python=python))

    return made


def pages_of(given: SiteInput) -> Made:
    recipes = code_recipes(SiteIndex(given.without_prose()))
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
        ("lids.py", {LIDS_PAGE, PACKAGE}),
        ("labels.py", {LABELS_PAGE, JARS_PAGE, JAR}),
        ("jars.py", {JARS_PAGE, SHELVES_PAGE, JAR, SHELF, PACKAGE}),
        ("shelves.py", {SHELVES_PAGE, SHELF, PACKAGE}),
    ],
)
def test_longer_docstring_changes_pages_that_show_or_use_its_file(
    make: Callable[[Mapping[str, str]], Made], name: str, pages: set[str]
) -> None:
    before, after = make({}), make({name: longer(TEXTS[name])})

    assert changed(before, after) == pages


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("shelves.py", "print(too_large(jar))", "print(jar)"),
        ("shelves.py", "pantry/shelf/shelf.go::tooLarge", "pantry/shelf/shelf.go::unrelated"),
        ("shelves.py", "def too_large", "def far_too_large"),
        ("jars.py", "nobody asks", "everybody knows"),
        ("jars.py", "pantry/shelf/jar.go::Jar", "pantry/shelf/jar.go::Shelf.Count"),
        ("labels.py", "def label", "label = str\n\n\ndef other"),
        ("lids.py", "shelf.go::unrelated", "jar.go::Shelf.Count"),
        ("lids.py", "class Lid", "class Cover"),
    ],
)
def test_no_page_differs_whose_input_is_the_same(
    make: Callable[[Mapping[str, str]], Made], name: str, old: str, new: str
) -> None:
    before, after = make({}), make({name: TEXTS[name].replace(old, new)})

    assert changed(before, after)


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
    given: SiteInput, read_mirror: Read, change: Callable[[PythonInput], PythonInput]
) -> None:
    # A row that names the counterpart of a call that its own file does not make.
    call = ComparisonRow("call", "unrelated", python="pantry/shelf/shelf.go::unrelated")
    python = with_row(read_mirror(TEXTS), "larder.shelves.Shelf.put", call)
    before, after = (pages_of(msgspec.structs.replace(given, python=one)) for one in (python, change(python)))

    assert changed(before, after)


def test_page_of_code_does_not_depend_on_a_package_that_a_text_shows(
    given: SiteInput, read_mirror: Read
) -> None:
    before = msgspec.structs.replace(given, python=read_mirror(TEXTS))
    module = ModuleImports("larder.jars", "larder/jars.py", "Jars.", ())
    after = msgspec.structs.replace(before, packages=(PackageImports("larder", (module,)),))

    assert changed(pages_of(before), pages_of(after)) == set()


def test_cached_pages_are_those_of_a_build_without_cache(
    given: SiteInput, read_mirror: Read, tmp_path: Path
) -> None:
    before, after = (
        msgspec.structs.replace(given, python=read_mirror(texts))
        for texts in (TEXTS, {**TEXTS, "labels.py": longer(LABELS)})
    )
    with Cache(tmp_path / "cache") as cache:
        rendering.files(plan_site(before), cache)
        again = rendering.files(plan_site(after), cache)

    assert again == rendering.files(plan_site(after))
