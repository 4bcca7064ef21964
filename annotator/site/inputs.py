"""Everything the pages are made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

import msgspec

from annotator.config import Licence
from annotator.errors import InvalidInput
from annotator.model.go import ExternalPackages, FileLockUsage, GoFile, ResolvedUse
from annotator.model.port import (
    Comparison,
    PackageImports,
    PythonObject,
    Recording,
    SymbolCoverage,
    TracedRun,
)
from annotator.model.reference import Article, PlacedNote, Verdict
from annotator.model.symbol_history import HistoryInput
from annotator.site.markup import Html
from annotator.site.project_texts import MarkdownText

HighlightSpans = tuple[tuple[int, int, str], ...]
"""Bytes `[start, end)` of a file that have one colour, in order and without overlap."""


class HighlightedFile(msgspec.Struct, frozen=True, dict=True, eq=False):
    """A file's coloured stretches, with what pages make of them again and again."""

    pieces: HighlightSpans

    @cached_property
    def ends(self) -> list[int]:
        """The byte offset at which each stretch ends."""
        return [piece[1] for piece in self.pieces]

    @cached_property
    def plain(self) -> dict[int, Html]:
        """Lines without links that pages have shown, by the offsets at which they begin."""
        return {}


class GoSourceFile(msgspec.Struct, frozen=True):
    """A Go file at the tag: its bytes, its declarations, its resolved identifiers and its colours.

    `standard` has the uses of the standard library; their paths are import paths.
    """

    data: bytes
    document: GoFile
    uses: tuple[ResolvedUse, ...] = ()
    highlighting: HighlightedFile | None = None
    standard: tuple[ResolvedUse, ...] = ()


class PythonFile(msgspec.Struct, frozen=True):
    """A Python file as pages show it.

    Attributes:
        data: Its bytes.
        uses: What its names are proven to mean; a use's `symbol` is a dotted name.
        doc: Its module's docstring.
        section_lines: The lines of `Go:` and `Differs:` sections, which the table below the code shows.
        highlighting: Its colours, if they are known already.
    """

    data: bytes
    uses: tuple[ResolvedUse, ...] = ()
    doc: str = ""
    section_lines: tuple[int, ...] = ()
    highlighting: HighlightedFile | None = None


class ExampleRun(msgspec.Struct, frozen=True):
    """A program that shows something.

    Attributes:
        name: What it is called by.
        path: Its file, from the project's root.
        title: The first sentence of its docstring.
        command: What a reader types to run it.
        output: What it printed when it was run.
        module: The module that runs it in a page, or empty.
        not_in_page: Why a page cannot run it, or empty.
    """

    name: str
    path: str
    title: str
    command: str
    output: str
    module: str = ""
    not_in_page: str = ""


class PythonInput(msgspec.Struct, frozen=True):
    """All that pages show of the Python packages.

    Attributes:
        modules: The files by path from the project's root.
        objects: Everything defined in them, by dotted name.
        pairs: Each counterpart beside its originals.
        covered: Every symbol in scope.
        examples: The examples with their output.
        walk: What ran when the project's walk was traced, if it has one.
        recordings: The recordings for the player.
        home: Address below which the files are on the web, or empty.
    """

    modules: Mapping[str, PythonFile] = {}
    objects: Mapping[str, PythonObject] = {}
    pairs: tuple[Comparison, ...] = ()
    covered: tuple[SymbolCoverage, ...] = ()
    examples: tuple[ExampleRun, ...] = ()
    walk: TracedRun | None = None
    recordings: tuple[Recording, ...] = ()
    home: str = ""

    def named(self, path: str) -> str:
        """Return the dotted name of a file's module."""
        return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


class VerifiedArticle(msgspec.Struct, frozen=True):
    """An article with the verdicts on its references at the tag."""

    article: Article
    verdicts: tuple[Verdict, ...]


class MovedFile(msgspec.Struct, frozen=True):
    """A Python file that has moved, the files that have its content now, and the line that says so."""

    old: str
    new: tuple[str, ...]
    line: int


FIGURES = "figures.json"
"""The figures in a site's folder; the benchmarks write them."""

_RATIO = re.compile(r"([0-9]+(?:\.[0-9]+)?)×")
_MORE, _LESS = "≥", "≤"


