"""A small Go repository of our own, read by hand into what the pages are made of."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from annotator.config import Licence
from annotator.model import (
    Anchor,
    Article,
    Chapter,
    Declaration,
    Document,
    Missing,
    Reference,
    Sign,
    Text,
    Use,
    Verdict,
    Verified,
)
from annotator.reading import golang
from annotator.writing.pages import Cited, SiteInput
from annotator.writing.places import Source

SHELF = b"""package shelf

import "sync"

// Shelf holds jars
// by their label.
type Shelf struct {
\tmu   sync.Mutex
\tjars map[string]*Jar
}

const smallest, largest = 1, 9

// Put places a jar.
func (s *Shelf) Put(jar *Jar) error {
\tif jar.size > largest {
\t\treturn tooLarge(jar)
\t}
\ts.jars[jar.label] = jar
\treturn nil
}

func tooLarge(jar *Jar) error { return nil }

func unrelated() {}
"""

JAR = b"""package shelf

// Jar is a jar.
type Jar struct {
\tlabel string
\tsize  int
}

// Count counts what the shelf holds.
func (s *Shelf) Count() int {
\treturn len(s.jars)
}
"""


def _declarations(source: Source) -> dict[str, Declaration]:
    found = source.document.declarations
    return {one.symbol: one for outer in found for one in (outer, *outer.members)}


def _uses(data: bytes, document: Document, names: dict[str, tuple[str, str]]) -> tuple[Use, ...]:
    """Every occurrence of a name outside comments that is not its declaration."""
    declared = {(one.line, one.column) for one in document.declarations}
    found = []
    for number, line in enumerate(data.decode().split("\n"), 1):
        start = sum(len(before) + 1 for before in data.decode().split("\n")[: number - 1])
        for match in re.finditer(r"\w+", line.partition("//")[0]):
            column = match.start() + 1
            if match[0] in names and (number, column) not in declared:
                spot = (start + match.start(), start + match.end(), number, column)
                found.append(Use(*spot, call=False, path=names[match[0]][0], symbol=names[match[0]][1]))
    return tuple(found)


@pytest.fixture
def sources() -> dict[str, Source]:
    """Two files of one package: a type whose methods stand in both, and what they use."""
    names = {
        "Jar": ("pantry/shelf/jar.go", "Jar"),
        "Shelf": ("pantry/shelf/shelf.go", "Shelf"),
        "tooLarge": ("pantry/shelf/shelf.go", "tooLarge"),
        "largest": ("pantry/shelf/shelf.go", "largest"),
    }
    files = {"pantry/shelf/shelf.go": SHELF, "pantry/shelf/jar.go": JAR}
    documents = {path: golang.read(data) for path, data in files.items()}
    return {
        path: Source(data, documents[path], _uses(data, documents[path], names))
        for path, data in files.items()
    }


@pytest.fixture
def anchor(sources: dict[str, Source]) -> Callable[[str, str], Anchor]:
    """The place of a symbol in the small repository."""

    def find(path: str, symbol: str) -> Anchor:
        found = _declarations(sources[path])[symbol]
        return Anchor(path, symbol, found.kind, found.line, found.span.end_line)

    return find


@pytest.fixture
def given(sources: dict[str, Source], anchor: Callable[[str, str], Anchor]) -> SiteInput:
    """An article that cites the type, a method under a wrong heading, and something that is not there."""
    shelf = Reference("pantry/shelf/shelf.go", "Shelf", 7, heading="struct", chapter="1.2")
    put = Reference("pantry/shelf/shelf.go", "Shelf.Put", 15, heading="struct", chapter="1.10")
    lost = Reference("pantry/gone.go", "Gone", 3, chapter="1.10")
    return SiteInput(
        repository="https://example.org/pantry.git",
        tag="v1",
        commit="a" * 40,
        version="v1",
        baseline="v1",
        source="a local repository",
        sources=sources,
        licence=Licence("Some Licence", "The pantry's keepers", "LICENSE"),
        cited=(
            Cited(
                Article(
                    "pantry.toml",
                    "On pantries",
                    chapters=(Chapter("1.10", "Put", (put, lost)), Chapter("1.2", "Shelf", (shelf,))),
                ),
                (
                    Verdict(
                        put,
                        Verified(anchor("pantry/shelf/shelf.go", "Shelf.Put"), Sign.SYMBOL, "There."),
                        Text.SAME,
                    ),
                    Verdict(lost, Missing("No such file.")),
                    Verdict(
                        shelf,
                        Verified(anchor("pantry/shelf/shelf.go", "Shelf"), Sign.SYMBOL, "There."),
                        Text.SAME,
                    ),
                ),
            ),
        ),
    )
