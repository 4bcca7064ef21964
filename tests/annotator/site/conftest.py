"""A small Go repository of our own, read by hand into what the pages are made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from annotator.config import Licence
from annotator.golang import declarations
from annotator.model import port
from annotator.model.go import Declaration, GoFile, ResolvedUse
from annotator.model.port import GoSymbol, Parameter
from annotator.model.reference import (
    Anchor,
    Article,
    Chapter,
    FoundBy,
    Missing,
    Reference,
    TextState,
    Verdict,
    Verified,
)
from annotator.model.source import blob_id
from annotator.parity import comparison
from annotator.python_source.docstrings import read_docstrings, section_lines
from annotator.python_source.modules import read_packages
from annotator.python_source.objects import facts, load, uses_of
from annotator.site.inputs import (
    ExampleRun,
    GoSourceFile,
    PythonFile,
    PythonInput,
    SiteInput,
    VerifiedArticle,
)

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


def _declarations(source: GoSourceFile) -> dict[str, Declaration]:
    found = source.document.declarations
    return {one.symbol: one for outer in found for one in (outer, *outer.members)}


def _uses(data: bytes, document: GoFile, names: dict[str, tuple[str, str]]) -> tuple[ResolvedUse, ...]:
    """Every occurrence of a name outside comments that is not its declaration."""
    declared = {(one.line, one.column) for one in document.declarations}
    found = []
    for number, line in enumerate(data.decode().split("\n"), 1):
        start = sum(len(before) + 1 for before in data.decode().split("\n")[: number - 1])
        for match in re.finditer(r"\w+", line.partition("//")[0]):
            column = match.start() + 1
            if match[0] in names and (number, column) not in declared:
                spot = (start + match.start(), start + match.end(), number)
                is_call = line[match.end() :].startswith("(")
                found.append(
                    ResolvedUse(*spot, call=is_call, path=names[match[0]][0], symbol=names[match[0]][1])
                )
    return tuple(found)


@pytest.fixture
def sources() -> dict[str, GoSourceFile]:
    """Two files of one package: a type whose methods stand in both, and what they use."""
    names = {
        "Jar": ("pantry/shelf/jar.go", "Jar"),
        "Shelf": ("pantry/shelf/shelf.go", "Shelf"),
        "tooLarge": ("pantry/shelf/shelf.go", "tooLarge"),
        "largest": ("pantry/shelf/shelf.go", "largest"),
    }
    files = {"pantry/shelf/shelf.go": SHELF, "pantry/shelf/jar.go": JAR}
    documents = {path: declarations.read_go_file(data) for path, data in files.items()}
    return {
        path: GoSourceFile(data, documents[path], _uses(data, documents[path], names))
        for path, data in files.items()
    }


@pytest.fixture
def anchor(sources: dict[str, GoSourceFile]) -> Callable[[str, str], Anchor]:
    """The place of a symbol in the small repository."""

    def find(path: str, symbol: str) -> Anchor:
        found = _declarations(sources[path])[symbol]
        return Anchor(path, symbol, found.kind, found.line, found.span.end_line)

    return find


SHELVES = '''"""Shelves and what is on them."""


class TooLarge(Exception):
    """The jar does not fit."""


class Shelf:
    """Holds jars.

    Go:
        pantry/shelf/shelf.go::Shelf
    Differs:
        field mu: one thread.
        behaviour full: never.
    """

    def __init__(self) -> None:
        self.jars: dict[str, str] = {}

    def put(self, jar: str) -> None:
        """Place a jar.

        Go:
            pantry/shelf/shelf.go::Shelf.Put
        """
        if len(jar) > 9:
            raise too_large(jar)
        self.jars[jar] = jar


def too_large(jar: str) -> TooLarge:
    """Say that a jar is too large.

    Go:
        pantry/shelf/shelf.go::tooLarge
    """
    return TooLarge(jar)
'''


@pytest.fixture
def read_mirror(
    sources: dict[str, GoSourceFile], tmp_path: Path
) -> Callable[[Mapping[str, str]], PythonInput]:
    """Read Python files by their names, which mirror some of the small repository, by the real stages."""

    def read(texts: Mapping[str, str]) -> PythonInput:
        (tmp_path / "larder").mkdir(exist_ok=True)
        for name, text in texts.items():
            (tmp_path / "larder" / name).write_text(text, encoding="utf-8")
        files = read_packages(tmp_path, ["larder"])
        packages = load(files)
        objects = facts(packages)
        uses = uses_of(packages, objects)
        originals = {
            f"{path}::{one.symbol}": GoSymbol(
                path,
                one.symbol,
                one.kind,
                one.line,
                one.span.end_line,
                members=tuple(Parameter(member.name, member.type, member.line) for member in one.members),
                calls=("pantry/shelf/shelf.go::tooLarge",) if one.symbol == "Shelf.Put" else (),
                blob=blob_id(source.data),
            )
            for path, source in sources.items()
            for one in source.document.declarations
        }
        pairs = comparison.compare(read_docstrings(files).counterparts, originals, objects)
        return PythonInput(
            modules={
                file.path: PythonFile(file.data, uses[file.path], section_lines=section_lines(file))
                for file in files
            },
            objects=objects,
            pairs=pairs,
            covered=tuple(
                port.SymbolCoverage(
                    one, port.CoverageState.MAPPED if one.symbol == "Shelf" else port.CoverageState.OPEN
                )
                for one in originals.values()
            ),
            examples=(
                ExampleRun("put", "larder/shelves.py", "Put a jar.", "python -m larder put", "a jar\n"),
            ),
        )

    return read


@pytest.fixture
def mirror(read_mirror: Callable[[Mapping[str, str]], PythonInput]) -> PythonInput:
    """A Python file that mirrors some of the small repository."""
    return read_mirror({"shelves.py": SHELVES})


@pytest.fixture
def given(sources: dict[str, GoSourceFile], anchor: Callable[[str, str], Anchor]) -> SiteInput:
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
        sources=sources,
        licence=Licence("Some Licence", "The pantry's keepers", "LICENSE"),
        articles=(
            VerifiedArticle(
                Article(
                    "pantry.toml",
                    "On pantries",
                    chapters=(Chapter("1.10", "Put", (put, lost)), Chapter("1.2", "Shelf", (shelf,))),
                ),
                (
                    Verdict(
                        put,
                        Verified(anchor("pantry/shelf/shelf.go", "Shelf.Put"), FoundBy.SYMBOL, "There."),
                        TextState.SAME,
                    ),
                    Verdict(lost, Missing("No such file.")),
                    Verdict(
                        shelf,
                        Verified(anchor("pantry/shelf/shelf.go", "Shelf"), FoundBy.SYMBOL, "There."),
                        TextState.SAME,
                    ),
                ),
            ),
        ),
    )