class BenchmarkRow(msgspec.Struct, frozen=True):
    """One figure.

    Attributes:
        what: What was measured.
        figure: Ours, with its unit.
        peer: The peer's, empty without one.
        ratio: Ours divided by the peer's, as in `1.20×`; empty where nothing is to be divided.
        goal: What was to be reached; it begins with ≥ or ≤ where one is better than the other.
    """

    what: str
    figure: str
    peer: str = ""
    ratio: str = ""
    goal: str = ""

    @property
    def ahead(self) -> str:
        """`ours` or `peer`, the better one of the two; empty if they cannot be compared."""
        ratio = _RATIO.fullmatch(self.ratio)
        if ratio is None or not self.goal.startswith((_MORE, _LESS)) or float(ratio[1]) == 1:
            return ""
        return "ours" if (float(ratio[1]) > 1) == self.goal.startswith(_MORE) else "peer"


class Machine(msgspec.Struct, frozen=True):
    """Where and when figures were measured; `load` is the number of busy processes when it began."""

    date: str = ""
    cores: int = 0
    python: str = ""
    system: str = ""
    load: float = 0.0


class BenchmarkTable(msgspec.Struct, frozen=True):
    """The figures of one benchmark."""

    about: str
    machine: Machine = Machine()
    rows: tuple[BenchmarkRow, ...] = ()


def read_figures(name: str, data: bytes) -> Mapping[str, BenchmarkTable]:
    """Return the tables of a file by the names of the benchmarks.

    Raises:
        InvalidInput: The file is not what the benchmarks write.
    """
    try:
        return msgspec.json.decode(data, type=dict[str, BenchmarkTable])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{name}: these are no figures: {error}; run the benchmarks again") from error


class SiteInput(msgspec.Struct, frozen=True):
    """Everything that the pages are made of.

    Attributes:
        repository: The annotated repository's web address, for permalinks.
        tag: The tag, ref or commit that is shown.
        commit: Its 40 hex digits, or None where the source has no commits.
        version: The tag, or the distribution's version.
        baseline: The tag at which articles and our own texts were written.
        sources: The Go files by path: those of every package that is to have pages.
        articles: The articles with their verdicts.
        texts: Our own texts.
        licence: The annotated repository's licence.
        notice: One sentence that every page shows, or empty.
        python: What is shown of the Python packages.
        since_baseline: What became of the mapped symbols since the baseline; empty at the baseline.
        elsewhere: The same at the tags of the other versions, which stand beside this one.
        history: The histories of symbols over many tags.
        packages: The Python packages whose structure is drawn.
        locking: What the Go files say of locks, where a text asks for that.
        figures: What was measured, by the names of the benchmarks.
        redirects: Python files that have moved.
        external: Where packages outside the repository are documented.
        notes: The notes of our texts, and where their lines are at the tag.
        runs: Whether pages can run the project's examples.
        language: The code of the language of the pages.
        languages: The codes of all languages in which the site is made.
    """

    repository: str
    tag: str
    commit: str | None
    version: str
    baseline: str
    sources: Mapping[str, GoSourceFile]
    articles: tuple[VerifiedArticle, ...] = ()
    texts: tuple[MarkdownText, ...] = ()
    licence: Licence = Licence()
    notice: str = ""
    python: PythonInput = PythonInput()
    since_baseline: tuple[Verdict, ...] = ()
    elsewhere: Mapping[str, tuple[Verdict, ...]] = {}
    history: HistoryInput = HistoryInput()
    packages: tuple[PackageImports, ...] = ()
    locking: Mapping[str, FileLockUsage] = {}
    figures: Mapping[str, BenchmarkTable] = {}
    redirects: tuple[MovedFile, ...] = ()
    external: ExternalPackages = ExternalPackages()
    notes: tuple[PlacedNote, ...] = ()
    runs: bool = False
    language: str = "en"
    languages: tuple[str, ...] = ("en",)

    def without_prose(self) -> SiteInput:
        """Return the same without the words of our texts; the symbols that they name stay."""
        return msgspec.structs.replace(
            self,
            texts=tuple(text.without_prose() for text in self.texts),
            notes=tuple(
                msgspec.structs.replace(placed, note=msgspec.structs.replace(placed.note, line=0, words=""))
                for placed in self.notes
            ),
        )
